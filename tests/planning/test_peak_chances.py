"""How likely the days left keep below a peak and what that costs: the past, exchangeable days, savings, the ladder."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agent.domain.battery import Battery, soc_after
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.request import Demand
from agent.planning.day_savings import DaySavings
from agent.planning.demand import peaks_of
from agent.planning.held_peaks import PastPeaks, lowest_peak_w
from agent.planning.make_plan import terms_of
from agent.planning.month_ahead import MonthAhead
from agent.planning.peak_chances import PeakChances
from agent.planning.peak_levels import ladder_of
from tests.planning.days import request

LOSSLESS = Battery(10_000, 5_000, 5_000, 1.0, 1.0, soc_min_pct=0, soc_max_pct=100)
LOSSY = Battery(10_000, 5_000, 4_000, 0.95, 0.9, soc_min_pct=10, soc_max_pct=90)
DAY = np.concatenate([np.full(20, 1000.0), np.full(4, 6000.0)])  # 10 kWh hold 3.5 kW over its four hours


def chances_of(*days: np.ndarray, battery: Battery = LOSSLESS) -> PeakChances:
    net_w = np.concatenate(days)
    return PeakChances.of_past(net_w, 1.0, battery, np.ones(len(net_w), dtype=bool))


def raised_kw(chances: PeakChances, levels_kw: np.ndarray, left_days: float) -> np.ndarray:
    """By how much standing at each level is expected to raise the month's peak."""
    return MonthAhead(0.0, left_days, chances, DaySavings.nothing()).cost(levels_kw, 0.0, 1.0)


def is_held_from_empty(net_w: np.ndarray, peak_w: float, battery: Battery) -> bool:
    """Forwards, step by step: every import stays within the peak and the battery within its window."""
    soc_pct = battery.floor_pct
    for net in net_w.tolist():
        power_w = max(net - peak_w, -battery.charge_w)
        soc_pct = min(soc_after(battery, soc_pct, power_w, 1.0), battery.soc_max_pct)
        if power_w > battery.discharge_w or soc_pct < battery.floor_pct - 1e-9:
            return False
    return True


@settings(max_examples=60, deadline=None)
@given(
    net_w=arrays(np.float64, st.integers(1, 60), elements=st.floats(-5_000.0, 12_000.0).map(lambda net: round(net, 1))),
    peak_w=st.floats(0.0, 12_000.0).map(lambda peak: round(peak) + 0.05),
    battery=st.sampled_from([LOSSLESS, LOSSY, replace(LOSSY, loss_above_half=0.05)]),
)
def test_backwards_it_is_the_longest_past_that_can_be_held_forwards(
    net_w: np.ndarray, peak_w: float, battery: Battery
) -> None:
    counted = np.ones(len(net_w), dtype=bool)
    (found,) = PastPeaks.of(net_w, 1.0, battery, np.array([peak_w]), counted).held_days
    longest = max((n for n in range(1, len(net_w) + 1) if is_held_from_empty(net_w[-n:], peak_w, battery)), default=0)
    assert found == pytest.approx(longest / 24.0)
    if longest == len(net_w):
        assert lowest_peak_w(net_w, 1.0, battery) <= peak_w + 1e-3 * max(0.0, float(net_w.max()))


def test_only_the_days_since_a_higher_one_were_held() -> None:
    found = chances_of(1.5 * DAY, DAY, DAY)
    at = np.interp([3.0, 3.7, 6.8], found.peak_kw, found.held_days)
    assert at[0] < 1.0
    assert at[1] == pytest.approx(2.0, abs=0.3)  # the evening of the day before them is too much
    assert at[2] == pytest.approx(3.0)


def test_import_that_is_not_asked_for_passes_nothing_and_fills() -> None:
    counted = np.arange(24) < 20
    held = PastPeaks.of(DAY, 1.0, LOSSLESS, np.array([1000.0]), counted)
    assert (held.held_days[0], held.longest_days[0]) == pytest.approx((1.0, 1.0))
    asked = PastPeaks.of(DAY, 1.0, LOSSLESS, np.array([1000.0]), np.ones(24, dtype=bool))
    assert asked.held_days[0] < 0.2


