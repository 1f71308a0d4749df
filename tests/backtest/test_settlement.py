"""A bill that is settled by shorter steps than those of the plan."""

from dataclasses import replace

import numpy as np
import pytest

from agent.backtest.case import Case, Floats, Unplayable, settled_by
from agent.backtest.figures import rows_of
from agent.backtest.play import Played, demand_cost, play
from agent.backtest.policies import NAMES
from agent.domain.request import Objective
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from tests.backtest import cases

DAYS, PLAYED_DAYS = 12, 2
SWING = np.array([0.0, 2.0, 0.5, 1.5])  # of an hour's mean, quarter by quarter


def quarters(load_w: Floats | None = None) -> Case:
    """The house of ``cases`` in quarters, its load moving within the hour, planned by the hour."""
    hourly, fine = (cases.case(DAYS, PLAYED_DAYS, step_s) for step_s in (3600, 900))
    moving_w = fine.load_w * np.tile(SWING, fine.horizon.steps // 4) if load_w is None else load_w
    fine = replace(fine, load_w=moving_w, history=cases.history_of(moving_w, fine.pv_w, 900))
    mean_w = moving_w.reshape(-1, 4).mean(axis=1)
    hourly = replace(hourly, load_w=mean_w, history=cases.history_of(mean_w, hourly.pv_w))
    return settled_by(fine, hourly)


def played(case: Case, names: tuple[str, ...] = NAMES) -> dict[str, Played]:
    load, solar = [LoadPersistence(case.place)], [SolarPersistence(case.place, case.solar_rated_w)]
    return {one.policy: one for one in play(case, names, load, solar)}


def cost(case: Case, one: Played) -> float:
    return one.account(case).net_cost


def test_the_same_time_is_played_in_more_steps() -> None:
    case = quarters()
    hourly = case.plan_case
    assert (case.steps, hourly.steps) == (4 * 24 * PLAYED_DAYS, 24 * PLAYED_DAYS)
    assert (case.at(case.first), case.at(case.last)) == (hourly.at(hourly.first), hourly.at(hourly.last))
    assert [case.plan_index(case.first + i) - hourly.first for i in range(9)] == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert hourly.plan_index(5) == 5


def test_import_in_one_quarter_and_export_in_the_next_are_not_netted() -> None:
    load_w, pv_w = np.zeros(48 * 4), np.zeros(48 * 4)
    load_w[-4:], pv_w[-4:] = [2000.0, 0.0, 2000.0, 0.0], [0.0, 2000.0, 0.0, 2000.0]
    hourly = cases.case(2, 1)
    flat = {"import_price": np.full(192, 0.4), "export_price": np.zeros(192)}
    fine = cases.case(2, 1, 900, load_w=load_w, pv_w=pv_w, history=cases.history_of(load_w, pv_w, 900), **flat)
    case = settled_by(fine, replace(hourly, first=47))
    found = played(case, ("no_battery", "self_consumption", "perfect"))
    idle, rule, _ = rows_of(case, list(found.values()), 0.0)
    assert (idle.step_s, idle.settle_s, idle.hours) == (3600, 900, 1.0)
    assert (idle.import_kwh, idle.export_kwh) == (1.0, 1.0)
    assert (rule.import_kwh, rule.export_kwh) == (0.0, 0.0)


def test_nothing_beats_foresight_of_the_shorter_steps() -> None:
    case = quarters()
    costs = {name: cost(case, one) for name, one in played(case).items()}
    assert costs["perfect"] < costs["as_controlled"] < costs["no_battery"]
    assert min(costs.values()) == costs["perfect"]


def test_what_comes_later_in_the_hour_changes_no_decision() -> None:
    case = quarters()
    turn = case.first + 4 * 18 + 2  # the third quarter of an hour
    load_w = case.load_w.copy()
    load_w[turn:] = 5000.0
    names = ("table_alone", "as_controlled", "plan_blind", "self_consumption")
    one, two = played(case, names), played(quarters(load_w), names)
    place = turn - case.first
    for name in names:
        assert one[name].battery_w[:place].tolist() == two[name].battery_w[:place].tolist()
    assert one["as_controlled"].battery_w[place] != two["as_controlled"].battery_w[place]
    # A plan that is followed blindly is held until its hour ends.
    assert (
        one["plan_blind"].battery_w[place : place + 2].tolist()
        == two["plan_blind"].battery_w[place : place + 2].tolist()
    )


def test_a_demand_charge_is_of_its_interval_however_the_energy_is_settled() -> None:
    case = quarters()
    load, solar = [LoadPersistence(case.place)], [SolarPersistence(case.place, case.solar_rated_w)]
    found = play(case, ("no_battery", "plan_blind", "table_alone", "perfect"), load, solar, 15.0)
    idle, _, table, perfect = (cost(case, one) + demand_cost(case, one, 15.0) for one in found)
    assert perfect < table < idle
    hourly = played(case.plan_case, ("no_battery",))["no_battery"]
    assert demand_cost(case, found[0], 15.0) == pytest.approx(demand_cost(case.plan_case, hourly, 15.0))


def test_a_plan_is_made_once_in_each_of_its_steps() -> None:
    case = quarters()
    blind = played(case, ("plan_blind",))["plan_blind"]
    assert blind.schedules == case.plan_case.steps


def test_where_nothing_moves_within_the_hour_both_settlements_cost_the_same() -> None:
    case = quarters(cases.case(DAYS, PLAYED_DAYS, 900).load_w)
    names = ("no_battery", "self_consumption", "perfect")
    fine, hourly = played(case, names), played(case.plan_case, names)
    for name in names:
        assert cost(case, fine[name]) == pytest.approx(cost(case.plan_case, hourly[name]), abs=1e-6)


def test_both_are_aimed_at_the_same_and_longer_settlement_is_refused() -> None:
    case, green = quarters(), Objective(0.5, 0.5, 0.1)
    aimed = case.aiming_at(green)
    assert (aimed.objective, aimed.plan_case.objective) == (green, green)
    with pytest.raises(Unplayable, match="house cannot be settled every 3600 s in plan steps of 900 s"):
        settled_by(case.plan_case, replace(case, planned=None))
