"""Policies beside each other on the same history."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.backtest.case import Case, Floats, Unplayable
from agent.backtest.demand import Intervals, MonthSoFar
from agent.backtest.play import Played, demand_cost, grid_w, play
from agent.backtest.policies import NAMES, PERFECT, Step, TimeOfUse
from agent.domain.site import Connection
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from tests.backtest import cases

CHEAP_POLICIES = ("no_battery", "self_consumption", "time_of_use", "perfect_48h", "perfect")


def played(case: Case, names: tuple[str, ...] = NAMES, demand_charge: float = 0.0) -> dict[str, Played]:
    load, solar = [LoadPersistence(case.place)], [SolarPersistence(case.place, case.solar_rated_w)]
    return {one.policy: one for one in play(case, names, load, solar, demand_charge)}


def foreseen(case: Case, names: tuple[str, ...]) -> dict[str, Played]:
    """As ``played``, with forecasts that come true."""
    load, solar = cases.Knows("load_w", case.load_w), cases.Knows("pv_w", case.pv_w)
    return {one.policy: one for one in play(case, names, [load], [solar])}


def net_cost(case: Case, one: Played) -> float:
    return one.account(case).net_cost


def test_self_consumption_by_hand() -> None:
    load, sun = np.array([500.0] * 24 + [0.0, 3000.0]), np.array([500.0] * 24 + [1000.0, 0.0])
    case = replace(flat(load, 0.4), pv_w=sun, first=24)
    one = played(case, ("self_consumption",))["self_consumption"]
    # It starts at 50 % of 10 kWh, stores 1 kW at 90 %, then gives 3 kW at 90 %.
    assert one.battery_w.tolist() == [-1000.0, 3000.0]
    assert one.soc_pct.tolist() == pytest.approx([50.0, 59.0, 59.0 - 100 * 3 / 0.9 / 10])
    left_kwh = 0.9 - 3 / 0.9
    assert net_cost(case, one) == pytest.approx(0.0 - 0.9 * 0.4 * left_kwh)


def test_nothing_beats_perfect_foresight_and_it_beats_doing_nothing() -> None:
    case = cases.case()
    costs = {name: net_cost(case, one) for name, one in played(case).items()}
    assert costs["perfect"] < costs["no_battery"]
    assert all(costs["perfect"] <= cost + 1e-6 for cost in costs.values())


@pytest.mark.parametrize("seed", range(2))
def test_perfect_foresight_stands_negative_prices(seed: int) -> None:
    random = np.random.default_rng(seed)
    base = cases.case()
    case = replace(base, import_price=random.uniform(-0.2, 0.4, base.horizon.steps))
    found = played(case, CHEAP_POLICIES)
    costs = {name: net_cost(case, one) for name, one in found.items()}
    assert min(costs.values()) >= costs["perfect"] - 0.002 * (costs["no_battery"] - costs["perfect"])


def test_with_forecasts_that_come_true_the_agent_does_what_foresight_does() -> None:
    case = cases.case(played_days=3)
    costs = {name: net_cost(case, one) for name, one in foreseen(case, NAMES).items()}
    possible = costs["no_battery"] - costs["perfect_48h"]
    assert costs["as_controlled"] - costs["perfect_48h"] <= 0.01 * possible
    assert costs["plan_blind"] - costs["perfect_48h"] <= 0.01 * possible


def test_what_has_not_happened_yet_changes_no_decision() -> None:
    """Other load and sun from an hour on leave every decision before it alone, the hour's own sees them."""
    case = cases.case(days=12)
    turn = case.first + 18
    load, sun = case.load_w.copy(), case.pv_w.copy()
    load[turn:], sun[turn:] = 5000.0, 0.0
    other = replace(case, load_w=load, pv_w=sun, history=cases.history_of(load, sun))
    names = ("as_controlled", "plan_blind")
    one, two = played(case, names), played(other, names)
    for name in names:
        assert one[name].battery_w[:18].tolist() == two[name].battery_w[:18].tolist()
    # The plan that is followed blindly does not see the load of the hour; the fast loop does.
    assert one["plan_blind"].battery_w[18] == two["plan_blind"].battery_w[18]
    assert one["as_controlled"].battery_w[18] != two["as_controlled"].battery_w[18]


