"""Whatever comes in, what goes out is inside the limits."""

import math
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.guard import Limits, guard
from agent.domain.battery import Battery
from agent.domain.request import Objective, Place
from agent.domain.reserve import Reserve
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import MISSING, Connection, Measured, SiteState
from agent.domain.tariff import Flat, TimeOfUse, Window
from agent.site_conditions.site_conditions import SiteConditions
from drivers.reading import Quality

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BATTERY = Battery(usable_wh=10_000, charge_w=5000, discharge_w=4000, soc_min_pct=10, soc_max_pct=90, reserve_pct=20)

anything = st.floats(allow_nan=True, allow_infinity=True)
watts = st.floats(-50_000, 50_000)


def wanted(battery_w: float | None, hold_s: float = 60.0) -> Setpoint:
    return Setpoint(NOW, battery_w, hold_s, Rung.PLAN, "asked")


def state(net_load_w: float = 1000.0, soc_pct: float = 50.0) -> SiteState:
    return SiteState(NOW, grid_w=Measured(net_load_w), battery_w=Measured(0.0), soc_pct=Measured(soc_pct))


@st.composite
def batteries(draw: st.DrawFn) -> Battery:
    low = draw(st.floats(0, 60))
    return Battery(
        usable_wh=draw(st.floats(500, 1e6)),
        charge_w=draw(st.floats(0, 1e5)),
        discharge_w=draw(st.floats(0, 1e5)),
        charge_efficiency=draw(st.floats(0.5, 1)),
        discharge_efficiency=draw(st.floats(0.5, 1)),
        soc_min_pct=low,
        soc_max_pct=draw(st.floats(low + 1, 100)),
        reserve_pct=draw(st.floats(0, 60)),
    )


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    if draw(st.booleans()):
        return Measured(draw(anything), draw(st.sampled_from([q for q in Quality if q is not Quality.MISSING])))
    return MISSING


limit = st.none() | st.floats(0, 1e5)


@given(
    asked=anything | st.none(),
    hold_s=anything,
    grid=measured(),
    battery_w=measured(),
    soc=measured(),
    battery=batteries(),
    connection=st.builds(Connection, limit, limit),
    ramp=st.none() | st.floats(0, 1e5),
    since_s=st.floats(-10, 1e4),
    last_w=st.none() | watts,
)
def test_nothing_unsafe_leaves_the_guard(
    asked: float | None,
    hold_s: float,
    grid: Measured,
    battery_w: Measured,
    soc: Measured,
    battery: Battery,
    connection: Connection,
    ramp: float | None,
    since_s: float,
    last_w: float | None,
) -> None:
    seen = SiteState(NOW, grid_w=grid, battery_w=battery_w, soc_pct=soc)
    granted = guard(wanted(asked, hold_s), seen, Limits(battery, connection, ramp), since_s, last_w)
    if granted.battery_w is None:
        return
    assert math.isfinite(granted.battery_w)
    assert -battery.charge_w <= granted.battery_w <= battery.discharge_w
    assert soc.known is not None
    hours = hold_s / 3600
    taken_wh = max(granted.battery_w, 0) * hours / battery.discharge_efficiency
    stored_wh = max(-granted.battery_w, 0) * hours * battery.charge_efficiency
    slack = 1e-6 * battery.usable_wh
    assert taken_wh <= max(0.0, battery.stored_wh(soc.known - battery.floor_pct)) + slack
    assert stored_wh <= max(0.0, battery.stored_wh(battery.soc_max_pct - soc.known)) + slack


@given(asked=watts, net=watts, soc=st.floats(30, 80), limits=st.builds(Connection, limit, limit))
def test_connection_limits_hold_wherever_the_battery_can_hold_them(
    asked: float, net: float, soc: float, limits: Connection
) -> None:
    granted = guard(wanted(asked), state(net, soc), Limits(BATTERY, limits), 1.0, None)
    assert granted.battery_w is not None
    grid_w = net - granted.battery_w
    if limits.import_limit_w is not None and net - limits.import_limit_w <= BATTERY.discharge_w:
        assert grid_w <= limits.import_limit_w + 1e-6
    if limits.export_limit_w is not None and net + limits.export_limit_w >= -BATTERY.charge_w:
        assert -grid_w <= limits.export_limit_w + 1e-6


@given(asked=watts, last=st.floats(-4000, 4000), since=st.floats(0, 60))
def test_the_ramp_holds(asked: float, last: float, since: float) -> None:
    granted = guard(wanted(asked), state(), Limits(BATTERY, Connection(), 100.0), since, last)
    assert granted.battery_w is not None
    assert abs(granted.battery_w - last) <= 100.0 * since + 1e-6


