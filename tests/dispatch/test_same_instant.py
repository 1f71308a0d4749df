"""Grid and battery of one instant: a loop that covers the load with it does not swing, whatever the lags are."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.alignment import Alignment
from agent.dispatch.delays_seen import DelaysSeen
from agent.dispatch.power_trace import PowerTrace
from agent.dispatch.same_instant import Delays, SameInstant
from agent.domain.site import MISSING, Measured, SiteState
from agent.monitoring.meter_lag import Lag
from tests.cycles.control_stage import START

RATING_W = 5000.0


@dataclass
class Site:
    """A load, a battery that moves ``inverter_lag_s`` after it was told, a meter ``meter_lag_s`` late."""

    meter_lag_s: int
    inverter_lag_s: int
    shown_lag_s: int = 0
    ramp_w: float = 1000.0  # a second
    told: list[float] = field(default_factory=list)
    battery: list[float] = field(default_factory=lambda: [0.0] * 60)
    grid: list[float] = field(default_factory=lambda: [0.0] * 60)

    def second(self, load_w: float) -> tuple[Measured, Measured]:
        """A second passes; what meter and battery show."""
        late = len(self.told) - 1 - self.inverter_lag_s
        aim_w = self.told[late] if late >= 0 else 0.0
        now_w = self.battery[-1]
        self.battery.append(now_w + max(-self.ramp_w, min(self.ramp_w, aim_w - now_w)))
        self.grid.append(load_w - self.battery[-1])
        return Measured(self.grid[-1 - self.meter_lag_s]), Measured(self.battery[-1 - self.shown_lag_s])


def played(site: Site, loads: list[float], delays: Delays | None = None) -> tuple[list[float], int]:
    """The grid's true power each second while the battery covers the load as it is estimated; how often it is told."""
    instant, told_w, writes = SameInstant(), 0.0, 0
    site.grid = [loads[0]] * 60
    for second, load_w in enumerate(loads):
        grid, battery = site.second(load_w)
        wanted_w = instant.update(float(second), grid, battery, delays).known
        assert wanted_w is not None
        wanted_w = max(-RATING_W, min(RATING_W, wanted_w))
        if abs(wanted_w - told_w) > 50.0:
            told_w, writes = wanted_w, writes + 1
            instant.told(float(second), wanted_w)
        site.told.append(told_w)
    return site.grid[60:], writes


def within(site: Site, margin_s: float) -> Delays:
    """The delays of ``site``, and so much on both sides of each."""
    meter_s, order_s = site.meter_lag_s - site.shown_lag_s, site.inverter_lag_s + site.shown_lag_s
    return Delays(Lag(meter_s - margin_s, meter_s + margin_s), Lag(order_s - margin_s, order_s + margin_s))


