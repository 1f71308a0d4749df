"""A candidate against a champion on the same past days."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.backtest.earn import earn
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.model_comparison import Decision, Verdict
from agent.forecasting.combination.model_comparison import verdict
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from agent.workers.model_score import Sides, score_day, unjudged_days, up_to
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, empty_site, regular_site
from tests.planning.days import request
from tests.workers.members import Seer, bill

SITE = regular_site(CAMBRIDGE, days=60, step_s=3600)
ASKED = request(now=NOW, horizon=Horizon(NOW, 3600, 48), place=CAMBRIDGE, solar_rated_w=RATED_W)
OTHERS = (SolarPersistence(CAMBRIDGE, RATED_W),)


def seer(error: float, seed: int) -> Seer:
    return Seer(f"seer {seed}", SITE, error, seed)


def judge(champion: Seer, candidate: Seer, history: History = SITE) -> Verdict:
    """The candidate against the champion on the last days of ``history``, none of which it was fitted on."""
    sides = Sides([champion], [candidate], OTHERS)
    days = unjudged_days(ASKED, history, "load_w", ())
    return verdict([score_day(ASKED, history, day, sides, bill) for day in days], None)


def test_a_better_candidate_is_better() -> None:
    found = judge(seer(0.2, 1), seer(0.1, 2))
    assert found.decision is Decision.BETTER
    assert found.days == found.live == 28
    assert found.pinball_gain == pytest.approx(0.5, abs=0.1)
    assert 0 < found.cost_at_least < found.cost_gain


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_an_equal_or_worse_candidate_is_not(seed: int) -> None:
    assert judge(seer(0.2, 1), seer(0.2, seed)).decision is Decision.ALIKE
    assert judge(seer(0.1, 1), seer(0.2, seed)).decision is Decision.ALIKE


def test_the_same_model_is_exactly_alike() -> None:
    found = judge(seer(0.2, 1), seer(0.2, 1))
    assert (found.decision, found.pinball_gain, found.cost_gain) == (Decision.ALIKE, 0.0, 0.0)


def test_without_history_it_is_too_early() -> None:
    assert judge(seer(0.2, 1), seer(0.1, 2), empty_site()).decision is Decision.EARLY


def test_the_money_is_that_of_real_plans() -> None:
    """Plans made with foreknowledge of the load cost less than those made with persistence."""
    site = regular_site(CAMBRIDGE, days=40, step_s=3600, noise_w=2000.0)
    persistence = [LoadPersistence(CAMBRIDGE)]
    sides = Sides(persistence, [Seer("knows", site, 0.01, 1), *persistence], OTHERS)
    days = [(NOW - timedelta(days=ago)).date() for ago in (3,)]
    scores = [score_day(ASKED, site, day, sides, earn) for day in days]
    assert all(score.pinball_candidate < 0.2 * score.pinball_champion for score in scores)
    assert sum(score.cost_candidate for score in scores) < sum(score.cost_champion for score in scores)


def test_a_history_is_cut_at_a_time() -> None:
    end = datetime(2023, 6, 1, tzinfo=UTC)
    cut = up_to(SITE, end)
    assert cut.end == end
    assert len(cut.load_w) == len(cut.pv_w) == len(cut.curtailed) == cut.horizon.steps
    assert up_to(SITE, NOW + timedelta(days=9)) == SITE