@pytest.mark.parametrize(
    ("asked", "seen", "expected", "why"),
    [
        (3000.0, state(), 3000.0, "asked"),
        (9000.0, state(), 4000.0, "asked; the battery's rating binds"),
        (-9000.0, state(), -5000.0, "asked; the battery's rating binds"),
        (2000.0, state(soc_pct=20.0), 0.0, "asked; the SoC window binds"),
        (2000.0, state(soc_pct=15.0), 0.0, "asked; the SoC window binds"),
        (-2000.0, state(soc_pct=90.0), 0.0, "asked; the SoC window binds"),
        (-2000.0, state(soc_pct=19.0), -2000.0, "asked"),
    ],
)
def test_table(asked: float, seen: SiteState, expected: float, why: str) -> None:
    granted = guard(wanted(asked), seen, Limits(BATTERY, Connection()), 1.0, None)
    assert granted.battery_w == pytest.approx(expected)
    assert granted.reason == why


@pytest.mark.parametrize(
    ("asked", "net_load_w", "connection", "expected", "why"),
    [
        (-2000.0, 1000.0, Connection(2000.0, None), -1000.0, "asked; the connection point's limit binds"),
        (0.0, 5000.0, Connection(2000.0, None), 3000.0, "asked; the connection point's limit binds"),
        (2000.0, 1000.0, Connection(None, 500.0), 1500.0, "asked; the connection point's limit binds"),
        (0.0, -3000.0, Connection(None, 500.0), -2500.0, "asked; the connection point's limit binds"),
        (1000.0, 1000.0, Connection(2000.0, 500.0), 1000.0, "asked"),
    ],
)
def test_the_connection_asks_for_no_more_than_it_needs(
    asked: float, net_load_w: float, connection: Connection, expected: float, why: str
) -> None:
    granted = guard(wanted(asked), state(net_load_w), Limits(BATTERY, connection), 1.0, None)
    assert (granted.battery_w, granted.reason) == (expected, why)


@pytest.mark.parametrize(
    ("asked", "net_load_w", "expected"),
    [
        (3000.0, 1000.0, 1000.0),
        (3000.0, -500.0, 0.0),
        (500.0, 1000.0, 500.0),
        (9000.0, 9000.0, 4000.0),
        (-2000.0, 0.0, -2000.0),
    ],
)
def test_a_battery_that_cannot_feed_the_grid_discharges_for_the_load_alone(
    asked: float, net_load_w: float, expected: float
) -> None:
    alone = replace(BATTERY, feeds_grid=False)
    assert guard(wanted(asked), state(net_load_w), Limits(alone, Connection()), 1.0, None).battery_w == expected
    assert alone.most_discharge_w(net_load_w) == min(4000.0, max(0.0, net_load_w))


@pytest.mark.parametrize(
    ("asked", "since_s", "last_w", "expected"),
    [
        (3000.0, 5.0, 1000.0, 1500.0),
        (-3000.0, 5.0, 1000.0, 500.0),
        (1200.0, 5.0, 1000.0, 1200.0),
        (3000.0, -5.0, 1000.0, 1000.0),  # the clock of the steps stands still: nothing changes, nothing leaps
        (3000.0, 5.0, None, 3000.0),
    ],
)
def test_the_ramp_leads_from_what_was_in_force_to_what_is_asked(
    asked: float, since_s: float, last_w: float | None, expected: float
) -> None:
    assert guard(wanted(asked), state(), Limits(BATTERY, Connection(), 100.0), since_s, last_w).battery_w == expected


def test_a_limit_of_the_connection_is_kept_at_once_and_not_by_the_ramp() -> None:
    granted = guard(wanted(0.0), state(5000.0), Limits(BATTERY, Connection(2000.0, None), 100.0), 1.0, 0.0)
    assert granted.battery_w == 3000.0


@pytest.mark.parametrize(
    ("asked", "hold_s"),
    [(math.nan, 60.0), (math.inf, 60.0), (1000.0, math.nan), (1000.0, math.inf), (1000.0, 0.0), (1000.0, -60.0)],
)
def test_an_order_that_is_no_number_or_lasts_no_time_is_released(asked: float, hold_s: float) -> None:
    granted = guard(replace(wanted(asked, hold_s), pv_limit_w=0.0), state(), Limits(BATTERY, Connection()), 1.0, None)
    assert (granted.battery_w, granted.pv_limit_w, granted.rung) == (None, None, Rung.RELEASE)


