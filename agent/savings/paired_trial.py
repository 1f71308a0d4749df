"""Optimiser or rule, block by block: a trial on the site itself that says what the optimiser is worth.

The order is drawn before the trial begins, so that nobody chooses the days. Blocks come in pairs of the same time of
day on two days in a row; one of each pair, at random, is the optimiser's. The effect is the mean difference within
pairs. Weather enters by what the block would have cost without a battery, carry-over by the energy that was in the
battery when the block began: both differences are regressed out, and the effect is the regression's value where both
are zero (Lin 2013, "Agnostic notes on regression adjustments to experimental data", Annals of Applied Statistics 7).
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.paired_trial import DAY_H, Arm, Schedule
from agent.domain.sentences.readings import too_few_pairs

CONFIDENCE = 0.95
LEAST_PAIRS = 5  # two more than what is estimated


class NoEstimate(ValueError):
    """The trial says nothing yet. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class BlockResult:
    """A block of the trial, in money a day: ``saved`` is the saving, with the stored energy it gained or used up.

    ``no_battery`` is what the block would have cost without a battery, ``began_kwh`` what was stored when it began.
    """

    block: int
    saved: float
    no_battery: float
    began_kwh: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What the optimiser saves more than the rule, money a day, with its 95 % interval, from ``blocks`` blocks."""

    mean: float
    low: float
    high: float
    blocks: int


def schedule(seed: int, start: datetime, blocks: int, block_h: int = DAY_H) -> Schedule:
    """The same ``seed`` draws the same order. Half-days have a ``block_h`` of 12.

    Raises ValueError unless ``start`` is a whole UTC hour and the blocks fill pairs of days.
    """
    if start.utcoffset() != timedelta(0) or start.timestamp() % 3600:
        raise ValueError(f"a trial begins on a whole hour in UTC, not at {start.isoformat()}")
    if not 1 <= block_h <= DAY_H or DAY_H % block_h:
        raise ValueError(f"a block of {block_h} h does not divide a day")
    a_day = DAY_H // block_h
    if blocks <= 0 or blocks % (2 * a_day):
        raise ValueError(f"{blocks} blocks of {block_h} h do not fill pairs of days")
    drawn = random.Random(seed)
    arms: list[Arm] = []
    for _ in range(blocks // (2 * a_day)):
        first = [drawn.choice((Arm.OPTIMISER, Arm.RULE)) for _ in range(a_day)]
        arms += first + [Arm.RULE if arm is Arm.OPTIMISER else Arm.OPTIMISER for arm in first]
    return Schedule(start, block_h, tuple(arms))


def estimate(trial: Schedule, results: Sequence[BlockResult]) -> Effect:
    """The effect from the pairs of which both blocks have a result. Raises NoEstimate below five of them."""
    by_block = {result.block: result for result in results}
    pairs = [(by_block[a], by_block[b]) for a, b in trial.pairs() if a in by_block and b in by_block]
    if len(pairs) < LEAST_PAIRS:
        raise NoEstimate(too_few_pairs(count=len(pairs), fewest=LEAST_PAIRS))
    gained = [optimiser.saved - rule.saved for optimiser, rule in pairs]
    covariates = [
        [optimiser.no_battery - rule.no_battery for optimiser, rule in pairs],
        [optimiser.began_kwh - rule.began_kwh for optimiser, rule in pairs],
    ]
    columns = [[1.0] * len(pairs)]
    for values in covariates:
        if _adds(columns, values):
            columns.append(values)
    mean, spread = _intercept(columns, gained)
    reach = t_quantile(0.5 + CONFIDENCE / 2.0, len(pairs) - len(columns)) * spread
    return Effect(mean, mean - reach, mean + reach, 2 * len(pairs))


def t_quantile(probability: float, freedom: int) -> float:
    """Student's t, for a ``probability`` of at least one half."""
    low, high = 0.0, 1.0
    while _t_within(high, freedom) < 2.0 * probability - 1.0:
        high *= 2.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _t_within(middle, freedom) < 2.0 * probability - 1.0 else (low, middle)
    return (low + high) / 2.0


def _t_within(t: float, freedom: int) -> float:
    """P(|T| < t): Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= square * k / (k + 1)
    return (angle + sine * total) * 2.0 / math.pi if odd else sine * total


def _intercept(columns: Sequence[Sequence[float]], wanted: Sequence[float]) -> tuple[float, float]:
    """The least-squares coefficient of the first column, and its standard error."""
    inverse = _inverse([[_dot(a, b) for b in columns] for a in columns])
    sides = [_dot(column, wanted) for column in columns]
    found = [_dot(row, sides) for row in inverse]
    residuals = [y - _dot(found, x) for y, x in zip(wanted, zip(*columns, strict=True), strict=True)]
    variance = _dot(residuals, residuals) / (len(wanted) - len(columns))
    return found[0], math.sqrt(variance * inverse[0][0])


def _adds(columns: Sequence[Sequence[float]], values: Sequence[float]) -> bool:
    """Whether ``values`` says something that ``columns`` do not."""
    size = _dot(values, values)
    if size == 0.0:
        return False
    inverse = _inverse([[_dot(a, b) for b in columns] for a in columns])
    sides = [_dot(column, values) for column in columns]
    return size - _dot(sides, [_dot(row, sides) for row in inverse]) > 1e-9 * size


def _inverse(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Of a small positive definite matrix, by Gauss and Jordan."""
    size = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(size):
            if j != i:
                rows[j] = [value - rows[j][i] * own for value, own in zip(rows[j], rows[i], strict=True)]
    return [row[size:] for row in rows]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))
