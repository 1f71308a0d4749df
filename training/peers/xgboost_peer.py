"""XGBoost for the sun as it is often set: 100 trees of depth 6 at a rate of .1, refitted every 28 days on all before.

It sees what the LightGBM of the site sees. It gives single values; its interval comes from its own past errors.
"""

import numpy as np
import xgboost

from agent.forecasting.forecaster import FloatArray, IntArray
from training.peers.hours import Hours
from training.peers.lightgbm_peer import FEWEST_ROWS, refit_blocks, training_rows
from training.peers.naive import band_of_points, same_hour_yesterday
from training.peers.peer_features import ALL_LEADS, peer_rows
from training.scoring.measures import HORIZON_H

_TREES = 100
_GROWTH = {"max_depth": 6, "eta": 0.1, "objective": "reg:squarederror", "nthread": 1, "seed": 1, "verbosity": 0}


def xgboost_band(hours: Hours, origins: IntArray) -> FloatArray:
    """Quantiles at BAND, W, (O, 3, HORIZON_H), of the ascending hours ``origins``."""
    return band_of_points(hours, origins, _points)


def _points(hours: Hours, origins: IntArray) -> FloatArray:
    found = np.empty((origins.size, HORIZON_H))
    for mine in refit_blocks(origins):
        rows, answer = training_rows(hours, int(origins[mine][0]))
        if answer.size < FEWEST_ROWS:
            found[mine] = same_hour_yesterday(hours, origins[mine])
            continue
        booster = xgboost.train(_GROWTH, xgboost.DMatrix(rows, answer), _TREES)
        asked = peer_rows(hours, origins[mine], np.broadcast_to(ALL_LEADS, (int(mine.sum()), HORIZON_H)))
        found[mine] = booster.predict(xgboost.DMatrix(asked.reshape(-1, asked.shape[-1]))).reshape(-1, HORIZON_H)
    return np.maximum(found, 0.0)
