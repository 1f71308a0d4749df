"""The simulated site: a meter, a hybrid inverter, its solar roof and its battery, brought forward to any time."""

import math
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from simulator.noise import smooth
from simulator.orders import Accepted, Band, Cap, Ending, Ramp, UnderWay
from simulator.physics import (
    SECONDS_PER_HOUR,
    BatterySpec,
    battery_step,
    grid_power_w,
    pv_output_w,
    self_consumption_w,
)
from simulator.plant_state import Counters, PlantState
from simulator.traces import Trace

_REACHED_SHARE = 0.02
_RECHARGE_BELOW_PCT = 2.0  # percentage points under the reserve at which a device that recharges begins to
_KEPT_ORDERS = 4096
_REGULATION_SEED, _REGULATION_S = 921, 4.0
_KEPT_STATES = 4096


class Plant:
    """Obeys the orders it was given until they lapse, else covers the net load and stores the surplus.

    ``now`` is the plant's clock (aware times); orders lapse on it. ``advance`` steps at most ``substep_s`` seconds at a
    time and never across a minute of the trace. ``inverter_w`` is the AC rating, shared by sun and battery; by default
    it is large enough for both. ``reserve_pct`` is the device's own floor for discharging. ``grid_charging`` False
    keeps the battery from charging with more than the solar power. ``recharge_w`` above 0 makes a device that follows
    its own rule charge with that power from the grid when it is well below its reserve. ``regulation_w`` is how far the
    battery's power wanders around what it aims at, as real ones do; by default 0.1 % of its rating.
    """

    def __init__(
        self,
        trace: Trace,
        battery: BatterySpec,
        pv_rated_w: float,
        now: Callable[[], datetime],
        *,
        soc_pct: float = 50.0,
        reserve_pct: float = 5.0,
        inverter_w: float | None = None,
        substep_s: float = 15.0,
        ramp: Ramp | None = None,
        regulation_w: float | None = None,
    ) -> None:
        if not 0.0 <= soc_pct <= 100.0:
            raise ValueError(f"the battery cannot start at {soc_pct} %")
        if substep_s <= 0.0:
            raise ValueError("a sub-step must last longer than 0 s")
        self.trace = trace
        self.battery = battery
        self.pv_rated_w = pv_rated_w
        self.inverter_w = pv_rated_w + battery.discharge_w if inverter_w is None else inverter_w
        self.reserve_pct = reserve_pct
        self.grid_charging = True
        self.recharge_w = 0.0
        self.connected = True
        self.rating_share = 1.0  # what heat, cold or age leave of the battery's ratings
        self.gives = self.takes = True  # whether it discharges and charges at all
        self.counters = Counters()
        self.orders: deque[Accepted] = deque(maxlen=_KEPT_ORDERS)
        self._now = now
        self._substep_s = substep_s
        self._rated_w = max(battery.charge_w, battery.discharge_w)
        self._regulation_w = 0.001 * self._rated_w if regulation_w is None else regulation_w
        self.ramp = ramp if ramp is not None else Ramp()
        self._stored_wh = battery.usable_wh * soc_pct / 100.0
        self._at_s = now().timestamp()
        self._band: Band | None = None
        self._cap: Cap | None = None
        self._recharging = False
        self._under_way = UnderWay()
        self._off_until_s = -math.inf
        self._delivered_w = 0.0
        self._state = self._still()
        self._past: deque[PlantState] = deque([self._state], maxlen=_KEPT_STATES)

    @property
    def state(self) -> PlantState:
        """The site when it was last brought forward."""
        return self._state

    def state_before(self, seconds: float) -> PlantState:
        """The site as it was ``seconds`` before it was last brought forward; the oldest known for a longer time."""
        at_s = self._at_s - seconds
        return next((state for state in reversed(self._past) if state.at.timestamp() <= at_s), self._past[0])

    @property
    def band(self) -> Band | None:
        """What rules the battery, None for the device's own rule."""
        return self._band

    @property
    def cap(self) -> Cap | None:
        """What limits the output of the inverter, None for nothing."""
        return self._cap

    def recalibrate(self, soc_pct: float) -> None:
        """The battery's gauge finds that it was wrong, and shows ``soc_pct`` from now on."""
        self.bring_to_now()
        self._stored_wh = self.battery.usable_wh * soc_pct / 100.0

    @property
    def soc_pct(self) -> float:
        return 100.0 * self._stored_wh / self.battery.usable_wh

    def now(self) -> datetime:
        return self._now()

    def bring_to_now(self) -> PlantState:
        """Advance to the plant's own clock."""
        return self.advance(self._now())

    def advance(self, to: datetime) -> PlantState:
        """Bring the site to ``to``; a time that has passed changes nothing. Raises TraceError where the trace ends."""
        end_s = to.timestamp()
        while self._at_s < end_s:
            self._lapse()
            until_s = min(end_s, self._at_s + self._substep_s, self._next_event_s())
            self._step(until_s - self._at_s)
            self._at_s = until_s
        self._lapse()
        return self._state

    def order(
        self, low_w: float, high_w: float, hold_s: float | None = None, after: Band | None = None, grid_w: float = 0.0
    ) -> Band:
        """Keep the battery inside ``low_w``..``high_w`` (equal: a setpoint) for ``hold_s`` seconds, None for ever.

        In between it brings the grid to ``grid_w``.
        """
        self.bring_to_now()
        lapses_at = None if hold_s is None else self._at_s + hold_s
        if not (math.isfinite(low_w) and math.isfinite(high_w) and low_w <= high_w):
            raise ValueError(f"the battery cannot be kept inside {low_w}..{high_w} W")
        before, band = self._band, Band(low_w, high_w, lapses_at, after, grid_w)
        self._end_order("replaced")
        if before is None or (before.low_w, before.high_w, before.grid_w) != (low_w, high_w, grid_w):
            self._under_way.add(self._at_s + self.ramp.dead_time_s, band)
        self._band = band
        if self.orders and self.orders[-1].ending == "replaced" and self.orders[-1].in_force_s == 0.0:
            self.orders.pop()  # a setting of the same request: it never ruled
        self.orders.append(Accepted(self._time(self._at_s), band))
        return band

    def release(self) -> None:
        """Give the battery back to the device's own rule."""
        self.bring_to_now()
        self._end_order("released")

    def cap_output(self, output_w: float, hold_s: float | None = None, after: Cap | None = None) -> Cap:
        """Let sun and battery together deliver at most ``output_w`` for ``hold_s`` seconds, None for ever."""
        self.bring_to_now()
        self._cap = Cap(output_w, None if hold_s is None else self._at_s + hold_s, after)
        return self._cap

    def lift_cap(self) -> None:
        """End the cap on the output."""
        self.bring_to_now()
        self._cap = None

    def reboot(self, off_s: float) -> None:
        """The inverter forgets its orders and gives no power for ``off_s`` seconds from where the plant stands."""
        self._end_order("reboot")
        self._cap = None
        self._off_until_s = self._at_s + off_s
        self._delivered_w = 0.0

    def seconds_left(self, lapses_at: float | None) -> float:
        """How long an order still holds, s; 0 for one that never lapses or already has."""
        return 0.0 if lapses_at is None else max(0.0, lapses_at - self._at_s)

    def mode(self) -> str:
        """What rules the battery, for a person: ``self-consumption`` or ``setpoint 1500 W, 43 s left``."""
        if not self._online():
            return "off"
        if self._band is None:
            return "self-consumption"
        band = self._band
        power = (
            f"setpoint {band.low_w:z.0f} W" if band.is_setpoint else f"limits {band.low_w:z.0f}..{band.high_w:z.0f} W"
        )
        left = "for ever" if band.lapses_at is None else f"{self.seconds_left(band.lapses_at):z.0f} s left"
        return f"{power}, {left}"

    def _lapse(self) -> None:
        while self._band is not None and self._band.lapses_at is not None and self._band.lapses_at <= self._at_s:
            after = self._band.after
            self._end_order("lapsed")
            if after is not None:
                self._band = after
                self._under_way.add(self._at_s, after)
        while self._cap is not None and self._cap.lapses_at is not None and self._cap.lapses_at <= self._at_s:
            self._cap = self._cap.after

    def _end_order(self, ending: Ending) -> None:
        if self.orders and self.orders[-1].ending is None:
            self.orders[-1].ending = ending
            self.orders[-1].ended = self._time(self._at_s)
        if ending != "replaced":
            self._under_way.clear()
        self._band = None

    def _next_event_s(self) -> float:
        """The next time at which something changes by itself."""
        times = [(math.floor(self._at_s / self.trace.held_s) + 1.0) * self.trace.held_s]
        times += [one.lapses_at for one in (self._band, self._cap) if one is not None and one.lapses_at is not None]
        times += [self._off_until_s, *self._under_way.acts_s]
        return min(time for time in times if time > self._at_s)

    def _step(self, seconds: float) -> None:
        moment = self.trace.at(self._time(self._at_s))
        online = self._online()
        cap_w = math.inf if self._cap is None else self._cap.output_w
        rated_w = min(self.pv_rated_w, self.inverter_w)
        pv_w = pv_output_w(moment.pv_available_w, rated_w) if online else 0.0
        wanted_w = min(cap_w, self._wanted_w(moment.load_w, pv_w)) if online else 0.0
        asked_w = self._ramped(wanted_w, seconds) if online else 0.0
        step = battery_step(
            self.battery, self._stored_wh, asked_w, seconds, self.battery.usable_wh * self.reserve_pct / 100.0
        )
        self._stored_wh, self._delivered_w = step.stored_wh, step.battery_w
        pv_w = pv_output_w(pv_w, rated_w, cap_w - step.battery_w)
        self._state = PlantState(
            at=self._time(self._at_s + seconds),
            load_w=moment.load_w,
            pv_w=pv_w,
            battery_w=step.battery_w,
            grid_w=grid_power_w(moment.load_w, pv_w, step.battery_w),
            soc_pct=self.soc_pct,
            stored_wh=step.stored_wh,
            pv_available_w=moment.pv_available_w,
            online=online,
        )
        self._past.append(self._state)
        self.counters.add(seconds / SECONDS_PER_HOUR, self._state, step.loss_wh)
        self._note_order(seconds)

    def _wanted_w(self, load_w: float, pv_w: float) -> float:
        """What the device asks of its battery: its own rule, kept inside the order and its own limits."""
        wanted_w = self_consumption_w(load_w, pv_w)
        if (acting := self._under_way.acting(self._at_s)) is not None:
            wanted_w = max(acting.low_w, min(acting.high_w, wanted_w - acting.grid_w))
        if abs(wanted_w) > self._regulation_w:
            wanted_w += self._regulation_w * (2.0 * smooth(_REGULATION_SEED, self._at_s / _REGULATION_S) - 1.0)
        if not self.grid_charging:
            wanted_w = max(wanted_w, -pv_w)
        if self._recharges() and self._band is None:
            wanted_w = min(wanted_w, -self.recharge_w)
        wanted_w = max(-self.battery.charge_w * self.rating_share * self.takes, wanted_w)
        wanted_w = min(self.battery.discharge_w * self.rating_share * self.gives, wanted_w)
        return max(-self.inverter_w - pv_w, min(self.inverter_w - pv_w, wanted_w))

    def _recharges(self) -> bool:
        if self.recharge_w <= 0.0 or self.soc_pct >= self.reserve_pct:
            self._recharging = False
        elif self.soc_pct < self.reserve_pct - _RECHARGE_BELOW_PCT:
            self._recharging = True
        return self._recharging

    def _ramped(self, wanted_w: float, seconds: float) -> float:
        if seconds > self.ramp.longest_step_s:
            return wanted_w
        if self._band is not None and self._under_way.acting(self._at_s) is None:
            return self._delivered_w
        change_w = self.ramp.pct_per_s / 100.0 * self._rated_w * seconds
        return max(self._delivered_w - change_w, min(self._delivered_w + change_w, wanted_w))

    def _note_order(self, seconds: float) -> None:
        if self._band is None or not self.orders or self.orders[-1].ending is not None:
            return
        record = self.orders[-1]
        record.in_force_s += seconds
        near_w = _REACHED_SHARE * self._rated_w
        if self._band.low_w - near_w <= self._delivered_w <= self._band.high_w + near_w:
            record.reached = True

    def _online(self) -> bool:
        return self.connected and self._at_s >= self._off_until_s

    def _still(self) -> PlantState:
        """The site before its first step: what the trace says, the battery at rest."""
        at = self._time(self._at_s)
        moment = self.trace.at(at)
        pv_w = pv_output_w(moment.pv_available_w, min(self.pv_rated_w, self.inverter_w))
        grid_w = grid_power_w(moment.load_w, pv_w, 0.0)
        return PlantState(
            at, moment.load_w, pv_w, 0.0, grid_w, self.soc_pct, self._stored_wh, moment.pv_available_w, True
        )

    @staticmethod
    def _time(epoch_s: float) -> datetime:
        return datetime.fromtimestamp(epoch_s, UTC)