@pytest.mark.parametrize("day_ahead", [False, True])
def test_time_of_use_charges_in_the_four_cheap_hours_of_a_day(day_ahead: bool) -> None:
    case = cases.case(day_ahead=day_ahead, place=replace(cases.PLACE, timezone="UTC"))
    policy = TimeOfUse(case)
    powers = [policy.power_w(Step(case, index), 10.0) for index in range(case.first, case.first + 24)]
    assert [hour for hour, power in enumerate(powers) if power < 0] == [0, 1, 2, 3]


def test_time_of_use_takes_the_day_that_was_published() -> None:
    """At 23:00 the next day's prices hold: an hour that is dear in its calendar day is cheap in the published one."""
    base = cases.case(played_days=2, place=replace(cases.PLACE, timezone="UTC"))
    prices = np.full(base.horizon.steps, 0.3)
    for hour, price in ((23, 0.1), (24, 0.09), (25, 0.08), (26, 0.07)):
        prices[base.first + hour] = price
    case = replace(base, import_price=prices, day_ahead=True)
    at_eleven = TimeOfUse(case).power_w(Step(case, case.first + 23), 20.0)
    assert at_eleven < 0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-20_000, 20_000), min_size=48, max_size=48))
def test_the_plant_keeps_power_and_window_whatever_comes(net: list[float]) -> None:
    base = cases.case()
    load = base.load_w.copy()
    load[-48:] = np.maximum(np.array(net), 0)
    sun = base.pv_w.copy()
    sun[-48:] = np.maximum(-np.array(net), 0)
    case = replace(base, load_w=load, pv_w=sun, history=cases.history_of(load, sun))
    for one in played(case, ("self_consumption", "time_of_use", "perfect")).values():
        assert (np.abs(one.battery_w) <= 4000.0 + 1e-6).all()
        assert (one.soc_pct >= 10 - 1e-9).all()
        assert (one.soc_pct <= 90 + 1e-9).all()
        stored = np.where(one.battery_w > 0, -one.battery_w / 0.9, -one.battery_w * 0.9)
        assert np.diff(one.soc_pct) == pytest.approx(stored / 100.0, abs=1e-6)


def test_a_site_without_history_is_played_from_its_first_hour() -> None:
    case = cases.case(days=2, first=0)
    found = played(case, ("no_battery", "as_controlled", "perfect"))
    assert np.isfinite(found["as_controlled"].battery_w).all()


def test_quarters_are_played_too() -> None:
    case = cases.case(days=9, step_s=900)
    short = replace(case, first=case.last - 24)
    costs = {name: net_cost(short, one) for name, one in foreseen_quarters(short).items()}
    assert costs["perfect"] <= costs["as_controlled"] < costs["no_battery"]


def foreseen_quarters(case: Case) -> dict[str, Played]:
    load, solar = cases.Knows("load_w", case.load_w, 900), cases.Knows("pv_w", case.pv_w, 900)
    names = ("no_battery", "as_controlled", "perfect")
    return {one.policy: one for one in play(case, names, [load], [solar])}


def test_the_policies_come_in_the_order_asked_and_an_unknown_one_is_named() -> None:
    case = cases.case()
    assert list(played(case, ("perfect", "no_battery"))) == ["perfect", "no_battery"]
    with pytest.raises(ValueError, match="there is no policy hope"):
        played(case, ("hope",))


# --- demand -----------------------------------------------------------------------------------------------------------


def flat(load_w: Floats, price: float = 0.3, **changed: object) -> Case:
    steps = len(load_w)
    return cases.case(
        days=1 + steps // 24, history=cases.history_of(load_w, np.zeros(steps)), load_w=load_w, pv_w=np.zeros(steps),
        import_price=np.full(steps, price), export_price=np.zeros(steps), carbon_kg_per_kwh=np.zeros(steps),
        first=0, last=steps, **changed,
    )  # fmt: skip


def test_months_are_local_and_hours_are_means_of_quarters() -> None:
    case = cases.case(days=40, played_days=40)
    intervals = Intervals.of(case)
    assert intervals.months == 2
    # The first of April begins at 22:00 UTC in Brussels, thirty days after the second of March less two hours.
    assert int(np.searchsorted(intervals.month, 1)) == 30 * 24 - 2
    quarters = cases.case(days=2, played_days=2, step_s=900)
    grid = np.tile([4000.0, 0.0, -2000.0, 2000.0], 48)
    assert Intervals.of(quarters).import_kw(grid).tolist() == pytest.approx([1.0] * 48)
    assert Intervals.of(quarters).peaks_kw(grid).tolist() == pytest.approx([1.0])


