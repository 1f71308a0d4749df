"""What waits to be sent, up to where the events are read, and what was not told one by one. Pure.

It is kept as one document, so that an event is either not read yet or waits, and never neither or both.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.console.alerts.alert import MORE, ORDER, Alert

MOST_WAITING = 100
EXPIRES = timedelta(hours=24)
RESTS_S = (30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """``admitted``: it counts among those of an hour already. Times are UTC; it is not sent again ``not_before``."""

    target: str
    alert: Alert
    queued_at: datetime
    admitted: bool = False
    tries: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """Counts among those of its hour."""

    target: str
    word: str
    at: datetime
    is_alarm: bool


@dataclass(frozen=True, slots=True)
class More:
    """So many that a target was not told one by one, since ``since`` (UTC)."""

    target: str
    word: str
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class SummedUp:
    """When a target was last told how many more there were."""

    target: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Outbox:
    """``seq`` is the last event that was read, ``mark`` by what it is known again; None: none was.

    ``standing`` are the thresholds that are passed.
    """

    seq: int | None = None
    mark: str | None = None
    standing: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    admitted: tuple[Admitted, ...] = ()
    more: tuple[More, ...] = ()
    summed_up: tuple[SummedUp, ...] = ()


def rest_s(tries: int) -> float:
    """After so many tries that failed, one at least."""
    return RESTS_S[min(tries, len(RESTS_S)) - 1]


def added(box: Outbox, targets: Iterable[str], alert: Alert, now: datetime) -> Outbox:
    """``alert`` waits for each of ``targets`` that it does not wait for already."""
    known = {one.target for one in box.waiting if one.alert.id == alert.id}
    new = tuple(Waiting(target, alert, now) for target in targets if target not in known)
    full = replace(box, waiting=(*box.waiting, *new))
    while len(full.waiting) > MOST_WAITING:
        full = counted(full, least(full.waiting), now)
    return full


def least(waiting: tuple[Waiting, ...]) -> Waiting:
    """The one that can best be done without: of the least severity the oldest. What sums up is kept."""
    return min(waiting, key=lambda one: (one.alert.word == MORE, ORDER[one.alert.severity], one.queued_at))


def counted(box: Outbox, one: Waiting, now: datetime) -> Outbox:
    """``one`` is only counted from now on."""
    return not_told(without(box, one), one.target, one.alert.word, now)


def not_told(box: Outbox, target: str, word: str, now: datetime) -> Outbox:
    """One more of ``word`` that ``target`` is not told by itself."""
    if word == MORE:
        return box
    same = [more for more in box.more if (more.target, more.word) == (target, word)]
    before = same[0] if same else More(target, word, 0, now)
    others = tuple(more for more in box.more if more not in same)
    return replace(box, more=(*others, replace(before, count=before.count + 1)))


def without(box: Outbox, one: Waiting) -> Outbox:
    """By target and id: what else is known of it may have changed in between."""
    left = tuple(other for other in box.waiting if (other.target, other.alert.id) != (one.target, one.alert.id))
    return replace(box, waiting=left)


def refused(box: Outbox, one: Waiting, now: datetime) -> Outbox:
    """The receiver will not have it: others go first, and it is tried ever more seldom."""
    tries = one.tries + 1
    later = replace(one, tries=tries, not_before=now + timedelta(seconds=rest_s(tries)))
    return replace(box, waiting=(*without(box, one).waiting, later))
