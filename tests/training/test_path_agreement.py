"""Paths that agree with now: moved by what their errors have in common, and as wide as now leaves open."""

import numpy as np
import pytest

from training.paths.agreement import paths_given


def followed(paths: int = 20, slope: float = 0.8, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    now = random.normal(1000.0, 300.0, paths)
    return now, 1200.0 + slope * (now - 1000.0) + random.normal(0.0, 60.0, paths)


@pytest.mark.parametrize("seen", [-2.0, 0.0, 1.5])
def test_given_paths_agree_with_now_and_keep_their_spread_later(seen: float) -> None:
    """Errors that halve by the step: the mean is moved by half as much each time, the spread returns."""
    random = np.random.default_rng(5)
    errors_w = [random.normal(0.0, 300.0, 4000)]
    for _ in range(5):
        errors_w.append(0.5 * errors_w[-1] + random.normal(0.0, 260.0, 4000))
    net = 1000.0 + np.array(errors_w).T
    (given,) = paths_given(net, np.array([1000.0 + seen * 300.0]))
    moved = given.mean(axis=0) - net.mean(axis=0)
    assert given[:, 0] == pytest.approx(1000.0 + seen * 300.0, abs=10.0)
    assert moved == pytest.approx(seen * 300.0 * 0.5 ** np.arange(6), abs=25.0)
    assert (np.diff(given.std(axis=0)[:4]) > 0.0).all()
    assert given.std(axis=0)[-1] == pytest.approx(net.std(axis=0)[-1], rel=0.05)


def test_given_paths_of_several_levels_lie_beside_each_other() -> None:
    now, later = followed()
    given = paths_given(np.column_stack([now, later]), np.array([500.0, 1500.0]))
    assert given.shape == (2, 20, 2)
    assert (given[0] < given[1]).all()


def test_what_was_seen_through_noise_moves_paths_less() -> None:
    now, later = followed()
    net, seen = np.column_stack([now, later]), np.array([2000.0])
    moved = [float((paths_given(net, seen, noise_w)[0] - net)[:, 1].mean()) for noise_w in (0.0, 300.0, 3000.0)]
    assert moved[0] > moved[1] > moved[2] > 0.0


def test_paths_that_do_not_differ_now_are_left_alone() -> None:
    net = np.column_stack([np.full(4, 500.0), np.array([100.0, 200.0, 300.0, 400.0])])
    assert paths_given(net, np.array([900.0]))[0] == pytest.approx(net)
