"""Plans and fast loop over the turn of a month, minute by minute: the new month's peak is neither set for nothing nor
feared so much that the battery is given away."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.dispatch.demand_meter import DemandMeter
from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.domain.battery import Battery, soc_after
from agent.domain.demand_charge import DemandCharge
from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.domain.plan import PeakPrice, Plan, ValueTable
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.make_plan import make_plan
from tests.planning.days import request

LONDON = ZoneInfo("Europe/London")
TURN = datetime(2026, 6, 30, 23, tzinfo=UTC)  # midnight in London
BATTERY = Battery(10_000, 5_000, 5_000, 0.95, 0.95, soc_min_pct=0, soc_max_pct=100)
CHEAP_FROM, CHEAP_TO, CHEAP, DEAR = 23, 4, 0.05, 0.30  # hours UTC: the night rate begins with the month
BASE_W, EVENING_W = 2_000.0, 7_000.0
STEPS = 96


def load_w(at: datetime) -> float:
    """2 kW, and 7 kW from 17:00 to 18:00 UTC: 4.5 of 5 kWh above the rest can be held."""
    return EVENING_W if at.hour == 17 else BASE_W


def price(at: datetime) -> float:
    return CHEAP if at.hour >= CHEAP_FROM or at.hour < CHEAP_TO else DEAR


@dataclass
class Played:
    """One site, planned each quarter with a forecast that is right, followed each minute."""

    charge: DemandCharge
    soc_pct: float
    peak_w: float
    past: bool = True
    plans: list[Plan] = field(default_factory=list)
    minutes: list[tuple[datetime, float, float]] = field(default_factory=list)  # start, grid W, SoC after it

    def go(self, start: datetime, hours: float, load: Callable[[datetime], float] = load_w) -> "Played":
        meter = DemandMeter(self.charge, LONDON)
        if self.peak_w:
            meter.add(start - timedelta(hours=2), 3600.0, 3600.0, self.peak_w)
        for minute in range(round(hours * 60)):
            at = start + timedelta(minutes=minute)
            if minute % 15 == 0:
                meter.seen(at, 60.0, None)
                self.plans.append(self._plan(at, meter, load))
            plan = self.plans[-1]
            moment = Moment(at, load(at), self.soc_pct, price(at), 0.0, interval_wh=meter.interval_wh(at))
            decision = economic_dispatch(plan, moment, BATTERY, Connection())
            assert decision is not None
            self.soc_pct = soc_after(BATTERY, self.soc_pct, decision.battery_w, 1 / 60)
            grid_w = load(at) - decision.battery_w
            meter.seen(at, 60.0, grid_w)
            self.minutes.append((at, grid_w, self.soc_pct))
        return self

    def _plan(self, at: datetime, meter: DemandMeter, load: Callable[[datetime], float]) -> Plan:
        horizon = Horizon(at, 900, STEPS)
        asked = replace(
            request(steps=STEPS, step_s=900),
            now=at,
            horizon=horizon,
            soc_pct=self.soc_pct,
            battery=BATTERY,
            connection=Connection(),
            import_price=tuple(price(one) for one in horizon.times()),
            export_price=(0.0,) * STEPS,
            carbon_kg_per_kwh=(0.0,) * STEPS,
            demand=meter.demand(at),
        )
        values = tuple(load(one) for one in horizon.times())
        loads = Forecast("load_w", horizon, (0.5,), (values,), "known", at)
        sun = Forecast("pv_w", horizon, (0.5,), ((0.0,) * STEPS,), "known", at)
        before = [load_w(at - timedelta(seconds=900 * i)) for i in range(31 * 96, 0, -1)]
        plan = make_plan(asked, SiteForecast(loads, sun), 10.0, np.array(before) if self.past else None)
        assert check_plan(plan, asked) == []
        return plan

    def peak_after(self, turn: datetime) -> float:
        """The highest mean import of an interval from ``turn`` on, W."""
        minutes = self.charge.interval_s // 60
        grid = np.array([grid_w for at, grid_w, _ in self.minutes if at >= turn])
        return float(np.maximum(grid[: len(grid) // minutes * minutes], 0.0).reshape(-1, minutes).mean(axis=1).max())

    def soc_at(self, at: datetime) -> float:
        return next(soc_pct for one, _, soc_pct in self.minutes if one >= at)


@pytest.mark.parametrize(("per_kw", "least_w", "most_w"), [(15.0, 3_900.0, 4_200.0), (60.0, BASE_W, 3_500.0)])
@pytest.mark.parametrize("interval_s", [900, 1800, 3600])
def test_a_new_month_sets_no_peak_for_nothing_and_keeps_the_battery(
    interval_s: int, per_kw: float, least_w: float, most_w: float
) -> None:
    """The old month has paid for 9 kW. At midnight energy becomes cheap, and a full charge would import 7 kW.

    A kW saves 1.1 a day for as long as it takes five hours to fill the battery, at 4.1 kW: for 15 that pays within a
    month that may pass it anyway, for 60 it does not.
    """
    played = Played(DemandCharge(per_kw, interval_s), 60.0, 9_000.0).go(TURN - timedelta(hours=2), 7)
    (plan,) = [one for one in played.plans if one.horizon.start == TURN]
    assert plan.values.peak is not None
    held_w = plan.values.peak.threshold_w[0]
    assert least_w < held_w < most_w
    assert played.peak_after(TURN) <= held_w * 1.01 + 1.0
    assert played.soc_at(TURN + timedelta(hours=4)) > played.soc_at(TURN) + 8.0  # it charges below the peak
    assert played.soc_at(TURN + timedelta(minutes=30)) >= played.soc_at(TURN) - 0.5


@pytest.mark.parametrize("interval_s", [900, 3600])
@pytest.mark.parametrize(("past", "risen_pct"), [(True, 8.0), (False, 0.0)])
def test_a_peak_that_is_unknown_after_a_crash_is_as_a_new_month(interval_s: int, past: bool, risen_pct: float) -> None:
    """In mid-month, with nothing known of the month's peak and perhaps not of the past either: the cheap hours are used
    as far as the peak allows that can be held anyway, and the battery is not emptied for less.
    """
    crash = datetime(2026, 6, 12, 22, 15, tzinfo=UTC)
    played = Played(DemandCharge(15.0, interval_s), 60.0, 0.0, past).go(crash, 6)
    (plan,) = [one for one in played.plans if one.horizon.start == crash + timedelta(hours=1)]
    assert plan.values.peak is not None
    held_w = plan.values.peak.threshold_w[0]
    assert held_w > BASE_W
    assert played.peak_after(crash + timedelta(minutes=45)) <= held_w * 1.01 + 1.0
    night = datetime(2026, 6, 12, 23, tzinfo=UTC)
    assert played.soc_at(night + timedelta(hours=5)) > played.soc_at(night) + risen_pct


def test_an_evening_above_what_can_be_held_is_cut_to_the_peak() -> None:
    """An hour of 7 kW: the fast loop holds every quarter of it, with a forecast that does not know of it."""
    start = datetime(2026, 7, 2, 16, tzinfo=UTC)
    played = Played(DemandCharge(15.0, 900), 80.0, 0.0).go(start, 2.5)
    assert played.plans[0].values.peak is not None
    assert played.peak_after(start) <= played.plans[0].values.peak.threshold_w[0] * 1.02 + 1.0


# --- the fast loop within one interval --------------------------------------------------------------------------------


def held_plan(start: datetime, interval_s: int, threshold_w: float, worth_per_kwh: float) -> Plan:
    """A stored kWh is worth the same at every SoC; the demand peak is ``threshold_w``."""
    horizon = Horizon(start, 900, 8)
    peak = PeakPrice(interval_s, (threshold_w,) * 8, (15.0,) * 8, (0,) * 8)
    row = (0.0, worth_per_kwh * BATTERY.usable_wh / 1000.0)
    flat = Forecast("load_w", horizon, (0.5,), ((0.0,) * 8,), "none", start)
    values = ValueTable((0.0, 100.0), (row,) * 8, peak=peak)
    return Plan(start, horizon.end, horizon, (), values, flat, flat)


@pytest.mark.parametrize(
    ("interval_s", "loads_kw"),
    [
        (3600, (2.0, 2.0, 7.0, 7.0)),  # what was saved at first may be used later
        (3600, (7.0, 7.0, 2.0, 2.0)),
        (3600, (1.0, 8.5, 1.0, 8.5)),
        (1800, (2.0, 7.0, 7.0, 2.0)),
        (900, (2.0, 7.0, 4.5, 3.0)),
    ],
)
def test_the_mean_of_an_interval_is_held_with_the_energy_that_is_left(
    interval_s: int, loads_kw: tuple[float, ...]
) -> None:
    """Second by second; energy is worth more than it costs now, so that nothing but the peak makes it discharge."""
    start, threshold_w = datetime(2026, 6, 10, 12, tzinfo=UTC), 4_000.0
    plan = held_plan(start, interval_s, threshold_w, 0.40)
    meter, soc_pct, grid = DemandMeter(DemandCharge(15.0, interval_s), LONDON), 80.0, []
    for second in range(0, 3600, 5):
        at = start + timedelta(seconds=second)
        net_w = 1000.0 * loads_kw[second // 900]
        moment = Moment(at, net_w, soc_pct, 0.30, 0.0, interval_wh=meter.interval_wh(at))
        decision = economic_dispatch(plan, moment, BATTERY, Connection())
        assert decision is not None
        grid.append(net_w - decision.battery_w)
        soc_pct = soc_after(BATTERY, soc_pct, decision.battery_w, 5 / 3600)
        meter.seen(at, 5.0, grid[-1])
    means = np.maximum(grid, 0.0).reshape(3600 // interval_s, -1).mean(axis=1)
    assert means.max() <= threshold_w * 1.01
    # Nothing is given away: below the peak the battery charges from energy that is worth more than its price.
    assert means.min() >= threshold_w * 0.9
