"""Who decides, optimiser or rule, while the two are compared: what people ask for is taken up here, and kept."""

from dataclasses import replace

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind, Severity
from agent.domain.documents import PAIRED_TRIAL
from agent.domain.paired_trial import Schedule
from agent.domain.sentences.commands import compared, not_compared
from agent.domain.sentences.events import kept_unusable
from agent.domain.wire import WireError, to_json
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet


class PairedTrial:
    """Shows the comparison, by which the ladder goes."""

    def __init__(self, clock: Clock, pending: PendingWrites, outlet: Outlet) -> None:
        self._pending, self._outlet = pending, outlet
        self._alarms = Alarms(clock, pending)

    def recall(self, document: str | None) -> None:
        """The kept document from before the start. One that cannot be read leaves every decision to the optimiser."""
        if document is None:
            return
        try:
            self._outlet.show(replace(self._outlet.view, paired_trial=PAIRED_TRIAL.read(document)))
        except (WireError, RecursionError) as error:
            unusable = kept_unusable(kept="comparison", cause=str(error))
            self._alarms.note(EventKind.COMPARISON, unusable, severity=Severity.WARNING)

    def take(self, schedule: Schedule) -> None:
        """Go by ``schedule`` from now on, and keep it."""
        if schedule == self._outlet.view.paired_trial:
            return
        self._outlet.show(replace(self._outlet.view, paired_trial=schedule))
        self._pending.keep(PAIRED_TRIAL.name, to_json(schedule))
        said = compared(from_at=schedule.start, to_at=schedule.end, block_h=schedule.block_h)
        self._alarms.note(EventKind.COMPARISON, said if schedule.arms else not_compared())
