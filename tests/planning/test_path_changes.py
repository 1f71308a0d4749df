"""What is known of the paths ahead: chances add up, likeness decides, and what is foretold of now is met."""

import numpy as np
import pytest

from agent.planning.path_changes import path_changes, paths_after, paths_given
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


def followed(paths: int = 20, slope: float = 0.8, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    now = random.normal(1000.0, 300.0, paths)
    return now, 1200.0 + slope * (now - 1000.0) + random.normal(0.0, 60.0, paths)


def test_what_is_foretold_is_met() -> None:
    """Of paths whose errors last, the mean after a seen net load follows it, shrunk a little."""
    now, later = followed()
    levels = np.quantile(now, (0.2, 0.5, 0.8))
    weights = paths_after(levels, now, later)
    assert weights.sum(axis=1) == pytest.approx(1.0)
    assert (weights >= 0.0).all()
    away = now - now.mean()
    slope = (away @ later) / (away @ away) / 1.1
    assert weights @ later == pytest.approx(later.mean() + slope * (levels - now.mean()), abs=25.0)


def test_paths_agree_with_now_where_the_next_step_is_this_one() -> None:
    now, _ = followed()
    weights = paths_after(np.array([now.mean()]), now, now)
    assert weights[0] @ now == pytest.approx(now.mean(), abs=1.0)
    assert np.sqrt(weights[0] @ (now - now.mean()) ** 2) < 0.2 * now.std()


@pytest.mark.parametrize(
    ("now", "later"),
    [
        (np.full(4, 500.0), np.array([100.0, 200.0, 300.0, 400.0])),  # nothing can be seen
        (np.array([100.0, 200.0, 300.0, 400.0]), np.array([300.0, 100.0, 400.0, 200.0])),  # nothing follows from it
        (np.array([100.0, 200.0, 300.0, 400.0]), np.full(4, 700.0)),  # nothing differs any more
        (np.array([100.0]), np.array([400.0])),
    ],
)
def test_what_tells_nothing_leaves_all_alike(now: np.ndarray, later: np.ndarray) -> None:
    assert paths_after(np.array([100.0, 900.0]), now, later) == pytest.approx(1.0 / len(now))


def test_noise_makes_what_is_seen_count_less() -> None:
    now, later = followed()
    high = np.array([now.max()])
    means = [float((paths_after(high, now, later, noise_w) @ later)[0]) for noise_w in (0.0, 300.0, 3000.0)]
    assert means[0] > means[1] > means[2] > later.mean() - 20.0
    assert means[2] == pytest.approx(later.mean(), abs=20.0)


def test_beyond_the_outermost_path_it_counts_alone() -> None:
    now, later = followed()
    weights = paths_after(np.array([now.max() + 5000.0]), now, later)
    assert weights[0, np.argmax(later)] == pytest.approx(1.0)


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
