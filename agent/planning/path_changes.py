"""What is known of the paths ahead: which of them a site goes over to, and which of them it is on by its net load.

A path is what one past day made of the forecast. Whoever is on it has seen its load and its sun up to now and not what
it does next: after a step, any day that stood near this one just then may be the one that is followed. Staying on one
path for hours instead knows its clouds before they come.
"""

import numpy as np

from agent.planning.planning_terms import Floats

BANDWIDTH = 0.5  # of the spread of the paths in load and in sun
LOOKING_H = 1.0  # how often a path is left for one near by
BALANCING_ROUNDS = 3
LEAST_SPREAD_W = 1e-3  # of less, as of the sun at night, nothing can be told


def path_changes(net_w: Floats, pv_w: Floats, step_h: float) -> Floats:
    """Chance [i, k, m] that who was on path k in step i is on path m in step i + 1, (steps, paths, paths).

    ``net_w`` and ``pv_w`` have shape (paths, steps), W. With d the distance of two paths in load and sun in units of
    ``BANDWIDTH`` spreads, ``chance = (1 - a) [k = m] + a u[k] exp(-d**2 / 2) u[m]``, where a is the part of
    ``LOOKING_H`` that a step lasts: kernel regression (E. Nadaraya and G. Watson, 1964) over a mesh of paths (M.
    Broadie and P. Glasserman, "A stochastic mesh method", Journal of Computational Finance 7 (2004) 35-72). Rows and
    columns add up to 1, so that all paths stay equally likely.
    """
    kernel = np.exp(-0.5 * (_distances(net_w + pv_w) + _distances(pv_w)))
    looking = min(1.0, step_h / LOOKING_H)
    return np.asarray((1.0 - looking) * np.eye(len(net_w)) + looking * _balanced(kernel))


def with_surprises(changes: Floats, surprises: int, leaves: float) -> Floats:
    """``changes`` (steps, paths, paths) with ``surprises`` more, each left with chance ``leaves`` a step for any path.

    It is gone over to from each path as often, so that all stay equally likely.
    """
    steps, many, _ = changes.shape
    share, all_of = leaves / many, many + surprises
    found = np.full((steps, all_of, all_of), share)
    found[:, :many, :many] = (1.0 - surprises * share) * changes
    found[:, many:, many:] = (1.0 - leaves) * np.eye(surprises)
    return found


def _balanced(kernel: Floats) -> Floats:
    """``u[k] kernel[k, m] u[m]`` with rows and columns that add up to 1, for symmetric kernels (..., paths, paths).

    R. Sinkhorn, "A relationship between arbitrary positive matrices and doubly stochastic matrices", Annals of
    Mathematical Statistics 35 (1964) 876-879. What few rounds leave over stays where it is, on the diagonal.
    """
    scale = np.ones(kernel.shape[:-1])
    for _ in range(BALANCING_ROUNDS):
        scale = np.sqrt(scale / (kernel @ scale[..., None])[..., 0])
    balanced = scale[..., :, None] * kernel * scale[..., None, :]
    balanced /= np.maximum(1.0, balanced.sum(axis=-1).max(axis=-1))[..., None, None]
    return np.asarray(balanced + (1.0 - balanced.sum(axis=-1))[..., :, None] * np.eye(kernel.shape[-1]))


def _distances(power_w: Floats) -> Floats:
    """Squared distances of the paths in every step, (steps, paths, paths), in units of the bandwidth."""
    spread = power_w.std(axis=0)
    scaled = (power_w / np.where(spread > LEAST_SPREAD_W, BANDWIDTH * spread, np.inf)).T
    return np.asarray((scaled[:, :, None] - scaled[:, None, :]) ** 2)


def paths_near(seen_w: Floats, now_w: Floats, noise_w: float = 0.0) -> Floats:
    """How much each path counts after a step whose mean net load was ``seen_w`` (levels,), W: (levels, paths).

    The more, the nearer it came to it, ``now_w`` (paths,): ``exp(-(seen - now)**2 / (2 width**2))``, its width being
    ``BANDWIDTH`` spreads and the noise of what is seen, ``noise_w`` (one standard deviation). Rows add up to 1.
    """
    width = max(float(np.hypot(BANDWIDTH * now_w.std(), noise_w)), LEAST_SPREAD_W)
    within_w = np.clip(seen_w, now_w.min(), now_w.max())
    weights = np.exp(-0.5 * ((now_w[None, :] - within_w[:, None]) / width) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