@given(
    meter=st.integers(0, 10),
    inverter=st.integers(0, 10),
    shown=st.integers(0, 10),
    before=st.integers(-4000, 4000),
    after=st.integers(-4000, 4000),
    margin=st.sampled_from([None, 3.0, 8.0]),
)
def test_a_step_is_met_once_and_stays_met(
    meter: int, inverter: int, shown: int, before: int, after: int, margin: float | None
) -> None:
    site = Site(meter, inverter, shown)
    delays = None if margin is None else within(site, margin)
    grid, writes = played(site, [float(before)] * 90 + [float(after)] * 90, delays)
    ramp_s = abs(after - before) // 1000 + 1
    for first_s, last_s in (
        (meter + inverter + 3 + abs(before) // 1000 + 1, 90),
        (90 + meter + inverter + 3 + ramp_s, 180),
    ):
        assert max(abs(watts) for watts in grid[first_s:last_s]) <= 50.0
    assert writes <= 2


@pytest.mark.parametrize(("meter", "inverter", "shown"), [(0, 1, 0), (2, 1, 0), (10, 2, 0), (2, 8, 0), (0, 2, 5)])
def test_a_load_that_rises_without_rest_is_followed_closer_where_the_delays_are_known(
    meter: int, inverter: int, shown: int
) -> None:
    rising = [500.0] * 60 + [500.0 + 30.0 * second for second in range(100)]
    far_w = []
    for known in (False, True):
        site = Site(meter, inverter, shown)
        grid, _ = played(site, rising, within(site, 3.0) if known else None)
        far_w.append(max(grid[80:]))
    assert far_w[1] < 0.8 * far_w[0]


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


@pytest.mark.parametrize("lag_s", [1, 3])
def test_a_load_that_the_battery_answers_speaks_for_no_wrong_lag(lag_s: int) -> None:
    site, alignment, told_w = Site(lag_s, 2, ramp_w=200.0), Alignment(RATING_W), 0.0
    loads = (-3000.0, 800.0, -1000.0, 4000.0, 300.0, 2500.0)
    for second in range(3600):
        grid, battery = site.second(loads[second // 97 % 6])
        wanted = alignment.align(float(second), SiteState(START, grid_w=grid, battery_w=battery)).aligned_net_load.known
        assert wanted is not None
        if abs(wanted - told_w) > 50.0:
            told_w = wanted
            alignment.told(float(second), told_w)
        site.told.append(told_w)
    assert alignment.lag is not None
    assert alignment.lag.least_s <= lag_s <= alignment.lag.most_s


def look_on(seen: DelaysSeen, site: Site, trace: PowerTrace, seconds: range, turn_s: int) -> None:
    """The battery is sent to and fro while the load is never still."""
    for second in seconds:
        order_w = 3000.0 if second // turn_s % 2 else -1000.0
        seen.told(order_w)
        site.told.append(order_w)
        grid, battery = site.second(800.0 + 40.0 * (second * 7919 % 13 - 6))
        assert battery.known is not None
        trace.add(float(second), battery.known)
        seen.look(float(second), grid, trace)


def test_delays_are_narrow_once_the_batterys_moves_have_told_them_and_wide_before() -> None:
    site, seen, trace = Site(4, 2, ramp_w=5000.0), DelaysSeen(RATING_W), PowerTrace(90.0)
    assert seen.narrow == seen.wide
    look_on(seen, site, trace, range(2400), 45)
    assert seen.narrow == Delays(meter=Lag(4.0 - 3.0, 4.0 + 3.0), order=Lag(0.0, 2.0 + 3.0))
    # What a meter shows that has become later is not clear for a while: anything is reckoned with again.
    site.meter_lag_s = 9
    found = set()
    for second in range(2400, 3000, 5):
        look_on(seen, site, trace, range(second, second + 5), 15)
        found.add(seen.narrow.meter)
    assert seen.wide.meter in found
    assert seen.narrow.meter == Lag(9.0 - 3.0, 9.0 + 3.0)


def test_what_commissioning_has_measured_is_narrow_as_soon_as_the_meter_is_known_to_hold_no_value() -> None:
    seen, trace = DelaysSeen(RATING_W, known_lag_s=2.0, known_answer_s=1.0), PowerTrace(90.0)
    assert seen.narrow.meter == seen.wide.meter
    assert seen.narrow.order == Lag(0.0, 4.0)
    for second in range(60):
        trace.add(float(second), 100.0 * (second % 2))
        seen.look(float(second), Measured(500.0 - 100.0 * (second % 2)), trace)
    assert seen.narrow.meter == Lag(2.0 - 3.0, 2.0 + 3.0)


def test_a_battery_that_is_read_every_few_seconds_leaves_the_delays_as_wide() -> None:
    seen, trace = DelaysSeen(RATING_W, known_lag_s=2.0, known_answer_s=1.0), PowerTrace(90.0)
    for second in range(120):
        if second % 5 == 0:
            trace.add(float(second), 1000.0 * (second // 5 % 2))
        seen.look(float(second), Measured(500.0 + second), trace)
    assert seen.narrow == Delays(seen.wide.meter, Lag(0.0, 1.0 + 6.0))


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
    assert trace.within(96.5, 98.0) == [970.0, 980.0]
    assert trace.within(99.5, 120.0) == []
    assert trace.largest_step_w(90.0) == 10.0
    assert trace.largest_step_w(99.0) == 0.0
