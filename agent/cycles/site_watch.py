"""From the readings of all devices to one state of the site, and the alarms about what is wrong with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from agent.cycles.alarms import Alarms
from agent.cycles.battery_swing import BatterySwing
from agent.cycles.meter_alignment import MeterAlignment
from agent.cycles.meter_balance import MeterBalance
from agent.dispatch.battery_units import BatteryUnits
from agent.dispatch.control_mode import ControlRules
from agent.dispatch.estimate import Source, capped_suns, estimate, uncapped_sun_w
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.sentences import alarms as say
from agent.domain.setpoint import Setpoint
from agent.domain.site import SiteState
from agent.monitoring.battery_values import grid_watch, power_watch, soc_watch
from agent.monitoring.implausible_values import ImplausibleWatch
from agent.monitoring.solar_sleep import SolarSleep
from agent.monitoring.stuck_meter import StuckMeterWatch
from agent.ports import Clock, Site
from agent.site_conditions.site_conditions import SiteConditions
from drivers.reading import Quantity, Reading

LOST_AFTER_S = 15.0  # without an answer; or when its values are too old, where that is sooner

Readings = Mapping[str, Mapping[Quantity, Reading]]


class SiteWatch:
    """``batteries_changed``: with the last look one came, or went. ``remarked`` are the oddities told before."""

    def __init__(
        self,
        clock: Clock,
        site: Site,
        conditions: SiteConditions,
        alarms: Alarms,
        rules: ControlRules,
        units: BatteryUnits,
        remarked: set[tuple[str, str]] | None = None,
    ) -> None:
        self._clock, self._site, self._conditions, self._alarms = clock, site, conditions, alarms
        self._rules, self._units = rules, units
        self._stuck_meters = StuckMeterWatch(rules.frozen_s)
        self._power = power_watch(rules.roles, rules.stale_s)
        self._soc_missing = soc_watch(rules.roles, rules.stale_s)
        self._grid_missing = grid_watch(rules.roles, rules.stale_s)
        self._implausible = ImplausibleWatch(rules.roles, rules.stale_s)
        self._silent_since: dict[str, float] = {}
        self._sleep = SolarSleep(rules.roles, rules.stale_s)
        self._balance = MeterBalance(rules.limits.battery, rules.step_s, rules.roles, alarms)
        self._swing = BatterySwing(rules.largest_w, alarms)
        self._alignment = MeterAlignment(rules, alarms)
        self.remarked = set() if remarked is None else remarked
        self.batteries_changed = False
        self._uncapped_w, self._suns = 0.0, tuple[str, ...]()

    def go_by(self, rules: ControlRules) -> None:
        """Rules that ask for the same watch (``ControlRules.watched``)."""
        self._rules = rules

    def look(self, readings: Readings) -> SiteState:
        """Without a meter that contradicts the battery, and with the powers of one instant."""
        self._tell_remarks()
        state, monotonic = self._estimate(readings), self._clock.monotonic()
        state = self._balance.judged(state, monotonic)
        self._swing.look(state, monotonic)
        return self._alignment.aligned(state, monotonic)

    def _tell_remarks(self) -> None:
        """What is odd about a device, once a start."""
        for name, remarks in self._site.remarks().items():
            for remark in remarks:
                if (name, remark.text) not in self.remarked:
                    self.remarked.add((name, remark.text))
                    self._alarms.note(EventKind.DEVICE_REMARK, remark.text, name)

    def probed(self, wanted: Setpoint) -> Setpoint:
        """``wanted``, or 0 W where the meter is to be looked at, or a release where the battery swings."""
        return self._swing.left_to_itself(self._balance.probed(wanted))

    def within_reach(self, granted: Setpoint) -> Setpoint:
        """``granted``, whose cap is on all of the sun, with the cap on the part of it that can be capped."""
        if granted.pv_limit_w is None:
            return granted
        return replace(granted, pv_limit_w=max(0.0, granted.pv_limit_w - self._uncapped_w), suns=self._suns)

    def told(self, monotonic_s: float, battery_w: float | None) -> None:
        """This power was written to the battery; None released it."""
        self._balance.asked(monotonic_s, battery_w)
        self._swing.asked(monotonic_s, battery_w)
        self._alignment.told(monotonic_s, battery_w)

    def _estimate(self, readings: Readings) -> SiteState:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        frozen, troubles = self._stuck_meters.update(readings), self._site.troubles()
        sun_deg = self._conditions.place.sun_elevation_deg(now) if self._clock.trusted() else None
        readings = self._sleep.update(readings, frozen | set(troubles), sun_deg, monotonic)
        frozen -= self._sleep.asleep
        readings = self._implausible.update(readings, monotonic)
        doubts = self._units.doubts(readings, monotonic)
        sources, self.batteries_changed = self._units.look(self._sources(readings, frozen), monotonic)
        self._tell_doubts(doubts)
        self._tell_missing(readings, frozen | set(troubles), monotonic)
        self._tell_devices(frozen, troubles, monotonic)
        self._uncapped_w, self._suns = uncapped_sun_w(sources, monotonic, self._rules.stale_s), capped_suns(sources)
        return estimate(now, monotonic, sources, self._rules.stale_s)

    def _sources(self, readings: Readings, frozen: Collection[str]) -> Sequence[Source]:
        weights = {unit.device: unit.battery.usable_wh for unit in self._rules.units}
        return [
            Source(
                name,
                self._rules.roles.get(name, frozenset()),
                self._units.counted(name, found),
                name in frozen,
                self._units.is_doubted(name),
                weights.get(name, 1.0),
            )
            for name, found in readings.items()
        ]

    def _tell_doubts(self, doubts: Mapping[str, str | None]) -> None:
        for name, doubt in doubts.items():
            text = None if doubt is None else say.of_device(device=name, said=doubt)
            self._alarms.alarm(AlarmKind.SOC_JUMP, text, name)

    def _tell_missing(self, readings: Readings, silent: Collection[str], monotonic_s: float) -> None:
        powers, grids = (
            {**watch.update(readings, silent, monotonic_s), **self._implausible.told(quantity)}
            for watch, quantity in ((self._power, Quantity.BATTERY_W), (self._grid_missing, Quantity.GRID_W))
        )
        for name, gone in powers.items():
            self._alarms.alarm(AlarmKind.BATTERY_POWER_MISSING, gone, name)
        for name, gone in grids.items():
            self._alarms.alarm(AlarmKind.GRID_POWER_MISSING, gone, name)
        for name, gone in self._soc_missing.update(readings, silent, monotonic_s).items():
            self._alarms.alarm(AlarmKind.SOC_MISSING, None if powers.get(name) else gone, name)  # one cause, one alarm

    def _tell_devices(self, frozen: Collection[str], troubles: Mapping[str, str], monotonic_s: float) -> None:
        """A radio link loses an answer now and then, and the next one comes: that changes nothing of what stands."""
        for name in self._rules.roles:
            lost = None if name in self._sleep.asleep else troubles.get(name)
            if lost is None:
                self._silent_since.pop(name, None)
            since = self._silent_since.setdefault(name, monotonic_s) if lost else -float("inf")
            if monotonic_s - since >= min(LOST_AFTER_S, self._rules.stale_s):
                told = None if lost is None else say.device_lost(device=name, cause=lost)
                self._alarms.alarm(AlarmKind.DEVICE_LOST, told, name)
            self._alarms.alarm(AlarmKind.FROZEN, say.frozen(device=name) if name in frozen else None, name)
