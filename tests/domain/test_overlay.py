"""Words upon words: the newest that says something counts, whatever the order in which they come."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import overlay
from agent.domain.horizon import Horizon
from agent.domain.overlay import LOOK_BACK, Overlay, Word
from agent.domain.tariff import Segment, mean_prices, price_at, segments

NOW = datetime(2026, 3, 17, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def word(issued_h: float, start_h: float, *values: float | None, step_s: int = 3600) -> Word:
    return Word(NOW + issued_h * HOUR, NOW + start_h * HOUR, step_s, values)


def laid(*words: Word) -> Overlay:
    found = Overlay()
    for one in words:
        found = found.laid(one)
    return found


def newest(words: list[Word], at: datetime) -> float | None:
    """The same, said the long way: of all words that say something at ``at`` the one issued last, that laid last."""
    said = [(one.issued_at, place, one.at(at)) for place, one in enumerate(words) if one.at(at) is not None]
    return max(said, key=lambda one: one[:2])[2] if said else None


words = st.lists(
    st.builds(
        lambda issued, start, step_s, values: word(issued, start / 4, *values, step_s=step_s),
        st.integers(0, 5),
        st.integers(-8, 24),
        st.sampled_from([900, 1800, 3600]),
        st.lists(st.none() | st.integers(0, 9).map(float), min_size=1, max_size=12),
    ),
    max_size=8,
)


@given(words)
def test_at_every_quarter_it_says_what_the_newest_word_says(said: list[Word]) -> None:
    found = laid(*said)
    for quarter in range(-12, 60):
        at = NOW + quarter * HOUR / 4
        assert found.at(at) == newest(said, at)


@given(words)
def test_what_is_said_again_changes_nothing(said: list[Word]) -> None:
    found = laid(*said)
    for one in {one.issued_at: one for one in said}.values():  # the last of each time of issue
        assert found.laid(one) == found


def test_the_order_in_which_words_come_does_not_matter() -> None:
    said = [word(0, 0, 1.0, 1.0, 1.0), word(1, 1, 2.0), word(2, 0.5, 3.0, None, 3.0, step_s=1800)]
    assert len({laid(*order) for order in permutations(said)}) == 1


def test_it_can_be_asked_for_prices_as_any_tariff_can() -> None:
    found = laid(word(0, 0, 1.0, 2.0), word(1, 0.5, 3.0, step_s=1800))
    assert price_at(found, NOW + HOUR * 0.75) == 3.0
    assert list(segments(found, NOW - HOUR, NOW + 3 * HOUR)) == [
        Segment(NOW - HOUR, NOW, None),
        Segment(NOW, NOW + HOUR / 2, 1.0),
        Segment(NOW + HOUR / 2, NOW + HOUR, 3.0),
        Segment(NOW + HOUR, NOW + 2 * HOUR, 2.0),
        Segment(NOW + 2 * HOUR, NOW + 3 * HOUR, None),
    ]
    assert mean_prices(found, Horizon(NOW, 3600, 3)) == (2.0, 2.0, None)


def test_a_platform_that_sends_two_days_every_quarter_fills_no_memory() -> None:
    found = Overlay()
    for quarter in range(4 * 24 * 10):
        found = found.laid(word(quarter / 4, quarter / 4, *[float(quarter)] * 48))
        assert len(found.words) <= overlay.MOST_WORDS
    assert sum(len(one.values) for one in found.words) <= overlay.MOST_VALUES
    end = NOW + 10 * 24 * HOUR
    assert found.at(end - LOOK_BACK - 2 * HOUR) is None, "what is long over has gone"


def test_what_is_over_stays_as_long_as_missing_prices_are_guessed_from_it() -> None:
    found = laid(word(0, 0, *[0.3] * 24), word(48, 48, *[0.4] * 24))
    assert found.at(NOW + HOUR) == 0.3
    assert laid(word(0, 0, *[0.3] * 24), word(100, 100, 0.4)).at(NOW + HOUR) is None


@pytest.mark.parametrize("latest_h", [0.5, 5.0])
def test_words_from_the_future_can_be_left_out(latest_h: float) -> None:
    found = laid(word(0, 0, 0.3, 0.3), word(1, 0, 0.9))
    assert found.issued_by(NOW + latest_h * HOUR).at(NOW) == (None if latest_h < 1 else 0.9)
    assert found.issued_by(NOW + latest_h * HOUR).at(NOW + HOUR) == 0.3