@pytest.mark.parametrize(("held_days", "left_days", "chance"), [(7.0, 7.0, 0.5), (1.0, 9.0, 0.1), (30.0, 10.0, 0.75)])
def test_a_kw_sets_the_peak_as_often_as_the_days_left_keep_below_it(
    held_days: float, left_days: float, chance: float
) -> None:
    chances = PeakChances(np.array([0.0, 10.0, 20.0]), np.full(3, held_days))
    raised = raised_kw(chances, np.array([10.0, 11.0]), left_days)
    assert raised == pytest.approx([0.0, chance])


def test_with_no_day_left_every_kw_is_paid_for() -> None:
    levels = np.array([2.0, 3.0, 9.0])
    assert raised_kw(chances_of(DAY, DAY), levels, 0.0) == pytest.approx(levels - 2.0)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    left_days=st.floats(0.0, 31.0),
    first_kw=st.floats(0.0, 20.0),
    top_kw=st.floats(0.1, 40.0),
)
def test_a_level_costs_more_than_those_below_it_and_no_more_than_it_is_away(
    seed: int, left_days: float, first_kw: float, top_kw: float
) -> None:
    days = np.random.default_rng(seed).gamma(2.0, 1500.0, 24 * 12)
    levels = first_kw + top_kw * np.linspace(0.0, 1.0, 9)
    raised = raised_kw(chances_of(days, battery=LOSSY), levels, left_days)
    assert raised[0] == 0.0
    assert (np.diff(raised) >= -1e-12).all()
    assert (np.diff(raised) <= np.diff(levels) + 1e-9).all()


def test_above_all_that_was_seen_a_kw_costs_ever_nearer_to_its_price() -> None:
    chances = chances_of(*[DAY] * 10)
    highest_kw = float(chances.peak_kw[-1])
    per_kw = np.diff(raised_kw(chances, highest_kw * np.array([1.0, 1.01, 1.5, 1.51, 1.99, 2.0]), 30.0))
    steps = per_kw[[0, 2, 4]] / (0.01 * highest_kw)
    assert 0.25 <= steps[0] < steps[1] < steps[2] < 1.0


def test_what_a_day_could_not_hold_costs_nothing() -> None:
    chances = chances_of(*[DAY] * 10)
    assert chances.lowest_kw == pytest.approx(3.5, abs=0.15)
    nothing = DaySavings.nothing()
    assert MonthAhead(5.0, 20.0, chances, nothing).least_kw(1.0, 15.0) == 5.0
    assert MonthAhead(0.0, 20.0, chances, nothing).least_kw(1.0, 15.0) == pytest.approx(chances.lowest_kw, abs=0.1)
    assert MonthAhead(0.0, 1.0, chances, nothing).least_kw(1.0, 15.0) == 0.0  # the paths tell all that is left


def best_worth(month: MonthAhead, planned_days: float, per_kw: float) -> list[float]:
    """What the days left bring at each peak, less the charge: the best choice for every day, by every need of it."""
    peaks = month.chances.all_kw.tolist()
    left = month.left_days - planned_days

    @cache
    def worth(at: int, begins: float) -> float:
        if begins >= left:
            return -per_kw * float(peaks[at])
        days = min(1.0, left - begins)
        chances = np.diff(month.chances.kept(planned_days + begins, days), prepend=0.0)
        found = []
        for choice in range(at, len(peaks)):
            ends = [worth(max(choice, need), begins + 1.0) for need in range(len(peaks))]
            found.append(days * float(month.savings.at(np.array(peaks[choice]))) + float(chances @ ends))
        return max(found)

    return [worth(at, 0.0) for at in range(len(peaks))]


PER_DAY = np.array([0.0, 5.0, 5.5])  # from 10 to 15 kW a kW saves 1 a day, from there on to 20 kW a tenth of it
SAVINGS = DaySavings(np.array([10.0, 15.0, 20.0]), PER_DAY)


