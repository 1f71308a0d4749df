"""What is known of the paths ahead: chances add up, and likeness decides."""

import numpy as np
import pytest

from agent.planning.path_changes import path_changes, paths_near
from tests.planning.days import errors

STEPS = 24
LOAD = 2000.0 + errors(STEPS, seed=1)
SUN = np.clip(1500.0 * np.sin(np.linspace(0.0, np.pi, STEPS)) + errors(STEPS, seed=2), 0.0, None)
SUN[:, :4] = 0.0


@pytest.mark.parametrize("step_h", [1.0, 0.25, 2.0])
@pytest.mark.parametrize("paths", [1, 2, 3, 9, 20])
def test_chances_add_up_both_ways(paths: int, step_h: float) -> None:
    chances = path_changes(LOAD[:paths] - SUN[:paths], SUN[:paths], step_h)
    assert chances.shape == (STEPS, paths, paths)
    assert (chances >= -1e-12).all()
    assert chances.sum(axis=2) == pytest.approx(1.0)
    assert chances.sum(axis=1) == pytest.approx(1.0)


def test_the_near_are_likelier_and_load_and_sun_both_count() -> None:
    """Paths 0 and 1 are alike; 2 has the net load of 0 from more load and more sun; 3 is alike in the load alone."""
    load = np.array([[1000.0], [1010.0], [2000.0], [1000.0]])
    sun = np.array([[100.0], [100.0], [1100.0], [1100.0]])
    (of_first, *_), *_ = path_changes(load - sun, sun, 1.0)
    assert of_first[0] >= of_first[1] > 0.4
    assert of_first[1] > of_first[3] > of_first[2]


def test_at_night_the_load_alone_decides() -> None:
    night = path_changes(LOAD - SUN, SUN, 1.0)[0]
    assert night == pytest.approx(path_changes(LOAD, np.zeros_like(SUN), 1.0)[0])


def test_where_nothing_differs_any_path_may_follow() -> None:
    same = np.full((5, STEPS), 700.0)
    assert path_changes(same, 0.0 * same, 1.0) == pytest.approx(0.2)


def test_a_quarter_changes_a_quarter_as_much_as_an_hour() -> None:
    hour, quarter = path_changes(LOAD, SUN, 1.0), path_changes(LOAD, SUN, 0.25)
    assert quarter - np.eye(20) == pytest.approx((hour - np.eye(20)) / 4.0)


NOW = np.array([100.0, 200.0, 300.0, 400.0])


@pytest.mark.parametrize(("seen", "likeliest"), [(90.0, 0), (210.0, 1), (320.0, 2), (9e9, 3), (-9e9, 0)])
def test_paths_near_what_was_seen_count_most(seen: float, likeliest: int) -> None:
    (weights,) = paths_near(np.array([seen]), NOW)
    assert weights.sum() == pytest.approx(1.0)
    assert np.argmax(weights) == likeliest


@pytest.mark.parametrize("now", [np.full(4, 500.0), np.array([400.0])])
def test_what_tells_nothing_leaves_all_alike(now: np.ndarray) -> None:
    assert paths_near(np.array([100.0, 900.0]), now) == pytest.approx(1.0 / len(now))


def test_noise_makes_what_is_seen_count_less() -> None:
    means = [float((paths_near(np.array([400.0]), NOW, noise_w) @ NOW)[0]) for noise_w in (0.0, 100.0, 10_000.0)]
    assert means[0] > means[1] > means[2]
    assert means[2] == pytest.approx(NOW.mean(), abs=1.0)
