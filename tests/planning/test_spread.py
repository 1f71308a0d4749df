"""The gentlest schedule of those that cost the same."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.battery import Battery
from agent.domain.site import Connection
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import PlanningTerms, Problem
from agent.planning.schedule import Schedule
from agent.planning.spread import levelled, price_until, spread
from tests.planning.days import problem

BATTERY = Battery(10_000, 5000, 5000, 0.9, 0.9, soc_min_pct=10, soc_max_pct=90)


def two_prices(load_w: float = 500.0, connection: Connection | None = None) -> Problem:
    """Eight cheap hours, four dear ones; a load that never changes and no sun."""
    price = np.array([0.1] * 8 + [0.5] * 4)
    terms = PlanningTerms(1.0, BATTERY, connection or Connection(), price, np.zeros(12), terminal_per_kwh=0.0)
    return Problem(terms, 1000.0, np.full(12, load_w), np.zeros(12))


def test_a_price_lasts_until_it_changes() -> None:
    assert price_until(two_prices().terms.import_price).tolist() == [7] * 8 + [11] * 4
    assert price_until(np.array([0.2, 0.201, 0.204, 0.2, 0.2])).tolist() == [1, 1, 2, 4, 4]
    assert price_until(np.array([0.2, 0.201, 0.204, 0.2, 0.2]), 1e-4).tolist() == [0, 1, 2, 4, 4]


@pytest.mark.parametrize(
    ("powers", "most", "least", "expected"),
    [
        ([0, 4000, 0, 0], [5000] * 4, 0, [1000] * 4),
        ([0, 4000, 0, 0], [500, 5000, 5000, 5000], 0, [500, 3500 / 3, 3500 / 3, 3500 / 3]),
        ([0, 1000, 0, 0], [5000] * 4, 500, [0, 0, 500, 500]),  # a converter wastes much at low power
        ([0, 200, 0, 0], [5000] * 4, 500, [0, 0, 0, 200]),
        ([0, 1000, 0, 0], [5000] * 3 + [300], 500, [0, 0, 700, 300]),
        ([0, 1000, 0, 0], [0, 100, 300, 300], 500, [0, 1000, 0, 0]),  # more than may be is not ours to mend
        ([0, 0, 0, 0], [5000] * 4, 500, [0] * 4),
    ],
)
def test_levelled(powers: list[float], most: list[float], least: float, expected: list[float]) -> None:
    found = levelled(np.array(powers, float), np.array(most, float), least)
    assert found == pytest.approx(expected)


def test_the_night_charge_is_steady() -> None:
    found = solve_schedule(two_prices(1000.0), 10.0)
    assert found.charge_w[:8] == pytest.approx(found.charge_w[0])
    assert found.charge_w[:8].sum() * 0.9 * 0.9 == pytest.approx(4000.0)  # what the dear hours take
    assert np.diff(np.append(1000.0, found.soc_wh)) == pytest.approx(found.charge_w * 0.9 - found.discharge_w / 0.9)


def test_a_reserve_that_rises_meanwhile_is_charged_for_in_time() -> None:
    plain = two_prices()
    asked = replace(plain, terms=replace(plain.terms, reserve_pct=(10.0,) * 2 + (60.0,) * 10))
    found = solve_schedule(asked, 10.0)
    assert found.soc_wh[2] >= 6000.0 - 1e-3


@given(seed=st.integers(0, 200), price=st.sampled_from([None, 0.05]), limit=st.sampled_from([None, 2500.0]))
def test_nothing_but_the_power_changes(seed: int, price: float | None, limit: float | None) -> None:
    """Where prices come in levels, the schedule costs what it did and keeps every limit."""
    asked = problem(seed, import_price=price, connection=Connection(limit))
    levels = np.round(asked.terms.import_price, 1)
    asked = replace(asked, terms=replace(asked.terms, import_price=levels))
    found = solve_schedule(asked, 10.0)
    again = spread(asked, found)

    def money(one: Schedule) -> float:
        return float(levels @ one.import_w - asked.terms.export_price @ one.export_w)

    assert money(again) == pytest.approx(money(found))
    assert again.soc_wh == pytest.approx(found.soc_wh, abs=1.0), "what is spread is not spread again"
    terms = asked.terms
    stored = found.charge_w * terms.battery.charge_efficiency - found.discharge_w / terms.battery.discharge_efficiency
    assert np.diff(np.append(asked.soc_wh, found.soc_wh)) == pytest.approx(stored * terms.step_h, abs=1.0)
    supplied = found.import_w - found.export_w + found.discharge_w - found.charge_w - found.curtail_w
    assert supplied == pytest.approx(asked.load_w - asked.pv_w, abs=1.0)
    if limit is not None:
        over = found.import_w > limit + 1.0
        assert not (over & (found.charge_w > 1.0)).any()
