"""Days that are strange but possible: named for a person, kept for the forecast."""

from datetime import timedelta

import numpy as np

from agent.domain.horizon import Horizon
from agent.domain.sentences import measurements as say
from agent.domain.suspect import UNUSUAL, Suspect
from agent.forecasting.data_quality.features import DAY_FEATURES, Detector, day_rows
from agent.forecasting.data_quality.trace import Trace
from agent.forecasting.forecaster import FloatArray

_LIKE_OTHER = 0.5  # half a doubling nearer to the other kind of day
_TOTAL = 0.3  # doublings: a quarter more, or a fifth less
_PEAK = 0.5


def unusual_days(trace: Trace, horizon: Horizon, detector: Detector) -> list[Suspect]:
    """The local days that the detector finds strange, each with the feature that shows why."""
    days = day_rows(trace)
    scores = detector.scores(days.rows)[:, 1]
    strange = np.flatnonzero(days.measured & (scores > detector.strange_above[1]))
    found = []
    for day in strange:
        steps = np.flatnonzero(trace.calendar.day == day)
        start = horizon.start + timedelta(seconds=horizon.step_s * int(steps[0]))
        end = horizon.start + timedelta(seconds=horizon.step_s * (int(steps[-1]) + 1))
        reason = _reason(days.plain[day], bool(trace.calendar.day_off[day]))
        found.append(Suspect("load_w", start, end, UNUSUAL, reason))
    return found


def _reason(row: FloatArray, day_off: bool) -> str:
    """One sentence on the first of kind of day, energy and peak that is unusual; else on the shape of the day."""
    named = dict(zip(DAY_FEATURES, row.tolist(), strict=True))
    if named["day_like_other_kind"] > _LIKE_OTHER:
        return say.load_of_workday() if day_off else say.load_of_day_off()
    if abs(named["day_total"]) > _TOTAL:
        return say.load_unusual(usual_times=2 ** named["day_total"])
    if named["day_peak"] > _PEAK:
        return say.load_peak_unusual(usual_times=2 ** named["day_peak"])
    return say.load_runs_otherwise()
