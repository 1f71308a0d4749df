"""One alert, and the kinds of alerts. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from agent.domain.alarms import AlarmKind, EventKind, Severity

ALARM, ADVISORY, THRESHOLD = "alarm", "advisory", "threshold"  # words for all kinds of such
MORE, TEST = "more", "test"  # what was not told one by one; what a person has asked for
LONGEST_TEXT = 500
ORDER = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ALARM: 2}
_ALARMS = {kind.value: kind for kind in AlarmKind}
_ADVICE = frozenset({EventKind.ADVICE.value, EventKind.ADVICE_OUTCOME.value})


@dataclass(frozen=True, slots=True)
class Count:
    """So many of a kind."""

    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Alert:
    """``id`` is the same however often it is sent, so that a receiver can tell that it has it already.

    ``kind`` is a word and its subject: ``device_lost/meter``. The controller's ``text`` is a Sentence, put into the
    alerts' language when it is sent. ``is_over`` tells that what was told has ended. ``more`` are those that were not
    told one by one.
    """

    id: str
    at: datetime
    kind: str
    severity: Severity
    text: str
    is_over: bool = False
    more: tuple[Count, ...] = ()

    @property
    def word(self) -> str:
        return self.kind.partition("/")[0]

    @property
    def subject(self) -> str:
        return self.kind.partition("/")[2]

    @property
    def check(self) -> str | None:
        """What a person should check, of an alarm that stands."""
        alarm = _ALARMS.get(self.word)
        return None if alarm is None or self.is_over else alarm.check


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the store's events; ``seq`` is its place there, ``at`` UTC."""

    seq: int
    at: datetime
    kind: str
    severity: Severity
    text: str

    @property
    def word(self) -> str:
        return self.kind.partition("/")[0]

    @property
    def is_over(self) -> bool:
        """An alarm's end is told as info, under the alarm's own word."""
        return self.word in _ALARMS and self.severity is Severity.INFO

    @property
    def rank(self) -> Severity:
        """The end of an alarm counts as the alarm: who was told of the one is told of the other."""
        return _ALARMS[self.word].severity if self.is_over else self.severity

    @property
    def group(self) -> str:
        """``alarm``, ``advisory``, or its own word."""
        if self.word in _ALARMS or self.severity is Severity.ALARM:
            return ALARM
        return ADVISORY if self.word in _ADVICE else self.word


def alert_id(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:20]


def alert_of(site: str, event: Event) -> Alert:
    """Not by ``seq``: a store that is made anew or restored numbers from another start."""
    name = alert_id(site, event.at.isoformat(), event.kind, event.severity, event.text)
    text = event.text if len(event.text) <= LONGEST_TEXT else event.text[:LONGEST_TEXT]
    return Alert(name, event.at, event.kind, event.severity, text, event.is_over)


def mark(kind: str, severity: str, text: str) -> str:
    """By which the event that was read last is known again."""
    return alert_id(kind, severity, text)
