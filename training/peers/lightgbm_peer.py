"""LightGBM fitted to one site and refitted every 28 days on all that the site had measured by then.

One model a quantile, 220 trees of 31 leaves at a rate of .05, direct over all leads. Each tree sees half of the rows,
60 % of the features and no leaf below 100 rows: on three sites that beat the defaults by 4 to 11 % of pinball loss.
To stay near a minute and a half a site, rows are thinned: an origin every 5 h with all of its leads while the history
is short (up to four months), later one every 7 h or more with a third of its leads, other ones each time.
"""

from collections.abc import Iterator

import lightgbm
import numpy as np
from numpy.typing import NDArray

from agent.forecasting.forecaster import FloatArray, IntArray
from training.peers.hours import Hours
from training.peers.naive import band_of_points, same_hour_yesterday
from training.peers.peer_features import ALL_LEADS, peer_rows
from training.scoring.measures import BAND, HORIZON_H

REFIT_H = 28 * 24
FEWEST_ROWS = 500
"""With fewer than that before a refit, the same hour yesterday answers instead."""

_TREES = 220
_MOST_ROWS = 32_000
_LEADS_OF_AN_ORIGIN = 16
_STRIDES_H = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)  # coprime with 24: every hour has its turn
_GROWTH = {
    "objective": "quantile",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
    "verbosity": -1,
}


def lightgbm_band(hours: Hours, origins: IntArray) -> FloatArray:
    """Quantiles at BAND, W, (O, 3, HORIZON_H), of the ascending hours ``origins``."""
    found = np.empty((origins.size, len(BAND), HORIZON_H))
    for mine in refit_blocks(origins):
        rows, answer = training_rows(hours, int(origins[mine][0]))
        if answer.size < FEWEST_ROWS:
            found[mine] = band_of_points(hours, origins[mine], same_hour_yesterday)
            continue
        asked = peer_rows(hours, origins[mine], np.broadcast_to(ALL_LEADS, (int(mine.sum()), HORIZON_H)))
        for index, level in enumerate(BAND):
            booster = lightgbm.train(_GROWTH | {"alpha": level}, lightgbm.Dataset(rows, answer), _TREES)
            found[mine, index] = booster.predict(asked.reshape(-1, asked.shape[-1])).reshape(-1, HORIZON_H)
    return np.maximum(np.sort(found, axis=1), 0.0)


def refit_blocks(origins: IntArray) -> Iterator[NDArray[np.bool_]]:
    """The origins of each 28 days, as a mask. A model is fitted at the first of them, on what lay before it."""
    block = (origins - origins[0]) // REFIT_H
    for number in np.unique(block):
        yield block == number


def training_rows(hours: Hours, until: int, most: int = _MOST_ROWS) -> tuple[FloatArray, FloatArray]:
    """Features and answers of hours before ``until``; for the sun, of daylight."""
    first = min(14 * 24, until // 2)
    short = (until - first) // _STRIDES_H[0] * HORIZON_H <= most
    many = HORIZON_H if short else _LEADS_OF_AN_ORIGIN
    thinned = (until - first) * many // most
    every = next((step for step in _STRIDES_H if step > thinned), _STRIDES_H[-1])
    origins = np.arange(until - HORIZON_H, first, -every)[::-1]
    stride = HORIZON_H // many
    leads = (np.arange(origins.size) % stride)[:, None] + stride * np.arange(many)
    target = origins[:, None] + leads
    usable = np.isfinite(hours.values[target])
    if hours.quantity == "pv_w":
        usable &= hours.clear[target] > 0
    return peer_rows(hours, origins, leads)[usable], hours.values[target][usable]
