"""Who decides, optimiser or rule, while the two are compared: what people ask for is taken up here, and kept."""

from dataclasses import replace

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind, Severity
from agent.domain.documents import PAIRED_TRIAL
from agent.domain.paired_trial import Schedule
from agent.domain.wire import WireError, to_json
from agent.ports import Clock, ComparisonRequests, Store, StoreFailure
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet


class Comparison:
    """Run ``step`` every minute. Shows the comparison, by which the ladder goes."""

    def __init__(
        self, clock: Clock, requests: ComparisonRequests, store: Store, pending: PendingWrites, outlet: Outlet
    ) -> None:
        self._requests, self._store = requests, store
        self._pending, self._outlet = pending, outlet
        self._alarms = Alarms(clock, pending)
        self._told: tuple[str, ...] = ()

    def recall(self, document: str | None) -> None:
        """The kept document from before the start. One that cannot be read leaves every decision to the optimiser."""
        if document is None:
            return
        try:
            self._outlet.show(replace(self._outlet.view, comparison=PAIRED_TRIAL.read(document)))
        except (WireError, RecursionError) as error:
            self._alarms.note(
                EventKind.COMPARISON, f"the kept comparison cannot be used: {error}", severity=Severity.WARNING
            )

    async def step(self) -> None:
        """Take up the newest request. It stays where it lies until it is in the store, so that no crash loses it."""
        asked = await self._requests.waiting()
        if asked.schedule is not None and asked.schedule != self._outlet.view.comparison:
            self._take(asked.schedule)
            return
        if asked.schedule is not None and not await self._is_kept(asked.schedule):
            return
        for sentence in asked.refused:
            if sentence not in self._told:
                self._alarms.note(EventKind.COMPARISON, sentence, severity=Severity.WARNING)
        self._told = asked.refused
        if asked.schedule is not None or asked.refused:
            await self._requests.clear()

    def _take(self, schedule: Schedule) -> None:
        self._outlet.show(replace(self._outlet.view, comparison=schedule))
        self._pending.keep(PAIRED_TRIAL.name, to_json(schedule))
        begin, end = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (schedule.start, schedule.end))
        said = f"optimiser and rule are compared from {begin} to {end}, in blocks of {schedule.block_h} h"
        self._alarms.note(EventKind.COMPARISON, said if schedule.arms else "optimiser and rule are not compared")

    async def _is_kept(self, schedule: Schedule) -> bool:
        try:
            return await self._store.kept(PAIRED_TRIAL.name) == to_json(schedule)
        except StoreFailure:
            return False  # the recorder says so
