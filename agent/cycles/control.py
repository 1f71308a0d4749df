"""The seconds: read, estimate, choose a rung, guard, write, see. Waits for no disk, broker, model or solver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from agent.cycles.battery_units import BatteryUnits
from agent.cycles.ladder import ControlRules, Ladder
from agent.cycles.notices import Notices
from agent.cycles.peak_recall import DOCUMENT
from agent.dispatch.demand_meter import DemandMeter
from agent.dispatch.estimate import Source, estimate
from agent.dispatch.frozen import FrozenWatch
from agent.dispatch.guard import guard
from agent.dispatch.lease import Lease
from agent.dispatch.tracking import Tracking, Verdict
from agent.domain.setpoint import Applied, Clamped, Held, Outcome, Refused, Rung, Setpoint, Unreachable
from agent.domain.site import Battery, SiteState
from agent.latest import Latest
from agent.market import Market
from agent.ports import Clock, Site
from agent.recording.decisions import Decisions
from agent.recording.journal import Journal
from agent.recording.minute_means import MinuteMeans
from drivers.reading import Quantity, Reading

GRID_LIMIT_LOST = "the platform's grid limit has not been heard of for too long; the failsafe limits hold"

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
    """One control step a call. The only writer of ``latest.state``, ``latest.setpoint`` and ``latest.outcome``."""

    def __init__(
        self,
        clock: Clock,
        site: Site,
        market: Market,
        journal: Journal,
        latest: Latest,
        rules: ControlRules,
        meter: DemandMeter | None = None,
    ) -> None:
        self._clock, self._site, self._market = clock, site, market
        self._journal, self._latest, self._rules = journal, latest, rules
        self._meter = meter
        self._ladder = Ladder(market, latest, rules)
        self._notices = Notices(clock, journal)
        self._frozen = FrozenWatch(rules.frozen_s)
        battery = rules.limits.battery
        self._tracking = Tracking(max(battery.charge_w, battery.discharge_w), patience_s=max(30.0, 2 * rules.step_s))
        self._units = BatteryUnits(rules.units, rules.stale_s, rules.hold_s)
        self._lease: Lease | None = None
        self._unverified = False
        self._last_step: float | None = None
        self._decisions = Decisions()
        self._catalogue: tuple[str, ...] = ()
        self.means = MinuteMeans()
        self.counts = ControlCounts()

    async def step(self) -> None:
        """One pass of the straight road, from register words to the outcome of a setpoint."""
        began = self._clock.monotonic()
        readings = await self._site.read(self._rules.step_s * 0.8)
        state = self._estimate(readings)
        self._latest.state = state
        silent = self._market.limit_is_silent(state.at)
        self._notices.alarm("grid_limit_lost", GRID_LIMIT_LOST if silent else None)
        self._watch_tracking(state)
        lost = self._tracking.out_of_control(self._clock.monotonic())
        whole, monotonic = self._rules.limits.battery, self._clock.monotonic()
        there = self._tracking.delivered(self._units.battery(whole), monotonic)
        self._latest.battery = self._tracking.delivered(self._units.rated(whole), monotonic)
        in_force_w = None if self._lease is None else self._lease.battery_w
        wanted = self._ladder.choose(state, lost, there, self._interval_wh(state), in_force_w)
        granted = self._guarded(wanted, state, there)
        outcome = await self._write(granted)
        self._latest.setpoint, self._latest.outcome = granted, outcome
        self._note(granted, outcome)
        self._record(state, readings, granted)
        self._last_step = began
        self.counts.steps += 1

    async def release(self, why: str) -> Outcome:
        """Give the battery back to its own device, whatever was in force. Used at start and at the end."""
        setpoint = Setpoint(self._clock.now(), None, 0.0, Rung.RELEASE, why)
        outcome = await self._site.steer(setpoint)
        self._lease = None if isinstance(outcome, Unreachable) else Lease(None, None, self._clock.monotonic(), 0.0)
        self._latest.setpoint, self._latest.outcome = setpoint, outcome
        self._note(setpoint, outcome)
        return outcome

    def _estimate(self, readings: Mapping[str, Mapping[Quantity, Reading]]) -> SiteState:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        frozen = self._frozen.update(readings)
        doubts = self._units.doubts(readings, monotonic)
        weights = {unit.device: unit.battery.usable_wh for unit in self._rules.units}
        sources: Sequence[Source] = [
            Source(
                name,
                self._rules.roles.get(name, frozenset()),
                found,
                name in frozen,
                doubts.get(name) is not None,
                weights.get(name, 1.0),
            )
            for name, found in readings.items()
        ]
        sources, changed = self._units.look(sources, monotonic)
        if changed and len(self._rules.units) > 1:
            self._lease = None  # share again among those that are there
        for name, doubt in doubts.items():
            self._notices.alarm(f"soc_jump/{name}", None if doubt is None else f"{name}: {doubt}")
        troubles = self._site.troubles()
        for name in self._rules.roles:
            self._notices.alarm(f"device_lost/{name}", troubles.get(name))
            self._notices.alarm(f"frozen/{name}", f"{name} answers with frozen values" if name in frozen else None)
        return estimate(now, monotonic, sources, self._rules.stale_s)

    def _watch_tracking(self, state: SiteState) -> None:
        verdict = self._tracking.seen(self._clock.monotonic(), state.battery_w.known, state.soc_pct.known)
        if verdict in (Verdict.VERIFIED, Verdict.LIMITED) and self._unverified:
            self._unverified = False
            self.counts.verified += 1
        if verdict is Verdict.MISSED:
            self.counts.missed += 1
            self._lease = None  # write it again
        lost = "the battery does not follow its setpoints; it is left to itself for ten minutes"
        self._notices.alarm("no_control", lost if verdict is Verdict.NO_CONTROL else None)
        self._notices.alarm("battery_limited", self._tracking.weak)

    def _interval_wh(self, state: SiteState) -> float:
        """What the running interval of the demand charge has imported until now, Wh."""
        if self._meter is None or not self._clock.trusted():
            return 0.0
        ended = self._meter.seen(state.at, self._rules.step_s, state.grid_w.known)
        document = self._meter.document() if ended else None
        if document is not None:
            self._journal.keep(DOCUMENT, document)
        return self._meter.interval_wh(state.at)

    def _guarded(self, wanted: Setpoint, state: SiteState, there: Battery) -> Setpoint:
        battery = self._market.kept(there, state.at, wanted.hold_s)
        limits = replace(self._rules.limits, battery=battery, connection=self._market.connection(state.at))
        since_s = self._rules.step_s if self._last_step is None else self._clock.monotonic() - self._last_step
        last_w = None if self._lease is None else self._lease.battery_w
        return guard(wanted, state, limits, since_s, last_w if last_w is not None else state.battery_w.known)

    async def _write(self, granted: Setpoint) -> Outcome:
        monotonic = self._clock.monotonic()
        if self._lease is not None and not self._lease.must_be_replaced(granted, monotonic, self._rules.deadband_w):
            return Held()
        shares = self._units.split(granted.battery_w)
        outcome = await self._site.steer(replace(granted, shares=shares))
        self._units.told(outcome, dict(shares), monotonic)
        match outcome:
            case Applied() | Clamped():
                self.counts.written += 1
                self._unverified = granted.battery_w is not None
                if granted.battery_w is None:
                    self.counts.verified += 1  # a release is verified by its read-back alone
                self._tracking.asked(monotonic, outcome.battery_w)
                self._lease = Lease(granted.battery_w, granted.pv_limit_w, monotonic, granted.hold_s)
            case Refused():
                self.counts.refused += 1
                self._lease = None
            case Unreachable():
                self.counts.unreachable += 1
                self._lease = None
            case Held():
                pass
        return outcome

    def _note(self, granted: Setpoint, outcome: Outcome) -> None:
        before = self._decisions.last
        row = self._decisions.note(granted, outcome)
        if row is not None:
            self._journal.decision(row)
            if before is None or (before.rung, before.outcome) != (row.rung, row.outcome):
                log.info(
                    "setpoint", battery_w=row.battery_w, rung=row.rung.value, outcome=row.outcome, reason=row.reason
                )
        if not isinstance(outcome, Held):
            self._notices.alarm(
                "setpoint_failed", outcome.reason if isinstance(outcome, Refused | Unreachable) else None
            )
        for name, why in self._units.refusals.items():
            self._notices.alarm(f"setpoint_failed/{name}", why)

    def _record(self, state: SiteState, readings: Mapping[str, Mapping[Quantity, Reading]], granted: Setpoint) -> None:
        """What was seen holds until the next step is due; where that comes late, the gap stays a gap."""
        prices = self._market.at(state.at)
        points = {f"{name}.{q.value}": r.value for name, found in readings.items() for q, r in found.items()}
        self.means.add(
            state,
            points,
            self._rules.step_s,
            prices.import_price,
            prices.export_price,
            prices.carbon_kg_per_kwh,
            granted.rung,
            granted.pv_limit_w is not None,
            self._latest.clock_doubt is None,
            self._market.known_at(state.at),
        )
        if self.means.catalogue != self._catalogue:
            self._catalogue = self.means.catalogue
            self._journal.catalogue(self._catalogue)
        for row in self.means.finished(state.at):
            self._journal.minute(row)

    def flush(self) -> None:
        """Hand over the minute in the making, for the end: a row that covers less than its span."""
        for row in self.means.finished(self._clock.now() + timedelta(minutes=1)):
            self._journal.minute(row)
