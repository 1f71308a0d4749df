"""The fast loop takes the cheapest power, and an engineer can check it by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.grid_prices import DOUBT
from agent.dispatch.moment import Moment
from agent.domain.battery import Battery, power_to_reach, soc_after
from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.domain.plan import PeakPrice, Plan, PlanStep, ValueByNetLoad, ValueTable
from agent.domain.site import Connection

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
BATTERY = Battery(10_000, 5000, 4000, 0.95, 0.95, soc_min_pct=10, soc_max_pct=90)


def plan_with(worth_per_kwh: float, steps: int = 4) -> Plan:
    """A plan whose stored energy is worth the same at every SoC."""
    horizon = Horizon(START, 900, steps)
    soc = (0.0, 50.0, 100.0)
    worth = tuple(pct / 100 * 10 * worth_per_kwh for pct in soc)
    step = PlanStep(0, 0, 0, 0, 0, 50, 0, 0, 0.2, 0.05, worth_per_kwh)
    none = tuple((0.0,) * steps for _ in range(1))
    forecast = Forecast("load_w", horizon, (0.5,), none, "test", START)
    later = START + timedelta(hours=6)
    return Plan(START, later, horizon, (step,) * steps, ValueTable(soc, (worth,) * steps), forecast, forecast)


def moment(net_load_w: float, price: float, sell: float = 0.05, soc: float = 50.0, at: datetime = START) -> Moment:
    return Moment(at, net_load_w, soc, price, sell)


@pytest.mark.parametrize(
    ("worth", "net_load_w", "price", "sell", "expected"),
    [
        (0.20, 2000.0, 0.30, 0.05, 2000.0),  # dear grid: cover the load
        (0.20, 6000.0, 0.30, 0.05, 4000.0),  # as far as the rating goes
        (0.29, 2000.0, 0.30, 0.05, 0.0),  # .30 now is less than .29 / .95 later: hold
        (0.20, 2000.0, 0.10, 0.05, -5000.0),  # cheap grid: charge at the rating
        (0.20, -3000.0, 0.30, 0.05, -3000.0),  # store the sun
        (0.05, -3000.0, 0.30, 0.05, 0.0),  # sell the sun, keep what is stored
        (0.02, -3000.0, 0.30, 0.05, 4000.0),  # sell even what is stored
    ],
)
def test_table(worth: float, net_load_w: float, price: float, sell: float, expected: float) -> None:
    decision = economic_dispatch(plan_with(worth), moment(net_load_w, price, sell), BATTERY, Connection())
    assert decision is not None
    assert decision.battery_w == pytest.approx(expected, abs=1.0)


def doubted(now: Moment, battery_w: float, hours: float) -> float:
    """How much more than its price is asked of what the grid gives to be stored, money."""
    return max(min(now.net_load_w, 0.0) - battery_w, 0.0) * DOUBT * abs(now.import_price) * hours / 1000.0


def test_outside_the_plan_there_is_no_decision() -> None:
    late = moment(0.0, 0.2, at=START + timedelta(hours=2))
    assert economic_dispatch(plan_with(0.2), late, BATTERY, Connection()) is None


def test_the_import_limit_is_worth_more_than_any_price() -> None:
    decision = economic_dispatch(plan_with(5.0), moment(6000.0, 0.1), BATTERY, Connection(import_limit_w=5000.0))
    assert decision is not None
    assert decision.battery_w == pytest.approx(1000.0, abs=1.0)


def test_the_reason_names_the_three_numbers() -> None:
    decision = economic_dispatch(plan_with(0.2), moment(2000.0, 0.1), BATTERY, Connection())
    assert decision is not None
    assert decision.reason == "charging 5.00 kW from the grid at 0.100/kWh, stored energy is worth 0.200/kWh"


@given(
    worth=st.floats(-0.1, 1.0),
    net=st.floats(-9000, 9000),
    price=st.floats(-0.3, 1.0),
    sell=st.floats(0.0, 0.2),
    soc=st.floats(10, 90),
    second=st.integers(0, 3599),
    other=st.floats(-5000, 4000),
)
def test_no_other_power_is_cheaper(
    worth: float, net: float, price: float, sell: float, soc: float, second: int, other: float
) -> None:
    at = START + timedelta(seconds=second)
    now = Moment(at, net, soc, price, min(sell, price))
    decision = economic_dispatch(plan_with(worth), now, BATTERY, Connection())
    assert decision is not None
    look_h = max(900 - second % 900, 60) / 3600

    def money(battery_w: float) -> float:
        grid_kwh = (net - battery_w) * look_h / 1000
        stored_kwh = soc_after(BATTERY, soc, battery_w, look_h) / 10
        paid = grid_kwh * (now.import_price if grid_kwh > 0 else now.export_price)
        return paid + doubted(now, battery_w, look_h) - stored_kwh * worth

    reached = soc_after(BATTERY, soc, other, look_h)
    if 10.0 <= reached <= 90.0:
        assert money(decision.battery_w) <= money(other) + 1e-6
    assert 10.0 - 1e-6 <= soc_after(BATTERY, soc, decision.battery_w, look_h) <= 90.0 + 1e-6


@given(
    slopes=st.lists(st.floats(-0.05, 0.6), min_size=20, max_size=20),
    net=st.floats(-9000, 9000),
    price=st.floats(-0.3, 0.6),
    sell=st.floats(-0.1, 0.5),
    soc=st.floats(10, 90),
    limits=st.sampled_from([Connection(), Connection(2500.0), Connection(None, 1000.0), Connection(4000.0, 0.0)]),
    others=st.lists(st.floats(-5000, 4000), min_size=5, max_size=5),
)
def test_no_other_power_is_cheaper_on_a_worth_that_bends(
    slopes: list[float],
    net: float,
    price: float,
    sell: float,
    soc: float,
    limits: Connection,
    others: list[float],
) -> None:
    """Five points of SoC apart, the worth bends; exports may be dearer than imports, limits may be broken."""
    grid = tuple(5.0 * k for k in range(21))
    worth = [0.0]
    for slope in sorted(slopes, reverse=True):
        worth.append(worth[-1] + slope * 0.5)  # 5 % of 10 kWh
    plan = plan_with(0.0)
    plan = replace(plan, values=ValueTable(grid, (tuple(worth),) * 4, broken_limit_per_kwh=50.0))
    now = moment(net, price, sell, soc)
    decision = economic_dispatch(plan, now, BATTERY, limits)
    assert decision is not None

    def money(battery_w: float) -> float:
        grid_w = net - battery_w
        limit_w = limits.import_limit_w if grid_w > 0 else limits.export_limit_w
        over_w = 0.0 if limit_w is None else max(abs(grid_w) - limit_w, 0.0)
        paid = (grid_w * (price if grid_w > 0 else sell) + 50.0 * over_w) * 0.25 / 1000.0
        paid += doubted(now, battery_w, 0.25)
        return paid - float(np.interp(soc_after(BATTERY, soc, battery_w, 0.25), grid, worth))

    for other in others:
        if 10.0 <= soc_after(BATTERY, soc, other, 0.25) <= 90.0:
            assert money(decision.battery_w) <= money(other) + 2e-6


@pytest.mark.parametrize(
    ("seen_w", "per_kwh"),
    [(None, 0.25), (-500.0, 0.1), (0.0, 0.1), (500.0, 0.175), (1000.0, 0.25), (1500.0, 0.325), (9000.0, 0.4)],
)
def test_the_running_step_tells_the_worth(seen_w: float | None, per_kwh: float) -> None:
    """Between the net loads of the table the worth is linear, beyond them that of the last; None: the net load now."""
    plan = plan_with(9.9)
    soc = plan.values.soc_pct
    seen = tuple(
        ValueByNetLoad(net_w, tuple(pct / 100 * 10 * worth for pct in soc))
        for net_w, worth in ((0.0, 0.1), (1000.0, 0.25), (2000.0, 0.4))
    )
    plan = replace(plan, values=replace(plan.values, by_net_load=(seen,)))
    decision = economic_dispatch(plan, replace(moment(1000.0, 0.5), step_mean_w=seen_w), BATTERY, Connection())
    assert decision is not None
    assert decision.reason.endswith(f"stored energy is worth {per_kwh:.3f}/kWh")
    later = economic_dispatch(plan, moment(1000.0, 0.5, at=START + timedelta(minutes=15)), BATTERY, Connection())
    assert later is not None
    assert later.reason.endswith("9.900/kWh")


@given(soc=st.floats(0, 100), target=st.floats(0, 100), hours=st.floats(0.01, 10))
def test_power_to_reach_is_the_inverse(soc: float, target: float, hours: float) -> None:
    assert soc_after(BATTERY, soc, power_to_reach(BATTERY, soc, target, hours), hours) == pytest.approx(
        target, abs=1e-6
    )


def directions(kept: bool) -> list[int]:
    """What the battery does each second while a stored kWh is worth about what it costs, and the load flickers."""
    random = np.random.default_rng(3)
    found, in_force_w = [], None
    for second in range(900):
        price = 0.30 + 0.0005 * random.standard_normal()
        now = moment(2000.0 + 100.0 * random.standard_normal(), price, at=START + timedelta(seconds=second))
        decision = economic_dispatch(plan_with(0.30 * 0.95), replace(now, battery_w=in_force_w), BATTERY, Connection())
        assert decision is not None
        in_force_w = decision.battery_w if kept else None
        found.append(int(np.sign(decision.battery_w)))
    return found


def test_it_does_not_turn_round_for_pennies() -> None:
    def turns(found: list[int]) -> int:
        return int(np.count_nonzero(np.diff(found)))

    assert turns(directions(kept=False)) > 100
    assert turns(directions(kept=True)) <= 1


@pytest.mark.parametrize(
    ("in_force_w", "price", "expected"),
    [
        (2000.0, 0.286, 2000.0),  # four tenths of a cent less than stored energy is worth: go on
        (2000.0, 0.27, 0.0),  # two cents: stop
        (0.0, 0.286, 0.0),
        (None, 0.286, 0.0),
        (-1000.0, 0.32, 2000.0),
    ],
)
def test_what_a_turn_must_earn(in_force_w: float | None, price: float, expected: float) -> None:
    now = replace(moment(2000.0, price), battery_w=in_force_w)
    decision = economic_dispatch(plan_with(0.29 * 0.95), now, BATTERY, Connection())
    assert decision is not None
    assert decision.battery_w == pytest.approx(expected, abs=1.0)


def test_a_peak_that_is_held_is_said() -> None:
    peak = PeakPrice(900, (1500.0,) * 4, (10.0,) * 4, (0,) * 4)
    plan = plan_with(0.40)
    plan = replace(plan, values=replace(plan.values, peak=peak))
    decision = economic_dispatch(plan, moment(4000.0, 0.20), BATTERY, Connection())
    assert decision is not None
    assert decision.battery_w == pytest.approx(2500.0)
    assert decision.reason.startswith(
        "discharging 2.50 kW, holding the demand peak with an import of 1.50 kW: the grid"
    )
