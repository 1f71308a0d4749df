"""The seconds: read, estimate, choose a rung, guard, write, see. Waits for no disk, broker, model or solver."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from agent.cycles.alarms import Alarms
from agent.cycles.minutes import Minutes
from agent.cycles.observation import Observing
from agent.cycles.retry import Retry
from agent.cycles.site_watch import SiteWatch
from agent.cycles.steering_watch import SteeringWatch
from agent.dispatch.battery_units import BatteryUnits
from agent.dispatch.control_mode import ControlRules, Ladder, Situation
from agent.dispatch.demand_meter import DemandMeter
from agent.dispatch.guard import guard
from agent.dispatch.lease import Lease
from agent.domain.alarms import AlarmKind
from agent.domain.battery import Battery
from agent.domain.documents import DEMAND, STATE
from agent.domain.sentences.alarms import grid_limit_lost, setpoint_failed
from agent.domain.setpoint import Applied, Clamped, Held, Outcome, Refused, Rung, Setpoint, Unreachable
from agent.domain.site import SiteState
from agent.monitoring.battery_response import Verdict
from agent.monitoring.setpoint_response import SetpointResponse
from agent.ports import Clock, Site
from agent.recording.decisions import Decisions
from agent.recording.pending_writes import PendingWrites
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet

REFUSAL_RESTS_S = (1.0, 1.0, 2.0, 5.0, 10.0, 20.0)  # a device that has forgotten its mode takes it again within 20 s

# What is watched of a device, and for which of its roles; None: whatever they are.
OF_A_DEVICE: Mapping[AlarmKind, str | None] = {
    AlarmKind.BATTERY_POWER_MISSING: "battery",
    AlarmKind.DEVICE_LOST: None,
    AlarmKind.FOREIGN_MASTER: None,
    AlarmKind.FROZEN: None,
    AlarmKind.GRID_POWER_MISSING: "grid",
    AlarmKind.METER_CONTRADICTS: "grid",
    AlarmKind.SOC_JUMP: None,
    AlarmKind.SOC_MISSING: "battery",
    AlarmKind.WRITE_BUDGET: None,
}

log = structlog.get_logger("control")


@dataclass(slots=True)
class ControlCounts:
    """What happened since the start."""

    steps: int = 0
    written: int = 0
    verified: int = 0
    refused: int = 0
    unreachable: int = 0
    missed: int = 0


class Control:
    """One control step a call. Shows the state, what of the battery can be steered, the setpoint and its outcome."""

    def __init__(
        self,
        clock: Clock,
        site: Site,
        conditions: SiteConditions,
        pending: PendingWrites,
        outlet: Outlet,
        rules: ControlRules,
        meter: DemandMeter | None = None,
    ) -> None:
        self._clock, self._site, self._conditions = clock, site, conditions
        self._pending, self._outlet, self._rules = pending, outlet, rules
        self._meter = meter
        self._ladder = Ladder(conditions, rules)
        self._alarms = Alarms(clock, pending)
        self._begin_watch(set())
        self._refusals, self._refusal = Retry(REFUSAL_RESTS_S), Refused("")
        self._lease: Lease | None = None  # None: what is in force is not known, so the next step writes
        self._unverified = False
        self._last_step: float | None = None
        self._ended = False
        self._decisions = Decisions()
        self.observing = Observing(clock, conditions, pending, rules.limits.battery)
        self.minutes = Minutes(clock, conditions, pending, rules.step_s, rules.stale_s)
        self.counts = ControlCounts()

    def _begin_watch(self, remarked: set[tuple[str, str]]) -> None:
        rules = self._rules
        self._response = SetpointResponse(rules.limits.battery, rules.units, rules.patience_s, rules.off_w)
        self._steering = SteeringWatch(self._clock, self._pending, self._site, rules.roles)
        self._units = BatteryUnits(rules.units, rules.stale_s, rules.hold_s, self._response)
        self._watch = SiteWatch(self._clock, self._site, self._conditions, self._alarms, rules, self._units, remarked)

    def go_by(self, rules: ControlRules, meter: DemandMeter | None, anew: bool = False) -> None:
        """Between two steps: other rules from now on. What is in force stays, and is written again where it must be.

        Devices and batteries are watched ``anew``, as after a start, where they are others or measured otherwise.
        """
        anew = anew or rules.watched != self._rules.watched
        self._end_alarms_of_others(rules.roles)
        self._rules, self._meter = rules, meter
        self._ladder.go_by(rules)
        self.observing.go_by(rules.limits.battery)
        self.minutes.stale_s = rules.stale_s
        if anew:
            self._begin_watch(self._watch.remarked)
            self._lease = None  # nothing is known of how it is followed until it is written again
        else:
            self._units.go_by(rules.units)
            self._watch.go_by(rules)

    def _end_alarms_of_others(self, roles: Mapping[str, frozenset[str]]) -> None:
        """With ``roles`` nobody judges any more what stands of a device that is gone, or has lost the role."""
        for kind, role in OF_A_DEVICE.items():
            for name in self._rules.roles:
                if name not in roles or (role is not None and role not in roles[name]):
                    self._alarms.alarm(kind, None, name)

    async def step(self) -> None:
        """One pass of the straight road, from register words to the outcome of a setpoint."""
        began = self._clock.monotonic()
        readings = await self._site.read(self._rules.step_s * 0.8)
        steering = self._steering.step()
        if steering.lost:
            self._lease = None  # what was written is not in force any more
        state = self._watch.look(readings)
        if self._watch.batteries_changed and len(self._rules.units) > 1:
            self._lease = None  # share again among those that are there
        silent = self._conditions.limit_is_silent(state.at)
        self._alarms.alarm(AlarmKind.GRID_LIMIT_LOST, grid_limit_lost() if silent else None)
        self._watch_tracking(state)
        whole, monotonic = self._rules.limits.battery, self._clock.monotonic()
        lost = self._response.is_lost(monotonic)
        there = self._response.delivered(self._units.battery(whole), monotonic)
        rated = self._response.delivered(self._units.rated(whole), monotonic)
        self._outlet.show(replace(self._outlet.view, state=state, battery=rated))
        granted, outcome = await self._act(state, lost, there, steering.left_alone)
        self._outlet.show(replace(self._outlet.view, setpoint=granted, outcome=outcome))
        self._note(granted, outcome)
        self.minutes.add(state, readings, granted, self._outlet.view.clock_doubt is None, self._outlet.view.switched_w)
        self._last_step = began
        self.counts.steps += 1

    async def _act(self, state: SiteState, lost: bool, there: Battery, alone: str | None) -> tuple[Setpoint, Outcome]:
        """Choose, guard, write. Where the site is only observed, the same for a battery that follows us in thought."""
        observing = self._outlet.view.observing
        seen = state if observing is None else self.observing.site(state)
        wanted = self._ladder.choose(self._situation(seen, lost, there, self._interval_wh(state)))
        granted = self._watch.within_reach(self._guarded(self._watch.probed(wanted), seen, there))
        if observing is not None:
            return self.observing.follow(granted, state, self._since_s()), Held()
        if alone is not None:
            return self._left_alone(granted, alone), Held()
        return granted, await self._write(granted)

    def recall(self, document: str | None) -> None:
        """Begin with the state that an earlier agent kept, as far as it is of use. Raises WireError."""
        if document is not None and self._clock.trusted():
            self._units.recall(STATE.read(document), self._clock.now())

    async def release(self, why: str) -> Outcome:
        """Give the battery back to its own device, whatever was in force. Used at start and at the end."""
        setpoint = Setpoint(self._clock.now(), None, 0.0, Rung.RELEASE, why)
        outcome = await self._site.steer(setpoint)
        self._unverified = False
        self._watch.told(self._clock.monotonic(), None)
        self._response.asked(self._clock.monotonic(), None, {})
        self._lease = Lease(None, None, self._clock.monotonic(), 0.0) if isinstance(outcome, Applied) else None
        self._outlet.show(replace(self._outlet.view, setpoint=setpoint, outcome=outcome))
        self._note(setpoint, outcome)
        return outcome

    async def end(self, why: str) -> Outcome:
        """Release for good: a step that is still under way writes nothing after it."""
        self._ended = True
        return await self.release(why)

    def _situation(self, state: SiteState, lost: bool, there: Battery, interval_wh: float) -> Situation:
        view, written_w = self._outlet.view, None if self._lease is None else self._lease.battery_w
        is_capped = self._lease is not None and self._lease.pv_limit_w is not None
        in_force_w = written_w if view.observing is None else state.battery_w.known  # it follows us in thought
        known = state, view.plan, view.paired_trial, view.clock_doubt, view.override
        return Situation(*known, lost, there, interval_wh, in_force_w, self._peak_w(), view.policies, is_capped)

    def _watch_tracking(self, state: SiteState) -> None:
        monotonic = self._clock.monotonic()
        verdict = self._response.seen(monotonic, self._units.seen(state), state.grid_w.known)
        if verdict in (Verdict.VERIFIED, Verdict.LIMITED) and self._unverified:
            self._unverified = False
            self.counts.verified += 1
        if verdict is Verdict.MISSED:
            self.counts.missed += 1
            self._lease = None  # write it again
        for device, charging in self._response.at_an_end:
            self._units.found_end(device, charging)
        for kind, device, sentence in self._response.alarms(monotonic):
            self._alarms.alarm(kind, sentence, device)

    def _interval_wh(self, state: SiteState) -> float:
        """What the running interval of the demand charge has imported until now, Wh: as it is billed, in any mode."""
        if self._meter is None or not self._clock.trusted():
            return 0.0
        ended = self._meter.seen(state.at, self._rules.step_s, state.grid_w.known)
        if ended and (document := self._meter.document()) is not None:
            self._pending.keep(DEMAND.name, document)
        return self._meter.interval_wh(state.at)

    def _peak_w(self) -> float:
        return 0.0 if self._meter is None or not self._clock.trusted() else self._meter.peak_w

    def _guarded(self, wanted: Setpoint, state: SiteState, there: Battery) -> Setpoint:
        battery = self._conditions.with_reserve(there, state.at, wanted.hold_s)
        limits = replace(self._rules.limits, battery=battery, connection=self._conditions.connection(state.at))
        last_w = None if self._lease is None else self._lease.battery_w
        return guard(wanted, state, limits, self._stood_s(), last_w if last_w is not None else state.battery_w.known)

    def _stood_s(self) -> float:
        """For how long the power in force counts to have stood: a slow ramp goes on when that is worth a write."""
        since_s, lease, ramp = self._since_s(), self._lease, self._rules.limits.ramp_w_per_s
        if lease is None or lease.battery_w is None or not ramp:
            return since_s
        worth_a_write_s = (self._rules.deadband_w + 1.0) / ramp
        return max(since_s, min(self._clock.monotonic() - lease.written_at, worth_a_write_s))

    def _since_s(self) -> float:
        return self._rules.step_s if self._last_step is None else self._clock.monotonic() - self._last_step

    async def _write(self, granted: Setpoint) -> Outcome:
        monotonic = self._clock.monotonic()
        if self._ended:
            return Held()
        if self._lease is not None and not self._lease.must_be_replaced(granted, monotonic, self._rules.deadband_w):
            return Held()
        if granted.battery_w is not None and self._refusals.rests(monotonic):
            return self._refusal  # a release is tried at every step
        shares = self._units.split(granted.battery_w)
        outcome = await self._site.steer(replace(granted, shares=shares))
        self._units.told(outcome, dict(shares), monotonic)
        match outcome:
            case Clamped(unchanged=True):
                pass  # the lease goes on saying what is in force, so that the next step asks again
            case Applied() | Clamped():
                self._taken(granted, outcome, dict(shares), monotonic)
            case Refused():
                self._refusals.failed(monotonic, self._clock.monotonic())
                self._refusal = outcome
                self.counts.refused += 1
                self._lease = None
            case Unreachable():
                self.counts.unreachable += 1
                self._lease = None
            case Held():
                pass
        return outcome

    def _taken(
        self, granted: Setpoint, outcome: Applied | Clamped, shares: Mapping[str, float], monotonic: float
    ) -> None:
        """Something new is in force. Where a battery takes its share later, the next step asks again."""
        self._refusals.succeeded()
        self.counts.written += 1
        self._unverified = granted.battery_w is not None
        if granted.battery_w is None:
            self.counts.verified += 1  # a release is verified by its read-back alone
        standing = dict(outcome.standing) if isinstance(outcome, Clamped) else {}
        each: Mapping[str, float | None] = {**shares, **standing}
        self._response.asked(monotonic, outcome.battery_w, each)
        self._watch.told(monotonic, outcome.battery_w)
        if not standing:
            self._lease = Lease(granted.battery_w, granted.pv_limit_w, monotonic, granted.hold_s)
        elif self._lease is not None:  # not prolonged: what stands was written before
            self._lease = replace(self._lease, battery_w=outcome.battery_w, pv_limit_w=granted.pv_limit_w)

    def _left_alone(self, granted: Setpoint, why: str) -> Setpoint:
        """Nothing is written, not even a release: something else has the battery, or writing would wear it out."""
        self._lease, self._unverified = None, False
        self._watch.told(self._clock.monotonic(), None)
        self._response.asked(self._clock.monotonic(), None, {})
        return Setpoint(granted.at, None, granted.hold_s, Rung.RELEASE, why)

    def _note(self, granted: Setpoint, outcome: Outcome) -> None:
        before = self._decisions.last
        if (row := self._decisions.note(granted, outcome)) is not None:
            self._pending.decision(row)
            if before is None or (before.rung, before.outcome) != (row.rung, row.outcome):
                log.info(
                    "setpoint", battery_w=row.battery_w, rung=row.rung.value, outcome=row.outcome, reason=row.reason
                )
        if not isinstance(outcome, Held):
            self._tell_failed(outcome.reason if isinstance(outcome, Refused | Unreachable) else None)
        for name, why in self._units.refusals.items():
            self._tell_failed(why, name)

    def _tell_failed(self, why: str | None, battery: str = "") -> None:
        self._alarms.alarm(AlarmKind.SETPOINT_FAILED, None if why is None else setpoint_failed(cause=why), battery)
