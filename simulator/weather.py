"""The weather of a synthetic site: how clear its days and hours are, which last as measured weather does. Pure.

Fitted to the irradiance measured at Bedford, England, 2019 and 2020 (Met Office MIDAS Open, 516 days), as shares of the
day's clear-sky sum where the best tenth of days begins:

- a day's clearness has the quantiles of ``_DAYS``; as a normal score it correlates by .46, .29 and .15 with one, two
  and three days before. It is drawn as an autoregression of first order, whose persistence is above that since hours
  add chance of their own;
- hours stand around their day's clearness by ``_SPREAD``, most under broken cloud, and correlate with the hour before
  by .52 and with two hours before by .20, both measured around the means of the days.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist

from simulator.noise import persistent

DAY_S, HOUR_S = 86_400, 3600
DAY_PERSISTENCE = 0.8
HOUR_PERSISTENCE = 0.85
CLEAREST, DULLEST = 1.08, 0.12
_Points = Sequence[tuple[float, float]]
# (share of days that are duller, clearness of the day)
_DAYS: _Points = (
    (0.0, 0.12),
    (0.02, 0.22),
    (0.1, 0.36),
    (0.25, 0.54),
    (0.5, 0.72),
    (0.75, 0.88),
    (0.9, 0.98),
    (1.0, 1.05),
)
# (clearness of the day, standard deviation of its hours)
_SPREAD: _Points = (
    (0.0, 0.03),
    (0.1, 0.07),
    (0.3, 0.26),
    (0.5, 0.34),
    (0.7, 0.36),
    (0.85, 0.32),
    (1.0, 0.2),
    (1.1, 0.15),
)


@lru_cache(maxsize=4096)
def clearness_of_day(seed: int, epoch_day: int) -> float:
    """The mean clear-sky index of a UTC day."""
    return _between(_DAYS, NormalDist().cdf(persistent(seed, epoch_day, DAY_PERSISTENCE)))


@lru_cache(maxsize=65_536)
def clearness_of_hour(seed: int, epoch_hour: int) -> float:
    """The mean clear-sky index of a UTC hour."""
    of_day = clearness_of_day(seed, epoch_hour * HOUR_S // DAY_S)
    around = persistent(seed + 1, epoch_hour, HOUR_PERSISTENCE)
    return max(DULLEST, min(CLEAREST, of_day + _between(_SPREAD, of_day) * around))


def _between(points: _Points, at: float) -> float:
    """Straight lines between ``points``, which are sorted and reach around ``at``."""
    for (low, first), (high, last) in pairwise(points):
        if at <= high:
            return first + (last - first) * (at - low) / (high - low)
    return points[-1][1]
