"""A store in memory for a site of the fleet: minutes and decisions follow from the time, the rest is as it was written.

A site keeps nothing but its marks and its few events, so that a thousand of them fit into one machine.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import random

from agent.adapters.mqtt.history import iso_time
from agent.domain.records import Batch, EventRow, OutboxRow
from agent.domain.suspect import Suspect
from agent.ports import StoreFailure
from demo.fleet.fast_clock import FastClock
from demo.fleet.site_day import COLUMNS, MINUTES, POINTS, SiteMinute

EVERY_S = {"minute": 60.0, "decision": 75.0}  # a home of `make demo` decides anew 1100 times a day
DECISION_COLUMNS = ("at", "battery_w", "hold_s", "rung", "reason", "outcome", "detail")
EVENT_COLUMNS = ("at", "kind", "severity", "text")
REASON = "{verb} {kw:.2f} kW for the load at 0.280/kWh + 0.011 for carbon, stored energy is worth {value:.3f}/kWh"


class LightStore:
    """Implements ``agent.ports.Store``. Minute 0 of the site is minute ``offset`` of ``day``."""

    def __init__(self, clock: FastClock, day: list[SiteMinute], offset: int) -> None:
        self._clock, self._day, self._offset = clock, day, offset
        # Not all sites begin a minute in the same second.
        self._start = {name: clock.now() - timedelta(seconds=random() * every_s) for name, every_s in EVERY_S.items()}
        self._events: list[EventRow] = []
        self._acked = {"minute": 0, "decision": 0, "event": 0}

    def last(self, stream: str) -> int:
        """The highest seq of ``stream``; 0 where there is no row yet."""
        if stream == "event":
            return len(self._events)
        return int((self._clock.making() - self._start[stream]).total_seconds() / EVERY_S[stream])

    async def pending(self, stream: str, after: int, limit: int) -> Sequence[OutboxRow]:
        make = {"minute": self._minute, "decision": self._decision, "event": self._event}[stream]
        return [make(seq) for seq in range(after + 1, min(after + limit, self.last(stream)) + 1)]

    async def backlog(self) -> dict[str, tuple[int, int]]:
        return {name: (acked, self.last(name)) for name, acked in self._acked.items()}

    async def before_start(self) -> Mapping[str, int]:
        return dict.fromkeys(self._acked, 0)

    async def number_above(self, stream: str, seq: int) -> int:
        raise StoreFailure("a light site has made its rows already")

    async def write(self, batch: Batch) -> None:
        self._events += batch.events
        for name, seq in batch.acknowledged:
            self._acked[name] = max(seq, self._acked[name])

    def minute_of_day(self) -> int:
        """The minute of the day that is played now."""
        return self._of_day(self.last("minute"))

    async def kept(self, name: str) -> str | None:
        return None

    async def flags(self) -> Sequence[Suspect]:
        return ()

    async def imports(self, since: datetime) -> Sequence[tuple[datetime, float, float, float]]:
        return ()

    async def newest(self) -> datetime | None:
        return None

    async def tidy(self, now: datetime | None, dated: bool = True) -> list[str]:
        return []

    def remarks(self) -> Sequence[str]:
        return ()

    @property
    def shortage(self) -> str | None:
        return None

    def _of_day(self, minute: int) -> int:
        return (self._offset + minute) % MINUTES

    def _minute(self, seq: int) -> OutboxRow:
        minute = self._day[self._of_day(seq)]
        return OutboxRow(seq, COLUMNS, (self._at("minute", seq), *minute.values), POINTS, minute.points)

    def _decision(self, seq: int) -> OutboxRow:
        battery_w = round(self._day[self._of_day(seq * 75 // 60)].state.battery_w)
        verb = "discharging" if battery_w > 0 else "charging"
        reason = REASON.format(verb=verb, kw=abs(battery_w) / 1000, value=0.1 + seq % 97 / 1000)
        values = (self._at("decision", seq), float(battery_w), 180.0, "plan", reason, "applied", "")
        return OutboxRow(seq, DECISION_COLUMNS, values)

    def _event(self, seq: int) -> OutboxRow:
        event = self._events[seq - 1]
        return OutboxRow(seq, EVENT_COLUMNS, (iso_time(event.at), event.kind, event.severity, event.text))

    def _at(self, stream: str, seq: int) -> str:
        return iso_time(self._start[stream] + timedelta(seconds=EVERY_S[stream] * (seq - 1)))
