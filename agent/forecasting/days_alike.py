"""Which past days show how a forecast may err from now on: those of the same kind, a workday or a day off."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from agent.domain.request import Place
from agent.forecasting.features.local_calendar import WORKDAY, local_calendar
from agent.forecasting.forecaster import DAY_S, IntArray

HALF_DAY_S = DAY_S // 2


def days_alike(start: datetime, past: Sequence[datetime], unknown: IntArray, place: Place, many: int) -> list[int]:
    """Which ``many`` of the origins ``past``, one a day and newest first, are most like ``start``, as indices in order.

    ``unknown`` says of how many quantities it is not known how their forecast erred; the least comes first, then the
    same kind of day, then the newest. What lies half a day ahead says which kind it is.
    """
    if not past:
        return []
    first_s = round(past[-1].timestamp()) + HALF_DAY_S
    days = (round(start.timestamp()) + HALF_DAY_S - first_s) // DAY_S + 1
    works = local_calendar(first_s, DAY_S, days, place).day_kind == WORKDAY
    index = np.array([(round(origin.timestamp()) + HALF_DAY_S - first_s) // DAY_S for origin in past])
    order = np.lexsort((np.arange(len(past)), works[index] != works[-1], unknown))
    return sorted(order[:many].tolist())
