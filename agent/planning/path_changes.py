"""What is known of the paths ahead: which of them a site goes over to, and which follow a net load that was seen.

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
SHRINKAGE = 2.0  # paths without any likeness that a slope is estimated with besides
STEEPEST = 1.2  # an error that grows faster from one step to the next is chance


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
    return balanced + (1.0 - balanced.sum(axis=-1))[..., :, None] * np.eye(kernel.shape[-1])


def _distances(power_w: Floats) -> Floats:
    """Squared distances of the paths in every step, (steps, paths, paths), in units of the bandwidth."""
    spread = power_w.std(axis=0)
    scaled = (power_w / np.where(spread > LEAST_SPREAD_W, BANDWIDTH * spread, np.inf)).T
    return np.asarray((scaled[:, :, None] - scaled[:, None, :]) ** 2)


def paths_given(net_w: Floats, seen_w: Floats, noise_w: float = 0.0) -> Floats:
    """The paths ``net_w`` (paths, steps), W, when the mean net load of their first step is ``seen_w`` (levels,).

    Every path is moved by what the regression of its step on the first one foretells of how far it lies from what was
    seen: ``net + b (seen - net of the first step)``, (levels, paths, steps). So the paths agree with now, and are as
    wide ahead as now leaves open. The slopes b are shrunk, since they come of few paths, and by the noise of what is
    seen, ``noise_w`` (one standard deviation): the update of an ensemble Kalman filter (G. Evensen, "Sequential data
    assimilation with a nonlinear quasi-geostrophic model", J. Geophys. Res. 99 (1994) 10143-10162).
    """
    slopes = _slopes(net_w[:, 0], net_w, noise_w)
    return np.asarray(net_w + slopes * (seen_w[:, None, None] - net_w[None, :, :1]))


def paths_after(seen_w: Floats, now_w: Floats, next_w: Floats, noise_w: float = 0.0) -> Floats:
    """How much each path counts in the step after a mean net load ``seen_w`` (levels,), W: (levels, paths).

    ``now_w`` and ``next_w`` (paths,) are the paths in that step and in the next. The outcomes of ``paths_given`` are
    shared by the two paths between which each of them lies: the mean that is foretold is met, where averaging the
    paths near ``seen_w`` falls short. Rows add up to 1.
    """
    if np.ptp(next_w) <= LEAST_SPREAD_W:
        return np.full((len(seen_w), len(now_w)), 1.0 / len(now_w))
    given = paths_given(np.column_stack([now_w, next_w]), seen_w, noise_w)
    return _shared(given[:, :, 1], next_w)


def _slopes(now_w: Floats, net_w: Floats, noise_w: float) -> Floats:
    """Of the regression of every step on what is seen now, (steps,)."""
    away_w = now_w - now_w.mean()
    spread = float(away_w @ away_w) * (1.0 + SHRINKAGE / len(now_w)) + len(now_w) * noise_w**2
    return np.asarray(np.clip(away_w @ net_w / max(spread, LEAST_SPREAD_W), 0.0, STEEPEST))


def _shared(outcomes_w: Floats, path_w: Floats) -> Floats:
    """The mean weight of each path (paths,) when every outcome (rows, many) is shared by its two neighbours among them.

    What lies beyond the outermost path is its own.
    """
    order = np.argsort(path_w)
    places = np.interp(outcomes_w, path_w[order], np.arange(len(path_w)))
    near = np.maximum(0.0, 1.0 - np.abs(places[:, :, None] - np.arange(len(path_w))))
    weights = np.empty((len(outcomes_w), len(path_w)))
    weights[:, order] = near.mean(axis=1)
    return weights
