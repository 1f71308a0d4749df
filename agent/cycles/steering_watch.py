"""What the devices that steer tell besides their readings, as alarms, events and a kept document."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.documents import PERSISTENT_WRITES
from agent.domain.sentences.events import persistent_writes
from agent.domain.sentences.site_file import owed_elsewhere, owed_in_both_ways, owed_to_exchanged
from agent.domain.steering import DailyWrites, SteeringReport
from agent.ports import Clock, Site
from agent.recording.pending_writes import PendingWrites


class SteeringWatch:
    """Tells of something else that steers a battery, and of the writes of registers that wear.

    Also of what was steered, was not given back and is not in the site file any more, or was exchanged: it may stand in
    an order.
    """

    def __init__(self, clock: Clock, pending: PendingWrites, site: Site, devices: Iterable[str]) -> None:
        self._pending, self._site, self._devices = pending, site, tuple(devices)
        self._alarms = Alarms(clock, pending)
        self._writes: dict[str, DailyWrites] = {}

    def step(self) -> SteeringReport:
        report = self._site.steering()
        for name in self._devices:
            self._alarms.alarm(AlarmKind.FOREIGN_MASTER, report.foreign.get(name), name)
            self._alarms.alarm(AlarmKind.WRITE_BUDGET, report.used_up.get(name), name)
        self._alarms.alarm(AlarmKind.STEERING_NOT_KEPT, report.not_kept)
        self._alarms.alarm(AlarmKind.NOT_GIVEN_BACK, _owed(report))
        if report.writes != self._writes:
            self._tell(dict(report.writes))
        return report

    def _tell(self, writes: dict[str, DailyWrites]) -> None:
        for name, before in self._writes.items():
            if before.used and (name not in writes or writes[name].day != before.day):
                told = persistent_writes(device=name, used=before.used, day=before.day, budget=before.budget)
                self._alarms.note(EventKind.PERSISTENT_WRITES, told)
        self._writes = writes
        self._pending.keep(PERSISTENT_WRITES.name, json.dumps({name: asdict(made) for name, made in writes.items()}))


def _owed(report: SteeringReport) -> str | None:
    """One sentence about what was steered and not given back, and cannot be given back where it was."""
    there = ", ".join(report.owed_to_exchanged)
    gone = ", ".join(address for address in report.owed_elsewhere if address not in report.owed_to_exchanged)
    exchanged = owed_to_exchanged(addresses=there) if there else None
    elsewhere = owed_elsewhere(addresses=gone) if gone else None
    if exchanged is not None and elsewhere is not None:
        return owed_in_both_ways(elsewhere=elsewhere, exchanged=exchanged)
    return exchanged or elsewhere
