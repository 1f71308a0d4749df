"""When a candidate counts as better than the champion, on made-up days."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.model_comparison import DayScore, Decision
from agent.forecasting.combination.model_comparison import FEWEST_DAYS, FEWEST_LIVE, at_least, days_to_judge, verdict
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, empty_site, regular_site, with_values_from

FIRST = date(2025, 1, 1)
LIVE = FIRST + timedelta(days=14)


def days(count: int, pinball: float, cost: float, noise: float = 0.02, seed: int = 1) -> list[DayScore]:
    """Days on which the candidate gains these shares of a loss of 100 W and a bill of 5, with noise."""
    random = np.random.default_rng(seed)
    scores = []
    for day in range(count):
        luck = noise * random.normal(size=2)
        gains = 1 - pinball - luck[0], 1 - cost - luck[1] / 4
        scores.append(DayScore(FIRST + timedelta(days=day), 100.0, 100.0 * gains[0], 5.0, 5.0 * gains[1]))
    return scores


CASES: dict[str, tuple[float, float, Decision]] = {
    "better on both": (0.05, 0.02, Decision.BETTER),
    "alike": (0.0, 0.0, Decision.ALIKE),
    "worse on both": (-0.05, -0.02, Decision.ALIKE),
    "better forecasts, dearer plans": (0.05, -0.02, Decision.ALIKE),
    "cheaper plans, worse forecasts": (-0.05, 0.02, Decision.ALIKE),
    "better by less than the margin": (0.005, 0.02, Decision.ALIKE),
}


@pytest.mark.parametrize("case", CASES)
def test_better_on_both_by_a_margin_or_not_at_all(case: str) -> None:
    pinball, cost, decision = CASES[case]
    found = verdict(days(28, pinball, cost, noise=0.002), LIVE)
    assert (found.decision, found.days, found.live) == (decision, 28, 14)
    assert found.pinball_gain == pytest.approx(pinball, abs=0.003)
    assert found.pinball_at_least <= found.pinball_gain
    assert f"{abs(found.pinball_gain):.1%} {'lower' if pinball > 0 else 'higher'}" in found.why or pinball == 0


def test_a_gain_within_the_noise_is_not_for_sure() -> None:
    scores = days(28, 0.02, 0.01, noise=0.3, seed=2)
    found = verdict(scores, None)
    assert found.decision is Decision.ALIKE
    assert found.pinball_at_least < 0


def test_the_pinball_decides_alone_where_every_plan_costs_the_same() -> None:
    scores = [DayScore(s.day, s.pinball_champion, s.pinball_candidate, 5.0, 5.0) for s in days(28, 0.05, 0.0)]
    assert verdict(scores, LIVE).decision is Decision.BETTER


@pytest.mark.parametrize(
    ("count", "live_from"),
    [
        (FEWEST_DAYS - 1, None),
        (FEWEST_DAYS, FIRST + timedelta(days=FEWEST_DAYS - FEWEST_LIVE + 1)),
        (28, FIRST + timedelta(days=28)),
        (0, None),
    ],
)
def test_too_few_days_are_too_early(count: int, live_from: date | None) -> None:
    found = verdict(days(count, 0.2, 0.1), live_from)
    assert found.decision is Decision.EARLY
    assert found.why.startswith(f"{count} of 14 days")


def test_days_before_the_candidate_came_cannot_promote_it_but_can_speak_against_it() -> None:
    learnt_by_heart = days(14, 0.3, 0.1)
    assert verdict(learnt_by_heart + days(28, 0.0, 0.0, 0.002)[14:], LIVE).decision is Decision.ALIKE
    bad_before = days(14, -0.3, 0.1)
    assert verdict(bad_before + days(28, 0.05, 0.05, 0.002)[14:], LIVE).decision is Decision.ALIKE


WATCHED: dict[str, tuple[float, float, Decision]] = {
    "the one before is better on both": (0.03, 0.01, Decision.BETTER),
    "alike": (0.0, 0.0, Decision.ALIKE),
    "the promoted one is better": (-0.05, -0.02, Decision.ALIKE),
    "its forecasts have become bad beyond doubt": (0.2, 0.0, Decision.BETTER),
    "its plans have become dear beyond doubt": (0.0, 0.1, Decision.BETTER),
    "a little worse on one measure": (0.03, -0.01, Decision.ALIKE),
}


@pytest.mark.parametrize("case", WATCHED)
def test_a_week_is_enough_to_see_that_a_promoted_model_has_turned_worse(case: str) -> None:
    pinball, cost, decision = WATCHED[case]
    assert verdict(days(7, pinball, cost, noise=0.002), None, watching=True).decision is decision
    assert verdict(days(6, pinball, cost, noise=0.002), None, watching=True).decision is Decision.EARLY


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=60))
def test_the_lower_end_lies_between_the_worst_day_and_the_mean_and_a_bit(gains: list[float]) -> None:
    table = np.array(gains)
    assert table.min() - 1e-9 <= at_least(table) <= table.max() + 1e-9
    assert at_least(table) == at_least(table)


def test_the_lower_end_is_below_the_true_gain_nine_times_in_ten() -> None:
    random = np.random.default_rng(5)
    below = [at_least(1.0 + random.normal(size=28)) <= 1.0 for _ in range(400)]
    assert 0.83 <= float(np.mean(below)) <= 0.95


def test_a_day_is_judged_when_its_forecasts_have_ended_and_enough_was_measured() -> None:
    site = regular_site(CAMBRIDGE, days=30, step_s=3600)
    found = days_to_judge(site, "load_w", RATED_W, 48 * 3600, 28)
    newest = (NOW - timedelta(days=3)).date()
    assert found == tuple(newest - timedelta(days=ago) for ago in range(21))
    dead = with_values_from(site, site.horizon.steps - 5 * 24, None, None)
    assert days_to_judge(dead, "load_w", RATED_W, 48 * 3600, 28)[0] == (NOW - timedelta(days=7)).date()


HISTORIES: dict[str, Callable[[], object]] = {"none": empty_site, "a week": lambda: regular_site(CAMBRIDGE, days=7)}


@pytest.mark.parametrize("kind", HISTORIES)
def test_a_short_history_has_no_day_to_judge(kind: str) -> None:
    assert days_to_judge(HISTORIES[kind](), "pv_w", RATED_W, 48 * 3600, 28) == ()  # type: ignore[arg-type]
