"""What waits in memory for the next commit. Nothing here blocks, so control can write to it at any time.

While the store cannot be written (a full disk), this keeps what it has and drops the oldest minutes first; how
many is told in an event as soon as something can be written again.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from agent.domain.alarms import EventKind
from agent.domain.command_record import CommandRecord
from agent.domain.ledger import Entry, PredictedDay
from agent.domain.records import Batch, DecisionRow, EventRow, Flags, MinuteRow, Redate, WeatherRow
from agent.domain.sentences.events import rows_lost
from agent.recording.redating import redated, redated_batch, redated_minute
from agent.recording.standing_alarms import StandingAlarms

MOST_MINUTES = 2 * 24 * 60
MOST_ROWS = 5000


class PendingWrites:
    """Collects rows from the cycles and hands them to the recorder as one batch."""

    def __init__(self) -> None:
        self._minutes: deque[MinuteRow] = deque()
        self._decisions: deque[DecisionRow] = deque()
        self._events: deque[EventRow] = deque()
        self._kept: dict[str, str] = {}
        self._acknowledged: dict[str, int] = {}
        self._catalogue: tuple[str, ...] | None = None
        self.standing = StandingAlarms()
        self._weather: dict[datetime, WeatherRow] = {}
        self._flags: Flags | None = None
        self._ledger: dict[datetime, Entry] = {}
        self._predicted: dict[datetime, PredictedDay] = {}
        self._redates: list[Redate] = []
        self._commands: dict[str, CommandRecord] = {}
        self._dropped = 0

    def minute(self, row: MinuteRow) -> None:
        self._minutes.append(row)
        self._dropped += _trim(self._minutes, MOST_MINUTES)

    def decision(self, row: DecisionRow) -> None:
        self._decisions.append(row)
        self._dropped += _trim(self._decisions, MOST_ROWS)

    def event(self, at: datetime, kind: str, severity: str, text: str) -> EventRow:
        """Note that something happened."""
        row = EventRow(at, kind, severity, text)
        self._events.append(row)
        self._dropped += _trim(self._events, MOST_ROWS)
        return row

    @property
    def alarms(self) -> tuple[str, ...]:
        """The newest reasons of the alarms that stand, oldest alarm first."""
        return tuple(alarm.text for alarm in self.standing.all)

    def keep(self, name: str, document: str) -> None:
        """Replace the named JSON document with the next commit."""
        self._kept[name] = document

    def acknowledge(self, stream: str, seq: int) -> None:
        """The platform has everything of ``stream`` up to ``seq``."""
        self._acknowledged[stream] = max(seq, self._acknowledged.get(stream, 0))

    def catalogue(self, names: tuple[str, ...]) -> None:
        """The order of the points of the minutes that follow."""
        self._catalogue = names

    def weather(self, rows: Sequence[WeatherRow]) -> None:
        """What the feed says of hours that have begun. An hour that waits already keeps its first word."""
        for row in rows:
            self._weather.setdefault(row.at, row)

    def flag(self, flags: Flags) -> None:
        """Which measurements are doubted, with the next commit; the newest word counts."""
        self._flags = flags

    def settle(self, entries: Sequence[Entry]) -> None:
        """Hours of the ledger. One that is settled twice before it could be written counts once."""
        self._ledger |= {entry.at: entry for entry in entries}

    def predict(self, days: Sequence[PredictedDay]) -> None:
        """What the newest plan expects of days to come; of each day the newest word counts."""
        self._predicted |= {day.at: day for day in days}

    def command(self, record: CommandRecord) -> None:
        """What has become of a command; of each the newest state counts."""
        self._commands[record.id] = record

    def redate(self, order: Redate) -> None:
        """Date the rows that wait, and with the next commit those that are written."""
        self._minutes = deque(redated_minute(row, order) for row in self._minutes)
        self._decisions = deque(redated(row, order) for row in self._decisions)
        self._events = deque(redated(row, order) for row in self._events)
        self.standing.redate(order)
        self._redates.append(order)

    def take(self, at: datetime) -> Batch:
        """Everything that waits, as one batch, and forget it. ``give_back`` undoes this."""
        if self._dropped:
            lost = rows_lost(rows=self._dropped)
            self.event(at, EventKind.ROWS_LOST.value, EventKind.ROWS_LOST.severity.value, lost)
            self._dropped = 0
        batch = Batch(
            minutes=tuple(self._minutes),
            decisions=tuple(self._decisions),
            events=tuple(self._events),
            catalogue=self._catalogue,
            kept=tuple(self._kept.items()),
            acknowledged=tuple(self._acknowledged.items()),
            weather=tuple(self._weather.values()),
            flags=self._flags,
            ledger=tuple(self._ledger.values()),
            predicted=tuple(self._predicted.values()),
            redates=tuple(self._redates),
            commands=tuple(self._commands.values()),
        )
        self._minutes.clear()
        self._decisions.clear()
        self._events.clear()
        self._kept.clear()
        self._acknowledged.clear()
        self._weather.clear()
        self._ledger.clear()
        self._predicted.clear()
        self._redates.clear()
        self._commands.clear()
        self._catalogue = self._flags = None
        return batch

    def give_back(self, batch: Batch) -> None:
        """The batch was not written: keep it for the next try, in its old order."""
        for order in self._redates:  # what was ordered while the batch was on its way
            batch = redated_batch(batch, order)
        self._redates[:0] = batch.redates
        self._minutes.extendleft(reversed(batch.minutes))
        self._decisions.extendleft(reversed(batch.decisions))
        self._events.extendleft(reversed(batch.events))
        self._dropped += _trim(self._minutes, MOST_MINUTES)
        self._dropped += _trim(self._decisions, MOST_ROWS)
        self._dropped += _trim(self._events, MOST_ROWS)
        for name, document in batch.kept:
            self._kept.setdefault(name, document)
        for stream, seq in batch.acknowledged:
            self.acknowledge(stream, seq)
        self._weather = {row.at: row for row in batch.weather} | self._weather
        self._ledger = {entry.at: entry for entry in batch.ledger} | self._ledger
        self._predicted = {day.at: day for day in batch.predicted} | self._predicted
        self._commands = {record.id: record for record in batch.commands} | self._commands
        self._catalogue = batch.catalogue if self._catalogue is None else self._catalogue
        self._flags = batch.flags if self._flags is None else self._flags


def _trim(rows: deque[MinuteRow] | deque[DecisionRow] | deque[EventRow], most: int) -> int:
    dropped = 0
    while len(rows) > most:
        rows.popleft()
        dropped += 1
    return dropped
