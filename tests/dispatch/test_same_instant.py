"""Grid and battery of one instant: a loop that covers the load with it does not swing, whatever the lags are."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.alignment import Alignment
from agent.dispatch.power_trace import PowerTrace
from agent.dispatch.same_instant import SameInstant
from agent.domain.site import MISSING, Measured, SiteState
from tests.cycles.control_stage import START

RATING_W = 5000.0


@dataclass
class Site:
    """A load, a battery that moves ``inverter_lag_s`` after it was told, a meter ``meter_lag_s`` late."""

    meter_lag_s: int
    inverter_lag_s: int
    shown_lag_s: int = 0
    told: list[float] = field(default_factory=list)
    battery: list[float] = field(default_factory=lambda: [0.0] * 60)
    grid: list[float] = field(default_factory=lambda: [0.0] * 60)

    def second(self, load_w: float) -> tuple[Measured, Measured]:
        """A second passes; what meter and battery show."""
        late = len(self.told) - 1 - self.inverter_lag_s
        aim_w = self.told[late] if late >= 0 else 0.0
        now_w = self.battery[-1]
        self.battery.append(now_w + max(-1000.0, min(1000.0, aim_w - now_w)))
        self.grid.append(load_w - self.battery[-1])
        return Measured(self.grid[-1 - self.meter_lag_s]), Measured(self.battery[-1 - self.shown_lag_s])


def played(site: Site, loads: list[float]) -> tuple[list[float], int]:
    """The grid's true power each second while the battery covers the load as it is estimated; how often it is told."""
    instant, told_w, writes = SameInstant(), 0.0, 0
    site.grid = [loads[0]] * 60
    for second, load_w in enumerate(loads):
        grid, battery = site.second(load_w)
        wanted_w = instant.update(float(second), grid, battery).known
        assert wanted_w is not None
        wanted_w = max(-RATING_W, min(RATING_W, wanted_w))
        if abs(wanted_w - told_w) > 50.0:
            told_w, writes = wanted_w, writes + 1
            instant.told(float(second), wanted_w)
        site.told.append(told_w)
    return site.grid[60:], writes


@given(
    meter=st.integers(0, 10),
    inverter=st.integers(0, 10),
    shown=st.integers(0, 10),
    before=st.integers(-4000, 4000),
    after=st.integers(-4000, 4000),
)
def test_a_step_is_met_once_and_stays_met(meter: int, inverter: int, shown: int, before: int, after: int) -> None:
    grid, writes = played(Site(meter, inverter, shown), [float(before)] * 90 + [float(after)] * 90)
    ramp_s = abs(after - before) // 1000 + 1
    for first_s, last_s in (
        (meter + inverter + 3 + abs(before) // 1000 + 1, 90),
        (90 + meter + inverter + 3 + ramp_s, 180),
    ):
        assert max(abs(watts) for watts in grid[first_s:last_s]) <= 50.0
    assert writes <= 2


def test_what_is_missing_is_missing_and_what_was_before_it_is_forgotten() -> None:
    instant = SameInstant()
    assert instant.update(0.0, Measured(500.0), Measured(100.0)).known == 600.0
    assert instant.update(1.0, MISSING, Measured(100.0)) == MISSING
    assert instant.update(2.0, Measured(500.0), MISSING) == MISSING
    assert instant.update(3.0, Measured(800.0), Measured(3000.0)).known == 3800.0


def test_while_the_battery_moves_the_estimate_is_only_moved_as_far_as_it_must_be() -> None:
    instant = SameInstant()
    instant.update(0.0, Measured(2000.0), Measured(0.0))
    instant.told(0.0, 2000.0)
    # The meter may show the site before or after the move; 2,000 W of load agree with both.
    assert instant.update(1.0, Measured(2000.0), Measured(2000.0)).known == 2000.0
    assert instant.update(2.0, Measured(0.0), Measured(2000.0)).known == 2000.0
    # 2,500 W of import cannot be seen with less than 2,500 W of load, nor 300 W of export with more than 1,700 W.
    assert instant.update(3.0, Measured(2500.0), Measured(2000.0)).known == 2500.0
    assert instant.update(4.0, Measured(-300.0), Measured(2000.0)).known == 1700.0
    # Once the battery has rested for the lags of meter and inverter, it is exact.
    for second in range(5, 40):
        seen = instant.update(float(second), Measured(-200.0), Measured(2000.0)).known
    assert seen == 1800.0


@pytest.mark.parametrize("lag_s", [0, 3, 8, 20])
def test_the_lag_is_learnt_from_the_batterys_own_moves(lag_s: int) -> None:
    site, alignment = Site(lag_s, 0), Alignment(RATING_W)
    site.grid = [800.0] * 60
    for second in range(900):
        site.told.append(3000.0 if second // 45 % 2 else -1000.0)
        grid, battery = site.second(800.0 + 300.0 * (second // 17 % 2))
        alignment.align(float(second), SiteState(START, grid_w=grid, battery_w=battery))
    assert alignment.lag is not None
    assert alignment.lag.least_s <= lag_s <= alignment.lag.most_s
    assert alignment.lag.most_s - alignment.lag.least_s <= 2.0
    assert (alignment.late() is None) == (lag_s <= 12)


def test_a_battery_at_rest_teaches_no_lag() -> None:
    alignment = Alignment(RATING_W)
    for second in range(600):
        grid = Measured(500.0 + 2000.0 * (second // 30 % 2))
        alignment.align(float(second), SiteState(START, grid_w=grid, battery_w=Measured(0.0)))
    assert alignment.lag is None


def test_a_trace_keeps_what_is_needed_and_refuses_what_is_old() -> None:
    trace = PowerTrace(10.0)
    for second in range(100):
        trace.add(float(second), 10.0 * second)
    trace.add(98.5, 0.0)
    assert len(trace) <= 20
    assert (trace.newest_s, trace.newest_w, trace.last_two_s()) == (99.0, 990.0, (98.0, 99.0))
    assert (trace.at(95.4), trace.at(95.6), trace.at(500.0)) == (950.0, 960.0, 990.0)
    assert trace.between(95.5, 97.0) == (960.0, 970.0)
    assert trace.between(200.0, 300.0) == (990.0, 990.0)
    assert trace.spread_w(97.0) == 20.0