@pytest.mark.parametrize(("interval_s", "peak_kw"), [(900, 4.0), (1800, 2.0), (3600, 1.0)])
def test_import_is_averaged_over_the_billing_interval(interval_s: int, peak_kw: float) -> None:
    quarters = cases.case(days=2, played_days=2, step_s=900)
    case = replace(quarters, demand_interval_s=interval_s)
    grid = np.tile([4000.0, 0.0, -2000.0, 2000.0], 48)
    assert Intervals.of(case).peaks_kw(grid).tolist() == pytest.approx([peak_kw])
    month = MonthSoFar(case, 15.0)
    for index in range(case.first, case.last):
        month.demand(index)
        month.add(grid[index - case.first])
    assert month.demand(case.last).peak_w == pytest.approx(1000.0 * peak_kw)


def test_an_interval_that_is_no_whole_steps_is_refused() -> None:
    with pytest.raises(Unplayable, match="900 s is no whole steps of 3600 s"):
        replace(cases.case(), demand_interval_s=900)


def test_a_plan_that_knows_the_charge_holds_the_peak_where_the_forecast_comes_true() -> None:
    """A cheap hour a day, in which a plan for energy alone charges as fast as it can."""
    load = np.full(4 * 24, 2000.0)
    price = np.where(np.arange(4 * 24) % 24 == 3, 0.05, 0.3)
    case = replace(flat(load), import_price=price)
    load_ahead, sun_ahead = cases.Knows("load_w", case.load_w), cases.Knows("pv_w", case.pv_w)
    peaks = [
        float(grid_w(case, play(case, ("plan_blind",), [load_ahead], [sun_ahead], charge)[0]).max())
        for charge in (0.0, 15.0)
    ]
    assert peaks[0] > 4000.0
    assert peaks[1] < 2500.0


def test_a_demand_charge_is_per_month_and_never_below_nothing() -> None:
    case = flat(np.full(40 * 24, 2000.0))
    idle = played(case, ("no_battery",))["no_battery"]
    assert demand_cost(case, idle, 15.0) == pytest.approx(2 * 2 * 15.0)
    sunny = replace(case, pv_w=np.full(40 * 24, 9000.0))
    assert demand_cost(sunny, idle, 15.0) == 0.0


def test_perfect_foresight_shaves_the_peak_as_far_as_the_battery_reaches() -> None:
    """One hour of 8 kW in a flat load of 1 kW: 4 kW of battery leave 4 kW, which the energy in it allows."""
    load = np.full(48, 1000.0)
    load[30] = 8000.0
    case = flat(load)
    blind, seeing = (played(case, (PERFECT,), charge)[PERFECT] for charge in (0.0, 15.0))
    assert grid_w(case, seeing).max() == pytest.approx(4000.0, abs=1.0)
    assert demand_cost(case, seeing, 15.0) < demand_cost(case, blind, 15.0)


def test_with_a_demand_charge_perfect_foresight_is_the_cheapest_in_all() -> None:
    case = cases.case(played_days=3)
    found = played(case, CHEAP_POLICIES, 15.0)
    costs = {name: net_cost(case, one) + demand_cost(case, one, 15.0) for name, one in found.items()}
    assert costs["perfect"] == min(costs.values())
    without = played(case, (PERFECT,))[PERFECT]
    assert costs["perfect"] < net_cost(case, without) + demand_cost(case, without, 15.0)


def test_a_demand_charge_with_negative_prices_and_an_import_limit() -> None:
    random = np.random.default_rng(3)
    base = cases.case(played_days=3, connection=Connection(import_limit_w=6000.0))
    case = replace(base, import_price=random.uniform(-0.2, 0.4, base.horizon.steps))
    one = played(case, (PERFECT,), 15.0)[PERFECT]
    idle = played(case, ("no_battery",))["no_battery"]
    saved = [net_cost(case, x) + demand_cost(case, x, 15.0) for x in (idle, one)]
    assert saved[1] < saved[0]
    assert grid_w(case, one).max() <= 6000.0 + 1.0
