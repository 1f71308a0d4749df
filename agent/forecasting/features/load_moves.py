"""Where a site stands now, and where it would be had it moved since as it did on past days at the same local time.

What is known of the next hours is mostly this: a site that is high stays high, but for what usually happens then.
"""

from dataclasses import replace

import numpy as np

from agent.forecasting.features.load_lags import lags, means
from agent.forecasting.features.seasonal_load import SameTimes
from agent.forecasting.forecaster import FloatArray, IntArray
from agent.forecasting.series import Series, mean_before

MOVE_FEATURES = (
    "now",
    "now_move",
    "moved_1st_day",
    "moved_2nd_day",
    "moved_1st_week",
    "moved_1st_kin",
    "moved_kin_mean_3",
    "moved_day_mean_7",
    "moved_fast_mean",
)


def move_columns(series: Series, same: SameTimes, origin: IntArray, leads: IntArray) -> list[FloatArray]:
    """MOVE_FEATURES, each (origins, steps), W, NaN where not known; ``now_move`` alone is a distance.

    ``now`` is the mean of the hour before the origin, ``now_move`` how far it lies above the one an hour earlier. A
    move is how far the load of a past day lay, at the target's time, above its mean of the hour before the origin's.
    """
    hour = max(1, 3600 // series.step_s)
    now_w, before_w = (mean_before(series.values, origin - ago, hour) for ago in (0, hour))
    hours_w = mean_before(series.values, np.arange(series.values.size + 1), hour)
    moves = same.values - hours_w.take(same.index - leads[None, :, None], mode="clip")
    moved = replace(same, values=now_w[:, None, None] + moves)
    first, second, _, week, _ = lags(moved, leads, 24 * hour)
    shape = same.values.shape[:2]
    now = (np.broadcast_to(one[:, None], shape) for one in (now_w, now_w - before_w))
    return [*now, first, second, week, *means(moved)]
