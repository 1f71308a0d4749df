"""The alarms that stand, and those that stood before the start and are not judged yet. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from agent.domain.alarms import AlarmKind, StandingAlarm, full_word
from agent.domain.records import EventRow, Redate
from agent.domain.sentences.alarms import over
from agent.domain.wire import to_json


class StandingAlarms:
    """One instance a site. An alarm stands while any of those who judge it (``by``) says so."""

    def __init__(self) -> None:
        self._standing: dict[str, StandingAlarm] = {}  # by kind and subject, in the order they were raised
        self._judges: dict[str, dict[str, str]] = {}  # the reason of each who says so; none for one that was recalled

    @property
    def all(self) -> tuple[StandingAlarm, ...]:
        """What stands, oldest first."""
        return tuple(self._standing.values())

    def judge(self, at: datetime, kind: AlarmKind, subject: str, text: str | None, by: str) -> EventRow | None:
        """Raise with ``text``, or clear with None. The event, where that changed anything.

        A text that changes while the alarm stands is no event. What clears it repeats what was told when it was
        raised. One that was recalled and that nobody has raised again is cleared by ``end_recall`` alone.
        """
        key = full_word(kind, subject)
        reasons = self._judges.get(key, {})
        if text is None:
            return self._cleared(at, key, by) if by in reasons else None
        standing = self._standing.get(key)
        self._judges[key] = {name: reason for name, reason in reasons.items() if name != by} | {by: text}
        if standing is not None:
            self._standing[key] = standing.with_reason(text)
            return None
        self._standing[key] = StandingAlarm(kind.value, subject, at, text, text, kind.check)
        return EventRow(at, key, kind.severity.value, text)

    def recall(self, alarms: tuple[StandingAlarm, ...]) -> None:
        """What stood before the start, older than what stands already. One that was raised since is older by that."""
        recalled = {alarm.key: alarm for alarm in alarms}
        for key, alarm in self._standing.items():
            before = recalled.get(key)
            recalled[key] = alarm if before is None else before.with_reason(alarm.text)
        self._standing = recalled

    def is_only_recalled(self, kind: AlarmKind, subject: str) -> bool:
        """Whether it stood before the start, and nobody has raised it since."""
        key = full_word(kind, subject)
        return key in self._standing and not self._judges.get(key)

    def end_recall(self, at: datetime) -> list[EventRow]:
        """What was recalled and not raised again is over: its events."""
        return [self._over(at, key) for key in tuple(self._standing) if not self._judges.get(key)]

    def redate(self, order: Redate) -> None:
        """Move what was raised by a wrong clock to where it belongs."""
        for key, alarm in self._standing.items():
            if order.since <= alarm.since <= order.until:
                self._standing[key] = replace(alarm, since=alarm.since + timedelta(seconds=order.by_s))

    def document(self) -> str:
        return to_json(self.all)

    def _cleared(self, at: datetime, key: str, by: str) -> EventRow | None:
        reasons = self._judges[key]
        del reasons[by]
        if not reasons:
            return self._over(at, key)
        self._standing[key] = self._standing[key].with_reason(next(reversed(reasons.values())))
        return None

    def _over(self, at: datetime, key: str) -> EventRow:
        self._judges.pop(key, None)
        return EventRow(at, key, "info", over(told=self._standing.pop(key).told))
