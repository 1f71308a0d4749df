"""Never behind the rule for long: the worst weeks are found, and a table that is misled gives way to the rule."""

from dataclasses import replace

import numpy as np
import pytest

from agent.backtest import with_rules
from agent.backtest.beside_the_rule import BesideTheRules
from agent.backtest.case import Case
from agent.backtest.play import Played, play
from agent.backtest.policies import Step
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from tests.backtest import cases

NAMES = ("no_battery", "self_consumption", "time_of_use", "table_alone", "as_controlled")


def resting(case: Case, name: str, battery_w: np.ndarray | None = None) -> Played:
    powers = np.zeros(case.steps) if battery_w is None else battery_w
    return Played(name, powers, np.full(case.steps + 1, 50.0), 0.0)


def test_the_worst_days_are_found() -> None:
    """A kWh a day at .4 each; in the second of three windows the agent misses one of two days."""
    load = np.full(6 * 24, 1000.0)
    case = cases.case(
        days=6, history=cases.history_of(load, 0 * load), load_w=load, pv_w=0 * load,
        import_price=np.full(6 * 24, 0.4), first=72, last=144,
    )  # fmt: skip
    daily = np.zeros(72)
    daily[::24] = 1000.0
    missed = daily.copy()
    missed[48] = 0.0
    agent, rule = resting(case, "as_controlled", missed), resting(case, "self_consumption", daily)
    assert BesideTheRules(case, [rule], days=2).worst(agent) == pytest.approx(-0.5)
    assert BesideTheRules(case, [agent], days=2).worst(rule) == pytest.approx(0.0)
    assert BesideTheRules(case, [rule], days=4).worst(agent) is None
    assert BesideTheRules(case, [], days=2).worst(agent) is None
    idle = resting(case, "self_consumption")
    assert BesideTheRules(case, [idle], days=2).worst(resting(case, "as_controlled", 1e-3 * missed)) is None


def test_every_day_of_a_month_bears_its_part_of_the_demand_charge() -> None:
    """Eight days of March: the rule saves a kWh a day at .4, the agent keeps the highest hour half a kW lower."""
    load = np.full(28 * 24, 1000.0)
    load[24 * 25 :: 24] = 2000.0
    case = cases.case(
        days=28, history=cases.history_of(load, 0 * load), load_w=load, pv_w=0 * load,
        import_price=np.full(28 * 24, 0.4), first=24 * 20, last=24 * 28,
    )  # fmt: skip
    daily, held = np.zeros(8 * 24), np.zeros(8 * 24)
    daily[1::24] = 1000.0
    held[5 * 24 :: 24] = 500.0
    rule, agent = resting(case, "self_consumption", daily), resting(case, "as_controlled", held)
    energy = 0.2 * 3
    assert BesideTheRules(case, [rule], 16.0, days=8).worst(agent) == pytest.approx((energy + 8.0 - 3.2) / 3.2)
    assert BesideTheRules(case, [rule], 16.0, days=2).worst(agent) == pytest.approx((2.0 - 0.8) / 0.8)
    assert BesideTheRules(case, [rule], days=8).worst(agent) == pytest.approx((energy - 3.2) / 3.2)


class Idle:
    """A plan that never finds anything worth doing."""

    def __init__(self, case: Case, demand_charge: float = 0.0) -> None:
        pass

    def power_w(self, step: Step, soc_pct: float) -> float:
        return 0.0


def test_a_table_that_loses_every_day_gives_way_to_the_better_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    case = cases.case(days=34, played_days=28)
    persistence = [LoadPersistence(case.place)], [SolarPersistence(case.place, case.solar_rated_w)]
    rules = {one.policy: one for one in play(case, ("self_consumption", "time_of_use"), [], [])}
    better = min(rules.values(), key=lambda one: one.account(case).net_cost)
    monkeypatch.setattr(with_rules, "TableAlone", Idle)
    (agent,) = play(case, ("as_controlled",), *persistence)
    assert agent.battery_w[:22].tolist() == [0.0] * 22, "the first day is the plan's"
    assert agent.battery_w[-168:].tolist() == better.battery_w[-168:].tolist()
    lost = agent.account(case).net_cost - better.account(case).net_cost
    saved = case_idle_cost(case) - better.account(case).net_cost
    assert lost < 0.1 * saved, "two days of 28 at most"


def case_idle_cost(case: Case) -> float:
    (idle,) = play(case, ("no_battery",), [], [])
    return idle.account(case).net_cost


def test_where_the_table_earns_more_nothing_is_changed() -> None:
    case = cases.case(days=20, played_days=8)
    truth = cases.Knows("load_w", case.load_w), cases.Knows("pv_w", case.pv_w)
    found = {one.policy: one for one in play(case, NAMES, [truth[0]], [truth[1]])}
    assert found["as_controlled"].battery_w.tolist() == found["table_alone"].battery_w.tolist()


def test_a_demand_charge_leaves_the_table_in_place() -> None:
    case = replace(cases.case(days=14, played_days=4))
    truth = cases.Knows("load_w", np.full(case.horizon.steps, 6000.0)), cases.Knows("pv_w", case.pv_w)
    found = {one.policy: one for one in play(case, NAMES, [truth[0]], [truth[1]], 15.0)}
    assert found["as_controlled"].battery_w.tolist() == found["table_alone"].battery_w.tolist()
