"""The book of recommendations: none twice, none too small, each with a confidence corrected by earlier outcomes.

Without numpy, since the controller keeps it. Every function returns a new book.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent.domain.advisory import (
    AdviceBook,
    Advisory,
    AdvisoryState,
    AdvisoryType,
    Outcome,
    Past,
    Verb,
)
from agent.domain.commands import AnswerAdvice
from agent.domain.sentences import commands as say

MOST_ADVISORIES = 200
MOST_PAST = 400
# The maker's own confidence counts as much as this many outcomes; an outcome counts less the further its own
# confidence was away, and nothing from NEAR on (a beta-binomial posterior mean with a triangular kernel).
PRIOR_OUTCOMES = 4.0
NEAR = 0.35
OTHER_SAVING_SHARE = 0.5
SURE = 0.99


class NotPossible(ValueError):
    """A request that cannot be met; ``why`` in one sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Taken:
    """The new book, and which of its recommendations are new or changed so much that people should hear of them."""

    book: AdviceBook
    issued: tuple[Advisory, ...]


def take(book: AdviceBook, proposals: Sequence[Advisory], now: datetime, worth_it: float) -> Taken:
    """Take up ``proposals``. ``worth_it`` is the smallest saving in money that is worth a word.

    What is not about money is always worth a word. A recommendation with a known key is issued again only after the
    earlier one has expired and is settled, or, before it has begun, when its saving or its time is another; after a
    dismissal only when it saves twice. What is settled stays in the book, its key made longer by the minute it was
    created.
    """
    known = {one.key: one for one in book.advisories}
    issued: list[Advisory] = []
    for proposal in proposals:
        earlier = known.get(proposal.key)
        if proposal.expires <= now or (proposal.cost_saving is not None and proposal.cost_saving < worth_it):
            continue
        if earlier is not None and not _is_news(earlier, proposal, now, worth_it):
            continue
        fresh = replace(proposal, confidence=calibrated(book.past, proposal.kind, proposal.chance))
        if earlier is not None and earlier.expires > now and earlier.state is not AdvisoryState.DISMISSED:
            fresh = replace(fresh, created=earlier.created)
        known.pop(proposal.key, None)  # the newest stands last
        if earlier is not None and earlier.outcome is not None:
            done = f"{earlier.key}/{earlier.created:%H%M}"
            known[done] = replace(earlier, key=done)
        known[proposal.key] = fresh
        issued.append(fresh)
    return Taken(replace(book, advisories=_newest(tuple(known.values()))), tuple(issued))


def calibrated(past: Sequence[Past], kind: AdvisoryType, chance: float) -> float:
    """The share of recommendations like this one that come true, as far as is known."""
    trues, weights = PRIOR_OUTCOMES * chance, PRIOR_OUTCOMES
    for one in past:
        if one.kind is kind:
            weight = max(0.0, 1.0 - abs(one.chance - chance) / NEAR)
            trues, weights = trues + weight * one.came_true, weights + weight
    return min(max(trues / weights, 1.0 - SURE), SURE)


def act(book: AdviceBook, answer: AnswerAdvice, now: datetime) -> AdviceBook:
    """Do what a person asks. Raises NotPossible."""
    found = find(book, answer.key)
    if found.outcome is not None or found.state is AdvisoryState.DONE:
        raise NotPossible(say.advice_done(key=found.key))
    if found.expires <= now:
        raise NotPossible(say.advice_expired(key=found.key, expired_at=found.expires))
    match answer.verb:
        case Verb.ACKNOWLEDGE:
            changed = replace(found, state=AdvisoryState.ACKNOWLEDGED, scheduled_for=None)
        case Verb.DISMISS:
            changed = replace(found, state=AdvisoryState.DISMISSED, scheduled_for=None)
        case Verb.SCHEDULE:
            when = found.start if answer.scheduled_for is None else answer.scheduled_for
            if not now <= when < found.expires:
                raise NotPossible(say.advice_not_then(key=found.key))
            changed = replace(found, state=AdvisoryState.SCHEDULED, scheduled_for=when)
    return _replaced(book, changed)


def find(book: AdviceBook, key: str) -> Advisory:
    """Raises NotPossible for a key that is not in the book."""
    for one in book.advisories:
        if one.key == key:
            return one
    raise NotPossible(say.advice_unknown(key=key))


def due(book: AdviceBook, now: datetime) -> tuple[Advisory, ...]:
    """Those whose time is over and whose outcome is not known yet."""
    return tuple(one for one in book.advisories if one.outcome is None and max(one.end, one.expires) <= now)


def close(book: AdviceBook, key: str, outcome: Outcome) -> AdviceBook:
    """The recommendation ``key`` is done; what came true or not is learnt from. One that is done or gone stays so."""
    one = next((one for one in book.advisories if one.key == key and one.outcome is None), None)
    if one is None:
        return book
    book = _replaced(book, replace(one, state=AdvisoryState.DONE, outcome=outcome))
    if outcome.came_true is None:
        return book
    past = (*book.past, Past(one.kind, one.chance, outcome.came_true))
    return replace(book, past=past[-MOST_PAST:])


def open_ones(book: AdviceBook, now: datetime) -> tuple[Advisory, ...]:
    """Those that people may still act on, the largest saving first."""
    live = [
        one
        for one in book.advisories
        if one.expires > now and one.state not in (AdvisoryState.DISMISSED, AdvisoryState.DONE)
    ]
    return tuple(sorted(live, key=lambda one: -(one.cost_saving or 0.0)))


def _is_news(earlier: Advisory, proposal: Advisory, now: datetime, worth_it: float) -> bool:
    if earlier.expires <= now:
        return earlier.outcome is not None  # first it is settled
    before, after = earlier.cost_saving, proposal.cost_saving
    if earlier.state is AdvisoryState.DISMISSED:
        return before is not None and after is not None and after >= 2.0 * max(before, worth_it)
    if earlier.state is not AdvisoryState.OPEN:
        return False  # people have made up their minds
    if earlier.start <= now and proposal.end <= earlier.end:
        return False  # it is under way, and this is what is left of it
    if earlier.start > now and abs((proposal.start - earlier.start).total_seconds()) > 3600.0:
        return True
    if before is None or after is None:
        return before is not after
    return abs(after - before) > max(OTHER_SAVING_SHARE * abs(before), worth_it)


def _replaced(book: AdviceBook, changed: Advisory) -> AdviceBook:
    return replace(book, advisories=tuple(changed if one.key == changed.key else one for one in book.advisories))


def _newest(advisories: tuple[Advisory, ...]) -> tuple[Advisory, ...]:
    """The book does not grow without end: the oldest go, those that are done first."""
    too_many = len(advisories) - MOST_ADVISORIES
    if too_many <= 0:
        return advisories
    order = sorted(range(len(advisories)), key=lambda i: (advisories[i].outcome is None, i))
    gone = set(order[:too_many])
    return tuple(one for i, one in enumerate(advisories) if i not in gone)
