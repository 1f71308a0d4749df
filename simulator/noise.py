"""Smooth reproducible noise: the same seed and time give the same value, in any order of asking. Pure.

Value noise on a lattice: a random number at every whole position, joined by the curve 3f^2 - 2f^3
(K. Perlin, "An Image Synthesizer", SIGGRAPH 1985). The random numbers come from the mixing step of SplitMix64
(Steele, Lea and Flood, OOPSLA 2014), which needs no state.
"""

import math
from functools import lru_cache
from statistics import NormalDist

_MASK = (1 << 64) - 1


def chance(seed: int, *keys: int) -> float:
    """A number in 0..1 (1 excluded) that depends on nothing but ``seed`` and ``keys``."""
    mixed = seed & _MASK
    for key in keys:
        mixed = _mix((mixed ^ (key & _MASK)) + 0x9E3779B97F4A7C15)
    return (mixed >> 11) / float(1 << 53)


def smooth(seed: int, position: float) -> float:
    """Noise in 0..1 with a period of about one; ``position`` is time divided by the wanted time scale."""
    below = math.floor(position)
    part = position - below
    weight = part * part * (3.0 - 2.0 * part)
    first = chance(seed, below)
    return first + (chance(seed, below + 1) - first) * weight


@lru_cache(maxsize=65_536)
def normal(seed: int, *keys: int) -> float:
    """A standard normal number that depends on nothing but ``seed`` and ``keys``."""
    return NormalDist().inv_cdf(min(max(chance(seed, *keys), 1e-9), 1.0 - 1e-9))


def persistent(seed: int, position: int, persistence: float) -> float:
    """A standard normal number that correlates by ``persistence`` with that of the position before.

    A stationary autoregression of first order as the sum of its own shocks, those that weigh less than a thousandth
    left out, so that any position can be asked for first.
    """
    total, weight, squares, back = 0.0, 1.0, 0.0, 0
    while weight > 0.001:
        total += weight * normal(seed, position - back)
        squares += weight * weight
        weight *= persistence
        back += 1
    return total / math.sqrt(squares)


def _mix(value: int) -> int:
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
