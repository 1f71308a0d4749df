"""The book: nothing twice, nothing too small, a confidence that fits what came, and only what people may ask."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.advice.book import (
    MOST_ADVISORIES,
    NotPossible,
    act,
    calibrated,
    close,
    due,
    find,
    open_ones,
    take,
)
from agent.domain.advisory import (
    AdviceBook,
    Advisory,
    AdvisoryState,
    AdvisoryType,
    Outcome,
    Past,
    Support,
    Verb,
)
from agent.domain.commands import AnswerAdvice
from agent.domain.wire import from_json, to_json
from agent.explanation.words import to_dict

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def settled(book: AdviceBook, now: datetime, outcome_of: Callable[[Advisory], Outcome]) -> AdviceBook:
    """Everything that is due becomes done; what came true or not is learnt from."""
    for one in due(book, now):
        book = close(book, one.key, outcome_of(one))
    return book


def advisory(key: str = "hold_battery/2026-06-01", saving: float | None = 1.0, **changes: object) -> Advisory:
    one = Advisory(
        key, AdvisoryType.HOLD, "Hold", "It pays.", 0.8, 0.8, saving, 0.5, Support(3.0, 2.0, "money", 0.2),
        NOW, NOW + HOUR, NOW + 3 * HOUR, NOW + 3 * HOUR,
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


def test_the_same_proposal_again_is_not_issued_again() -> None:
    first = take(AdviceBook(), [advisory()], NOW, 0.1)
    assert [one.key for one in first.issued] == ["hold_battery/2026-06-01"]
    again = take(first.book, [advisory(saving=1.2, created=NOW + HOUR / 4)], NOW + HOUR / 4, 0.1)
    assert again.issued == ()
    assert again.book == first.book


def test_two_alike_in_one_breath_are_one() -> None:
    assert len(take(AdviceBook(), [advisory(), advisory()], NOW, 0.1).issued) == 1


@pytest.mark.parametrize(
    ("later", "after", "issued"),
    [
        (advisory(saving=1.4), HOUR / 4, False),
        (advisory(saving=2.0), HOUR / 4, True),
        (advisory(saving=0.3), HOUR / 4, True),
        (advisory(start=NOW + 2.5 * HOUR), HOUR / 4, True),
        (advisory(start=NOW + 1.5 * HOUR), HOUR / 4, False),
        (advisory(expires=NOW + 9 * HOUR), 4 * HOUR, False),  # the first is over, and not settled yet
    ],
)
def test_it_is_issued_again_when_it_is_another(later: Advisory, after: timedelta, issued: bool) -> None:
    book = take(AdviceBook(), [advisory()], NOW, 0.1).book
    assert bool(take(book, [later], NOW + after, 0.1).issued) is issued
    assert len(take(book, [later], NOW + after, 0.1).book.advisories) == 1


@pytest.mark.parametrize(
    ("saving", "worth_it", "issued"), [(0.49, 0.5, 0), (0.5, 0.5, 1), (None, 0.5, 1), (-1.0, 0, 0)]
)
def test_a_saving_below_what_is_worth_it_is_not_issued(saving: float | None, worth_it: float, issued: int) -> None:
    assert len(take(AdviceBook(), [advisory(saving=saving)], NOW, worth_it).issued) == issued


def test_what_was_dismissed_comes_back_only_when_it_saves_twice() -> None:
    book = take(AdviceBook(), [advisory()], NOW, 0.1).book
    book = act(book, AnswerAdvice(advisory().key, Verb.DISMISS), NOW)
    assert open_ones(book, NOW) == ()
    assert take(book, [advisory(saving=1.9)], NOW, 0.1).issued == ()
    assert take(book, [advisory(saving=2.1)], NOW, 0.1).issued[0].state is AdvisoryState.OPEN


@pytest.mark.parametrize("verb", [Verb.ACKNOWLEDGE, Verb.SCHEDULE])
def test_what_people_have_answered_is_left_alone(verb: Verb) -> None:
    book = act(take(AdviceBook(), [advisory()], NOW, 0.1).book, AnswerAdvice(advisory().key, verb), NOW)
    assert take(book, [advisory(saving=5.0)], NOW + HOUR / 4, 0.1).issued == ()


def test_acknowledge_dismiss_schedule() -> None:
    book = take(AdviceBook(), [advisory()], NOW, 0.1).book
    key = advisory().key
    assert find(act(book, AnswerAdvice(key, Verb.ACKNOWLEDGE), NOW), key).state is AdvisoryState.ACKNOWLEDGED
    scheduled = find(act(book, AnswerAdvice(key, Verb.SCHEDULE), NOW), key)
    assert (scheduled.state, scheduled.scheduled_for) == (AdvisoryState.SCHEDULED, NOW + HOUR)
    other = find(act(book, AnswerAdvice(key, Verb.SCHEDULE, NOW + 2 * HOUR), NOW), key)
    assert other.scheduled_for == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("answer", "at", "sentence"),
    [
        (AnswerAdvice("none", Verb.DISMISS), NOW, "there is no recommendation 'none'"),
        (AnswerAdvice(advisory().key, Verb.DISMISS), NOW + 3 * HOUR, "expired at 2026-06-01 15:00 UTC"),
        (AnswerAdvice(advisory().key, Verb.SCHEDULE, NOW - HOUR), NOW, "not in the past"),
        (AnswerAdvice(advisory().key, Verb.SCHEDULE, NOW + 4 * HOUR), NOW, "only before it expires"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(answer: AnswerAdvice, at: datetime, sentence: str) -> None:
    book = take(AdviceBook(), [advisory()], NOW, 0.1).book
    with pytest.raises(NotPossible, match=sentence):
        act(book, answer, at)


def outcome(came_true: bool | None) -> Outcome:
    return Outcome(NOW + 4 * HOUR, came_true, 0.5, "it was so")


@pytest.mark.parametrize(("came_true", "learnt"), [(True, 1), (False, 1), (None, 0)])
def test_an_outcome_is_recorded_and_learnt_from_once(came_true: bool | None, learnt: int) -> None:
    book = take(AdviceBook(), [advisory()], NOW, 0.1).book
    assert due(book, NOW + 2 * HOUR) == ()
    later = NOW + 4 * HOUR
    over = settled(book, later, lambda one: outcome(came_true))
    assert find(over, advisory().key).state is AdvisoryState.DONE
    assert find(over, advisory().key).outcome == outcome(came_true)
    assert len(over.past) == learnt
    assert settled(over, later, lambda one: outcome(came_true)) == over
    with pytest.raises(NotPossible, match="is done"):
        act(over, AnswerAdvice(advisory().key, Verb.DISMISS), NOW)


def test_after_it_is_settled_it_may_come_again_and_the_old_one_stays() -> None:
    book = take(AdviceBook(), [advisory()], NOW, 0.1).book
    later = NOW + 4 * HOUR
    over = settled(book, later, lambda one: outcome(True))
    again = advisory(created=later, start=later, end=later + HOUR, expires=later + HOUR)
    taken = take(over, [again], later, 0.1)
    assert len(taken.issued) == 1
    assert [one.key for one in taken.book.advisories] == [f"{again.key}/1200", again.key]
    assert taken.book.advisories[0].outcome == outcome(True)


def test_without_a_past_the_makers_confidence_stands() -> None:
    assert calibrated((), AdvisoryType.HOLD, 0.7) == pytest.approx(0.7)
    other = tuple(Past(AdvisoryType.CHARGE, 0.7, False) for _ in range(50))
    assert calibrated(other, AdvisoryType.HOLD, 0.7) == pytest.approx(0.7)


def lived(rule: float, seed: int, count: int) -> Sequence[Past]:
    """A maker who says ``chance`` where the truth is ``chance ** rule``."""
    dice = random.Random(seed)
    chances = [dice.uniform(0.3, 0.95) for _ in range(count)]
    return [Past(AdvisoryType.HOLD, chance, dice.random() < chance**rule) for chance in chances]


@pytest.mark.parametrize("rule", [3.0, 0.3])
def test_confidence_learns_from_what_came(rule: float) -> None:
    """Over- and underconfident makers: on outcomes not learnt from, the corrected confidence is the closer one."""
    raw = corrected = 0.0
    for seed in range(20):
        past = lived(rule, seed, 100)
        for unseen in lived(rule, seed + 1000, 100):
            truth = unseen.chance**rule
            raw += abs(unseen.chance - truth)
            corrected += abs(calibrated(past, AdvisoryType.HOLD, unseen.chance) - truth)
    assert corrected < 0.5 * raw
    assert corrected / 2000 < 0.1


def test_a_calibrated_maker_stays_calibrated() -> None:
    errors = [
        abs(calibrated(lived(1.0, seed, 100), AdvisoryType.HOLD, chance) - chance)
        for seed in range(20)
        for chance in (0.4, 0.6, 0.8)
    ]
    assert sum(errors) / len(errors) < 0.07


def test_the_book_crosses_the_wire() -> None:
    book = take(AdviceBook(), [advisory(), advisory("other", None, co2_saving_kg=None)], NOW, 0.1).book
    book = settled(book, NOW + 4 * HOUR, lambda one: outcome(True))
    assert from_json(AdviceBook, to_json(book)) == book


def test_the_book_does_not_grow_without_end() -> None:
    book = AdviceBook()
    for i in range(MOST_ADVISORIES + 30):
        book = take(book, [advisory(f"hold_battery/{i}")], NOW, 0.1).book
    assert len(book.advisories) == MOST_ADVISORIES
    assert book.advisories[-1].key == f"hold_battery/{MOST_ADVISORIES + 29}"


def test_the_words_for_the_platform() -> None:
    said = to_dict(advisory(outcome=outcome(True), scheduled_for=NOW + HOUR))
    assert said["type"] == "hold_battery"
    assert (said["start"], said["scheduled_for"]) == ("2026-06-01T13:00:00Z", "2026-06-01T13:00:00Z")
    assert said["support"] == {"forecast": 3.0, "optimum": 2.0, "accuracy": 0.2, "unit": "money"}
    assert said["outcome"] == {"at": "2026-06-01T16:00:00Z", "came_true": True, "saved": 0.5, "text": "it was so"}


def test_what_is_left_of_one_that_is_under_way_is_no_news() -> None:
    first = take(AdviceBook(), [advisory(saving=5.0)], NOW, 0.1).book
    later = NOW + 2 * HOUR
    rest = advisory(saving=1.0, start=later)
    assert take(first, [rest], later, 0.1).issued == ()


def test_an_outcome_is_taken_once() -> None:
    first = take(AdviceBook(), [advisory()], NOW, 0.1).book
    outcome = Outcome(NOW + 5 * HOUR, True, 1.0, "it came")
    done = close(first, "hold_battery/2026-06-01", outcome)
    assert find(done, "hold_battery/2026-06-01").outcome == outcome
    assert close(done, "hold_battery/2026-06-01", outcome) == done
    assert close(first, "nothing", outcome) == first
    assert done.past == (Past(AdvisoryType.HOLD, 0.8, True),)
