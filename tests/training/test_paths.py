"""Scores of paths, against cases computed by hand, and what the paths believe of the hours ahead."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.backtest.planner_view import Agent
from agent.planning.scenarios import Paths
from tests.backtest import folder
from tests.backtest.cases import Knows, case
from training.paths.score_paths import AFTER_SEEN, AGREEING, AS_ISSUED, beliefs, score_paths
from training.paths.scores import covered, energy_score


def test_energy_score_of_two_paths_worked_out_by_hand() -> None:
    paths, weights = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0.25, 0.75])
    missed = 0.25 * 5.0 + 0.75 * 0.0
    assert energy_score(paths, weights, np.array([3.0, 4.0])) == pytest.approx(missed - 0.25 * 0.75 * 5.0)


@pytest.mark.parametrize("came", [-2.0, 0.0, 7.0])
def test_one_path_scores_its_error(came: float) -> None:
    assert energy_score(np.array([[5.0]]), np.ones(1), np.array([came])) == pytest.approx(abs(came - 5.0))


def test_the_right_spread_scores_better_than_a_narrower_or_wider_one() -> None:
    random = np.random.default_rng(1)
    came = random.normal(size=(400, 1))
    drawn = random.normal(size=(50, 1))
    weights = np.full(50, 0.02)
    right, narrow, wide = (
        np.mean([energy_score(scale * drawn, weights, one) for one in came]) for scale in (1.0, 0.4, 2.5)
    )
    assert right < narrow
    assert right < wide


@pytest.mark.parametrize(
    ("came", "inside"), [(-0.1, 0.0), (0.0, 1.0), (0.5, 1.0), (8.5, 1.0), (9.1, 0.0), (float("inf"), 0.0)]
)
def test_what_has_little_weight_beyond_it_is_outside(came: float, inside: float) -> None:
    paths = np.arange(10.0)[:, None]
    assert covered(paths, np.full(10, 0.1), np.array([came]))[0] == inside


def test_weights_decide_what_is_outside() -> None:
    paths = np.array([[0.0], [1.0], [2.0]])
    assert covered(paths, np.array([0.04, 0.48, 0.48]), np.array([0.5]))[0] == 0.0
    assert covered(paths, np.array([0.06, 0.47, 0.47]), np.array([0.5]))[0] == 1.0


@pytest.mark.parametrize(("noise", "inside"), [(0.0, 0.0), (1.0, 0.0), (2.0, 1.0)])
def test_noise_that_the_paths_leave_out_widens_the_interval(noise: float, inside: float) -> None:
    paths, weights = np.zeros((4, 1)), np.full(4, 0.25)
    assert covered(paths, weights, np.array([2.0]), noise)[0] == inside


def test_beliefs_add_up_agree_with_what_was_seen_and_fade() -> None:
    random = np.random.default_rng(2)
    level = random.normal(0.0, 500.0, (20, 1))
    net_w = 2000.0 + level + random.normal(0.0, 40.0, (20, 12))
    paths = Paths(net_w, np.zeros_like(net_w), np.zeros(12))
    found = beliefs(paths, float(net_w[:, 0].max()), 1.0, 6)
    assert found.shape == (6, 20)
    assert found.sum(axis=1) == pytest.approx(1.0)
    means = (found * net_w[:, 1:7].T).sum(axis=1) - net_w[:, 1:7].mean(axis=0)
    assert means[0] > 500.0
    assert means[0] > means[2] > means[5] > 0.0


def test_whoever_knows_what_comes_scores_nothing() -> None:
    house = case(played_days=1)
    agent = Agent(house, [Knows("load_w", house.load_w)], [Knows("pv_w", house.pv_w)])
    scored = []
    found = score_paths(house, agent, 3, 5, lambda: scored.append(1))
    assert [one.known for one in found] == [AS_ISSUED, AFTER_SEEN, AGREEING]
    for one in found:
        assert one.origins == len(scored) == 5
        assert one.energy == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
        assert one.together == pytest.approx(0.0, abs=1e-9)
        assert one.cover == (1.0, 1.0, 1.0)


def command(data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-m", "training", "paths", "--data", str(data), "--models", str(data / "none"), *more]
    return subprocess.run(asked, capture_output=True, text=True, check=False)


def test_the_command_prints_a_row_for_each_state_of_knowledge(tmp_path: Path) -> None:
    data = folder.write(tmp_path, days=40)
    done = command(data, "--sites", "house", "--days", "2", "--every", "12", "--leads", "2")
    assert done.returncode == 0, done.stderr
    assert AS_ISSUED in done.stdout
    assert AFTER_SEEN in done.stdout
    assert AGREEING in done.stdout
    unknown = command(data, "--sites", "nobody")
    assert unknown.returncode == 1
    assert unknown.stderr == "there is no site nobody; there are house\n"
