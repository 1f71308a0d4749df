"""The second part of commissioning: one battery is given its orders, through guard and driver, and watched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from agent.cli.commission_look import Eyes, facts_of
from agent.commissioning.phases import HOLD_S, Phase, is_exact, phases
from agent.commissioning.safeguard import Instant, doubt, is_over
from agent.commissioning.sighting import BatterySeen
from agent.commissioning.step_response import judged, measured, meter_findings, meter_of, told_to
from agent.dispatch.guard import Limits, guard
from agent.domain.commissioning import BatteryTest, Finding, Reversion, Step
from agent.domain.sentences import commissioning_test as told
from agent.domain.setpoint import Applied, Clamped, Held, Refused, Rung, Setpoint, Unreachable
from agent.domain.site import MISSING, Measured, SiteState
from drivers.device import Steerable
from drivers.reading import Quantity

DEADBAND_W = 20.0
LEAST_GRANTED = 0.5  # of what is asked; with less nothing is learnt
LAST_SAMPLES = 3  # after the release
MOST_TIMED_S = 360.0

Say = Callable[[str], None]


class Aborted(Exception):
    """The test has ended early. ``text`` says why in one sentence, ``code`` which finding that is."""

    def __init__(self, text: str, code: str = "aborted") -> None:
        super().__init__(text)
        self.text, self.code = text, code


@dataclass(slots=True)
class Recorder:
    """Traces from ``began_s`` (monotonic) on; each value once, at the time at which it was read."""

    began_s: float
    battery: list[tuple[float, float]] = field(default_factory=list)
    grid: list[tuple[float, float]] = field(default_factory=list)
    pv: list[tuple[float, float]] = field(default_factory=list)
    asked: list[tuple[float, float | None]] = field(default_factory=list)

    def add(self, trace: list[tuple[float, float]], at_s: float, watts: float | None) -> None:
        at = round(at_s - self.began_s, 3)
        if watts is not None and (not trace or at > trace[-1][0]):
            trace.append((at, watts))


class BatteryUnderTest:
    """One battery. ``others`` are held at 0 W meanwhile, so that they do not bring the grid to zero."""

    def __init__(self, eyes: Eyes, unit: BatterySeen, family: str, others: Sequence[str], say: Say) -> None:
        device = eyes.devices.device(unit.device)
        assert isinstance(device, Steerable)
        self.eyes, self.unit, self.device = eyes, unit, device
        self.facts = facts_of(device, family)
        self.exact = is_exact(device.actions)
        self.steps: list[Step] = []
        self.reversion: Reversion | None = None
        self.recorder = Recorder(eyes.clock.monotonic())
        self.newest: float | None = None  # the battery's power, W
        self._others, self._say = others, say
        self._state: SiteState = SiteState(eyes.clock.now())
        self._over_since_s: float | None = None
        self._granted_w = 0.0

    @property
    def net_load_w(self) -> float | None:
        """Of the newest sample, W."""
        return self._state.net_load_w

    async def run(self) -> None:
        """All orders that the device knows, one after the other. Raises Aborted."""
        self.recorder = Recorder(self.eyes.clock.monotonic())
        for _ in range(LAST_SAMPLES):
            await self.sample()
            await self.eyes.clock.sleep(self.eyes.sample_s)
        await self.sample()
        for phase in phases(self.device.actions, self.unit.test_w, self.unit.phase_s):
            await self._keep(phase)

    async def see_it_free(self) -> None:
        """After the release: the traces show what the device does by itself."""
        self.recorder.asked.append((self.now_s(), None))
        for _ in range(LAST_SAMPLES):
            await self.eyes.clock.sleep(self.eyes.sample_s)
            await self.sample()

    def now_s(self) -> float:
        """Since the test began, s."""
        return self.eyes.clock.monotonic() - self.recorder.began_s

    def result(self, released: str) -> BatteryTest:
        """What was measured until now."""
        recorder, battery = self.recorder, tuple(self.recorder.battery)
        grid, pv = tuple(recorder.grid), tuple(recorder.pv)
        found, late_s = meter_of(self.steps, battery, grid, pv, self.unit.test_w)
        return BatteryTest(
            self.unit.device,
            self.unit.test_w,
            tuple(self.steps),
            battery,
            grid,
            pv,
            tuple(recorder.asked),
            self.reversion,
            found,
            late_s,
            released,
        )

    def findings(self, test: BatteryTest) -> list[Finding]:
        """What the steps and the meter's answer to them say."""
        found = [judged(step, test.test_w, self._rating_w, test.device) for step in test.steps]
        known = [finding for finding in found if finding is not None]
        return known if any(finding.stops for finding in known) else [*known, *meter_findings(test.answer)]

    async def sample(self) -> None:
        """Look once; the traces grow."""
        state = self._state = await self.eyes.see()
        reading = self.eyes.newest.get(self.unit.device, {}).get(Quantity.BATTERY_W)
        if reading is not None and reading.value is not None:
            self.newest = reading.value
            self.recorder.add(self.recorder.battery, reading.at, reading.value)
        for trace, found in ((self.recorder.grid, state.grid_w), (self.recorder.pv, state.pv_w)):
            self.recorder.add(trace, self.eyes.seen_s - found.age_s, found.known)

    async def write(self, what: str, battery_w: float, hold_s: float = HOLD_S) -> Setpoint | None:
        """Write what the guard grants of ``battery_w``, W; what was taken stands in the trace. Raises Aborted."""
        wanted = Setpoint(self.eyes.clock.now(), battery_w, hold_s, Rung.OVERRIDE, f"commissioning: {what}")
        granted = self.granted(wanted)
        if granted.battery_w is None:
            raise Aborted(told.order_not_granted(device=self.unit.device, order=what, why=granted.reason))
        shares = ((self.unit.device, granted.battery_w), *((name, 0.0) for name in self._others))
        match await self.eyes.devices.steer(replace(granted, shares=shares if self._others else ())):
            case Held() | Clamped(battery_w=None):
                return None  # its pace runs since it was released: asked again with the next sample
            case Clamped(held_w, reason) if held_w is not None and abs(held_w) < LEAST_GRANTED * abs(granted.battery_w):
                asked_w = granted.battery_w
                text = told.order_taken_in_part(device=self.unit.device, taken_w=held_w, asked_w=asked_w, why=reason)
                raise Aborted(text)
            case Applied() | Clamped() as outcome:
                self.recorder.asked.append((self.now_s(), outcome.battery_w))
                self.eyes.told(outcome.battery_w or 0.0)
                return replace(granted, battery_w=outcome.battery_w)
            case Refused(reason) | Unreachable(reason):
                raise Aborted(told.order_not_taken(device=self.unit.device, order=what, cause=reason))

    def granted(self, wanted: Setpoint) -> Setpoint:
        """``wanted`` inside the limits of the site, by the agent's own guard."""
        eyes, now = self.eyes, self.eyes.clock.now()
        reading = eyes.newest.get(self.unit.device, {}).get(Quantity.SOC_PCT)
        soc = MISSING if reading is None else Measured(reading.value, reading.quality)
        battery = eyes.conditions.with_reserve(self.unit.battery, now, wanted.hold_s)
        limits = Limits(battery, eyes.conditions.connection(now), eyes.settings.battery.ramp_w_per_s)
        return guard(wanted, replace(self._state, soc_pct=soc), limits, eyes.sample_s, self._last_w())

    async def _keep(self, phase: Phase) -> None:
        """Give one order and hold it, refreshed at half of its life. Raises Aborted."""
        order = told_to(phase.what, phase.battery_w) if phase.battery_w else told.told_to_rest_at_zero()
        self._say(f"{self.unit.device}: {order} for {phase.for_s:z.0f} s")
        began_s, written_s, before_w = self.now_s(), 0.0, self.newest
        taken_w: float | None = None
        hold_s = min(HOLD_S, self.device.longest_hold_s)
        while self.now_s() - began_s < phase.for_s:
            wanted = Setpoint(self.eyes.clock.now(), phase.battery_w, hold_s, Rung.OVERRIDE, "")
            moved = taken_w is not None and abs((self.granted(wanted).battery_w or 0.0) - self._granted_w) > DEADBAND_W
            runs_out = taken_w is None or (self.device.reverts and self.now_s() - written_s >= hold_s / 2.0)
            if moved or runs_out:
                written_s = self.now_s()
                self._granted_w = self.granted(wanted).battery_w or 0.0
                taken = await self.write(order, phase.battery_w, hold_s)
                taken_w = taken_w if taken is None else taken.battery_w
            await self._watch(taken_w, self.now_s() - began_s, before_w)
        if taken_w is None or abs(taken_w) < LEAST_GRANTED * abs(phase.battery_w):
            allowed_w = abs(taken_w or 0.0)
            raise Aborted(told.order_allowed_in_part(device=self.unit.device, order=order, allowed_w=allowed_w))
        step = Step(phase.what, phase.battery_w, taken_w, began_s, self.now_s(), self.exact)
        self.steps.append(measured(step, tuple(self.recorder.battery), self._rating_w))
        finding = judged(self.steps[-1], self.unit.test_w, self._rating_w, self.unit.device)
        self._say(f"  {_response(self.steps[-1])}")
        if finding is not None and finding.stops:
            raise Aborted(finding.text, finding.code)

    async def _watch(self, orders_w: float | None, since_s: float, before_w: float | None) -> None:
        """Wait for the next sample, take it, and raise Aborted on any doubt."""
        await self.eyes.clock.sleep(self.eyes.sample_s)
        await self.sample()
        eyes, now_s = self.eyes, self.eyes.clock.monotonic()
        if not is_over(eyes.conditions.connection(eyes.clock.now()), self._state):
            self._over_since_s = None
        elif self._over_since_s is None:
            self._over_since_s = now_s
        over_s = 0.0 if self._over_since_s is None else now_s - self._over_since_s
        reading = eyes.newest.get(self.unit.device, {}).get(Quantity.SOC_PCT)
        soc_pct = None if reading is None else reading.value
        instant = Instant(self.unit.device, orders_w, since_s, self.newest, soc_pct, self.exact, before_w, over_s)
        report = eyes.devices.steering()
        foreign = report.foreign.get(self.unit.device) or report.left_alone or report.not_kept
        why = doubt(instant, self.unit.battery, self.unit.test_w, self._troubles(), foreign)
        if why is not None:
            raise Aborted(why)

    def _troubles(self) -> dict[str, str]:
        """Of the devices that the test needs."""
        needed = {self.unit.device} | {one.name for one in self.eyes.settings.devices if "grid" in one.roles}
        return {name: why for name, why in self.eyes.devices.troubles().items() if name in needed}

    def _last_w(self) -> float | None:
        orders = self.recorder.asked
        return orders[-1][1] if orders else self.newest

    @property
    def _rating_w(self) -> float:
        return max(self.unit.battery.charge_w, self.unit.battery.discharge_w)


def _response(step: Step) -> str:
    """One line about a step, for a person who watches."""
    if step.settled_w is None:
        return "its power was not measured"
    begun = "" if step.dead_time_s is None else f", it began after {step.dead_time_s:z.1f} s"
    return f"the battery gives {step.settled_w:+z.0f} W{begun}"
