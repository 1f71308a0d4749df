"""Plan or rule, day by day: what each would have cost here is counted, and who steers from now on is shown and kept."""

from dataclasses import replace
from zlib import crc32

from agent.cycles.alarms import Alarms
from agent.dispatch.policy_choice import after_day
from agent.dispatch.policy_meter import PolicyMeter
from agent.domain.alarms import EventKind
from agent.domain.documents import POLICIES
from agent.domain.policies import Policy, PolicyRecord
from agent.domain.sentences.events import plan_steers_again, rule_steers
from agent.domain.wire import to_json
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet


class Policies:
    """Run ``step`` after every control step. Without a meter the plan steers always: no rule knows a demand charge."""

    def __init__(
        self, clock: Clock, pending: PendingWrites, outlet: Outlet, meter: PolicyMeter | None, site_id: str
    ) -> None:
        self._clock, self._pending, self._outlet, self._meter = clock, pending, outlet, meter
        self._alarms = Alarms(clock, pending)
        self._drawn = crc32(site_id.encode()) / 2**32

    def recall(self, document: str | None) -> None:
        """Go on with the days from before the start. What cannot be read is told, and the days begin anew."""
        if self._meter is None:
            return
        known = self._alarms.read_kept(POLICIES, document, "policies")
        if known is not None:
            self._outlet.show(replace(self._outlet.view, policies=known))

    def go_by(self, meter: PolicyMeter | None) -> None:
        """Another meter from now on. The running day, of which it has not seen all, does not count."""
        self._meter = meter

    def step(self) -> None:
        view = self._outlet.view
        if self._meter is None or view.state is None or not self._clock.trusted():
            return
        costs = self._meter.seen(view.state, view.plan)
        if costs is None:
            return
        before = view.policies or PolicyRecord()
        record = after_day(before, costs, view.state.at, self._drawn)
        self._outlet.show(replace(self._outlet.view, policies=record))
        self._pending.keep(POLICIES.name, to_json(record))
        if record.acting is not before.acting:
            self._alarms.note(EventKind.POLICY, _told(record))


def _told(record: PolicyRecord) -> str:
    if record.acting is Policy.TABLE:
        return plan_steers_again()
    return rule_steers(why=record.why)