@pytest.mark.parametrize(
    ("net_load_w", "soc_pct"), [(math.inf, 50.0), (math.nan, 50.0), (0.0, 101.0), (0.0, -1.0), (0.0, math.nan)]
)
def test_what_cannot_be_is_not_acted_on(net_load_w: float, soc_pct: float) -> None:
    granted = guard(wanted(1000.0), state(net_load_w, soc_pct), Limits(BATTERY, Connection()), 1.0, None)
    assert granted.battery_w is None


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (SiteState(NOW, soc_pct=Measured(50.0)), "released: the grid power is missing"),
        (SiteState(NOW, grid_w=Measured(1.0), battery_w=Measured(0.0)), "released: the state of charge is missing"),
        (
            SiteState(NOW, Measured(1.0, Quality.STALE, 99.0), battery_w=Measured(0.0), soc_pct=Measured(50.0)),
            "released: the grid power is stale",
        ),
        (
            SiteState(NOW, Measured(1.0, Quality.FROZEN), battery_w=Measured(0.0), soc_pct=Measured(50.0)),
            "released: the grid power is frozen",
        ),
    ],
)
def test_what_cannot_be_judged_is_released(seen: SiteState, why: str) -> None:
    granted = guard(wanted(1000.0), seen, Limits(BATTERY, Connection()), 1.0, None)
    assert granted.battery_w is None
    assert granted.rung is Rung.RELEASE
    assert granted.reason == why


@given(
    asked=watts,
    soc=st.floats(0, 100),
    before_s=st.floats(-120, 120),
    hold_s=st.floats(10, 600),
    kept=st.floats(10, 90),
    rises_by=st.floats(0, 60),
)
def test_no_lease_takes_the_battery_through_a_reserve_that_rises_while_it_holds(
    asked: float, soc: float, before_s: float, hold_s: float, kept: float, rises_by: float
) -> None:
    """The reserve rises at 16:00; the setpoint is given ``before_s`` seconds before that."""
    rises = datetime(2026, 1, 14, 16, tzinfo=UTC)
    now = rises - timedelta(seconds=before_s)
    windows = (Window(kept + rises_by, time(16), time(21)),)
    objective, place = Objective(), Place(51.5, 0.0, "Europe/London")
    conditions = SiteConditions(Flat(0.3), Flat(0.0), 0.0, Connection(), objective, place,
                    Reserve(TimeOfUse(kept, windows, "Europe/London")))  # fmt: skip
    battery = conditions.with_reserve(BATTERY, now, hold_s)
    setpoint = Setpoint(now, asked, hold_s, Rung.PLAN, "asked")
    granted = guard(setpoint, replace(state(soc_pct=soc), at=now), Limits(battery, Connection()), 1.0, None)
    assert granted.battery_w is not None
    floor = kept + rises_by if before_s <= hold_s else kept
    taken_pct = max(granted.battery_w, 0.0) * hold_s / 3600.0 / BATTERY.discharge_efficiency / 100.0  # of 10 kWh
    if soc < floor:
        assert granted.battery_w <= 0.0
    else:
        assert soc - taken_pct >= floor - 1e-6


@pytest.mark.parametrize(("sun_w", "cap_w"), [(8000.0, 8500.0), (7000.0, None)])
def test_what_a_full_battery_does_not_take_is_not_exported_over_the_limit(sun_w: float, cap_w: float | None) -> None:
    """The caps were chosen beside 5 kW of charging: 500 W of load and 3 kW of export leave 3.5 kW to the sun."""
    seen = SiteState(
        NOW, Measured(500.0 - sun_w), Measured(sun_w), Measured(0.0), Measured(500.0), Measured(BATTERY.soc_max_pct)
    )
    asked = replace(wanted(-5000.0), pv_limit_w=cap_w)
    granted = guard(asked, seen, Limits(BATTERY, Connection(None, 3000.0)), 1.0, 0.0)
    assert (granted.battery_w, granted.pv_limit_w) == (0.0, 3500.0)
    unlimited = guard(asked, seen, Limits(BATTERY, Connection()), 1.0, 0.0)
    assert unlimited.pv_limit_w == (None if cap_w is None else 3500.0)


@pytest.mark.parametrize("asked", [1000.0, 9000.0])
def test_a_battery_that_gives_no_more_than_was_asked_changes_no_cap(asked: float) -> None:
    """The cap was chosen beside a power at least as high, so what is exported only falls."""
    for cap_w in (None, 2500.0):
        capped = replace(wanted(asked), pv_limit_w=cap_w)
        assert guard(capped, state(), Limits(BATTERY, Connection(None, 3000.0)), 1.0, None).pv_limit_w == cap_w


def test_no_sun_is_left_where_the_battery_alone_exports_more_than_the_cap_left() -> None:
    capped = replace(wanted(-5000.0), pv_limit_w=1000.0)
    granted = guard(capped, state(soc_pct=90.0), Limits(BATTERY, Connection()), 1.0, None)
    assert (granted.battery_w, granted.pv_limit_w) == (0.0, 0.0)