@pytest.mark.parametrize("per_kw", [0.5, 3.0, 10.0])
@pytest.mark.parametrize("left_days", [1.0, 1.4, 5.3])
def test_a_month_is_worth_what_the_best_choices_of_its_days_bring(per_kw: float, left_days: float) -> None:
    month = MonthAhead(10.0, left_days, PeakChances(np.array([10.0, 15.0, 20.0]), np.array([0.5, 4.0, 9.0])), SAVINGS)
    expected = np.array(best_worth(month, 1.0, per_kw))
    assert month.cost(month.chances.all_kw, 1.0, per_kw) == pytest.approx(expected[0] - expected)


def test_below_what_the_last_day_needed_the_days_count_evenly_down_to_the_mildest() -> None:
    found = chances_of(*[0.5 * DAY] * 3, 1.5 * DAY)  # they need 1 kW, and 6.5 kW
    middle_kw = (found.lowest_kw + 6.5) / 2.0
    assert 0.9 < found.lowest_kw < 1.6
    at = np.interp([found.lowest_kw, middle_kw, 6.4, 6.7], found.peak_kw, found.held_days)
    assert at == pytest.approx([0.0, 0.5, 1.0, 4.0], abs=0.05)


@pytest.mark.parametrize(("per_kw", "expected_kw"), [(1.0, 20.0), (10.0, 15.0), (30.0, 10.0)])
def test_a_higher_peak_is_taken_as_far_as_it_saves_more_than_it_costs(per_kw: float, expected_kw: float) -> None:
    chances = PeakChances(np.linspace(0.0, 20.0, 129), np.full(129, 10.0))
    month = MonthAhead(10.0, 11.0, chances, SAVINGS)
    assert month.least_kw(1.0, per_kw) == pytest.approx(expected_kw, abs=0.2)
    assert month.least_kw(11.0, per_kw) == 10.0  # with no day left a kW saves nothing more


def test_the_days_left_are_gone_through_once_for_all_that_is_asked_of_them() -> None:
    gone_through: list[float] = []

    class Noted(PeakChances):
        def kept(self, since_days: float, days: float) -> np.ndarray:
            gone_through.append(since_days)
            return PeakChances.kept(self, since_days, days)

    peaks = np.linspace(0.0, 20.0, 129), np.full(129, 10.0)
    levels, month = np.linspace(10.0, 30.0, 11), MonthAhead(10.0, 11.0, Noted(*peaks), SAVINGS)
    found = [(month.least_kw(1.0, 3.0), month.cost(levels, 1.0, 3.0).tolist()) for _ in range(2)]
    assert gone_through == [10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    anew = MonthAhead(10.0, 11.0, PeakChances(*peaks), SAVINGS).cost(levels, 1.0, 3.0)
    assert [cost for _, cost in found] == [anew.tolist()] * 2
    other = MonthAhead(10.0, 11.0, PeakChances(*peaks), SAVINGS)
    for planned_days, per_kw in ((2.0, 3.0), (1.0, 10.0)):
        assert month.cost(levels, planned_days, per_kw).tolist() == other.cost(levels, planned_days, per_kw).tolist()


def test_a_month_that_ends_within_the_horizon_pays_in_full_and_the_next_one_in_part() -> None:
    start = datetime(2026, 6, 30, 11, tzinfo=UTC)  # twelve hours before the month ends on the site's clock
    asked = replace(
        request(steps=24, step_s=3600, demand=Demand(DemandCharge(15.0), 2000.0)),
        now=start,
        horizon=Horizon(start, 3600, 24),
        battery=LOSSLESS,
    )
    (peak,) = peaks_of(asked, terms_of(asked), np.tile(DAY, 31), np.zeros(24))
    ladder = ladder_of(peak, np.full((1, 24), 8000.0), 1.0)
    (ending, ended), (following, in_part) = ladder.end_cost.items()
    assert (ending, following) == (11, 23)
    assert ladder.levels_kw[0, 0] == pytest.approx(2.0)
    assert ended == pytest.approx(15.0 * (ladder.levels_kw[0] - 2.0))
    assert (np.diff(in_part) < 15.0 * np.diff(ladder.levels_kw[23])).all()
    assert (np.diff(ladder.levels_kw, axis=1) > 0.0).all()
