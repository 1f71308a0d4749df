"""Scores of weighted paths against what came. Pure arrays.

T. Gneiting and A. Raftery, "Strictly proper scoring rules, prediction, and estimation", Journal of the American
Statistical Association 102 (2007) 359-378: the energy score, which of one step is the continuous ranked probability
score.
"""

import math

import numpy as np

from agent.forecasting.forecaster import FloatArray

LEAST = 1e-9  # of a noise: with less a path is a step
TAIL = 0.05
"""On either side of the interval of which the coverage is told."""


def energy_score(paths: FloatArray, weights: FloatArray, came: FloatArray) -> float:
    """``sum w |x - y| - sum sum w w' |x - x'| / 2``: ``paths`` (paths, steps), ``weights`` (paths,), ``came`` (steps,).

    In the unit of the paths; less is better, and 0 is one path that comes true.
    """
    missed = np.sqrt(((paths - came) ** 2).sum(axis=1))
    apart = np.sqrt(((paths[:, None] - paths[None]) ** 2).sum(axis=2))
    return float(weights @ missed - 0.5 * weights @ apart @ weights)


def covered(paths: FloatArray, weights: FloatArray, came: FloatArray, noise: FloatArray | float = 0.0) -> FloatArray:
    """1 for each step in which ``came`` has at least ``TAIL`` of the weight on either side, else 0, (steps,).

    ``noise`` (steps,) is the spread (one standard deviation, normal) of what the paths leave out.
    """
    far = (came - paths) / np.maximum(noise, LEAST)
    below = weights @ (0.5 + 0.5 * _erf(far / np.sqrt(2.0)))
    inside: FloatArray = ((below >= TAIL) & (below <= 1.0 - TAIL)).astype(np.float64)
    return inside


def _erf(values: FloatArray) -> FloatArray:
    found = [math.erf(value) for value in values.ravel().tolist()]
    return np.array(found).reshape(values.shape)
