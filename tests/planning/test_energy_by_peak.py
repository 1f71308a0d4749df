"""What a higher peak saves in a day's energy: by hand, against the linear programme, and what a day cannot hold."""

from dataclasses import replace

import numpy as np
import pytest

from agent.domain.battery import Battery
from agent.domain.site import Connection
from agent.planning.energy_by_peak import savings_by_peak
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import PlanningTerms, Problem
from agent.planning.scenarios import terminal_value

LOSSLESS = Battery(10_000, 5_000, 5_000, 1.0, 1.0, soc_min_pct=0, soc_max_pct=100)
LOSSY = Battery(10_000, 5_000, 4_000, 0.95, 0.9, soc_min_pct=10, soc_max_pct=90)
ALWAYS = np.ones(48, dtype=bool)
CHEAP_NIGHT = np.tile(np.r_[np.full(4, 0.1), np.full(20, 0.3)], 2)


def terms_of(price: np.ndarray, battery: Battery = LOSSLESS, step_h: float = 1.0) -> PlanningTerms:
    terms = PlanningTerms(step_h, battery, Connection(), price, np.zeros(len(price)), 0.0, False)
    return replace(terms, terminal_per_kwh=terminal_value(terms))


@pytest.mark.parametrize("step_h", [1.0, 0.25])
def test_where_a_flat_load_is_the_peak_only_more_than_it_fills_the_battery(step_h: float) -> None:
    """4 kWh a kW fit into the cheap hours and replace what costs .2 more, until the battery is full."""
    many = round(1.0 / step_h)
    terms = terms_of(np.repeat(CHEAP_NIGHT, many), step_h=step_h)
    past_w = np.full(14 * 24 * many, 2_000.0)
    found = savings_by_peak(terms, np.repeat(ALWAYS, many), past_w, 2.0, 6.0)
    expected = 0.2 * np.minimum(4.0 * (found.peak_kw - 2.0), 10.0)
    assert found.per_day == pytest.approx(expected, abs=0.05)  # a point of its grid of SoCs is worth .1


def test_where_the_cheap_hours_do_not_count_a_higher_peak_saves_nothing() -> None:
    found = savings_by_peak(terms_of(CHEAP_NIGHT), CHEAP_NIGHT > 0.1, np.full(14 * 24, 2_000.0), 2.0, 6.0)
    assert found.per_day == pytest.approx(np.zeros(len(found.peak_kw)), abs=1e-6)


def test_a_day_that_cannot_be_held_saves_no_more_than_at_the_next_peak() -> None:
    """Every other day takes 9 kW for three hours, of which the battery holds 5 kW for two: below 5.67 kW nothing."""
    busy = np.full(24, 2_000.0)
    busy[12:15] = 9_000.0
    calm = savings_by_peak(terms_of(CHEAP_NIGHT), ALWAYS, np.full(14 * 24, 2_000.0), 2.0, 6.0)
    mixed = savings_by_peak(terms_of(CHEAP_NIGHT), ALWAYS, np.tile(np.r_[busy, np.full(24, 2_000.0)], 7), 2.0, 6.0)
    below = mixed.peak_kw < 5.6
    assert mixed.per_day[below] == pytest.approx(calm.per_day[below] / 2.0, abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_of_one_day_it_is_what_the_linear_programme_finds(seed: int) -> None:
    """The best charge to begin with is tried on a fine grid; what is left is paid for."""
    random = np.random.default_rng(seed)
    price = np.tile(np.round(random.uniform(0.05, 0.4, 24), 3), 2)
    net_w = np.round(random.gamma(2.0, 1_000.0, 24)) - 1_500.0 * (np.arange(24) % 24 > 15)
    terms = terms_of(price, LOSSY)
    low_kw = float(net_w.max()) / 1000.0 - 0.5
    found = savings_by_peak(terms, ALWAYS, net_w, low_kw, low_kw + 4.0)

    def cost(peak_kw: float) -> float:
        limited = replace(terms, import_price=price[:24], export_price=np.zeros(24))
        limited = replace(limited, import_limits_w=(1000.0 * peak_kw,) * 24)
        costs = []
        for soc_pct in np.linspace(10.0, 90.0, 17):
            soc_wh = LOSSY.stored_wh(soc_pct)
            problem = Problem(limited, soc_wh, np.maximum(net_w, 0.0), np.maximum(-net_w, 0.0))
            costs.append(solve_schedule(problem, 10.0).objective + terms.terminal_per_kwh * soc_wh / 1000.0)
        return min(costs)

    expected = cost(low_kw) - np.array([cost(peak_kw) for peak_kw in found.peak_kw])
    assert found.per_day == pytest.approx(expected, abs=0.05)  # a point of its grid of SoCs is worth .1


@pytest.mark.parametrize("past_w", [np.empty(0), np.full(23, 1_000.0), np.full(48, np.nan)])
def test_of_a_site_of_which_no_day_is_known_nothing_is_saved(past_w: np.ndarray) -> None:
    found = savings_by_peak(terms_of(CHEAP_NIGHT), ALWAYS, past_w, 2.0, 6.0)
    assert found.at(np.array([0.0, 3.0, 9.0])).tolist() == [0.0, 0.0, 0.0]


def test_a_day_with_a_gap_is_left_out() -> None:
    past_w = np.full(14 * 24, 2_000.0)
    gap_w = past_w.copy()
    gap_w[30] = np.nan
    whole, gap = (savings_by_peak(terms_of(CHEAP_NIGHT), ALWAYS, one, 2.0, 6.0) for one in (past_w, gap_w))
    assert gap.per_day == pytest.approx(whole.per_day)
