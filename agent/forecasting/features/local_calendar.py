"""Local time of the site: hour, weekday and kind of day for a run of steps."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from agent.domain.request import Place
from agent.forecasting.forecaster import DAY_S, FloatArray, IntArray

WORKDAY, SATURDAY, SUNDAY = 0, 1, 2  # a holiday counts as a Sunday
_EPOCH_ORDINAL = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_SEARCH_S = 900


@dataclass(frozen=True, slots=True)
class LocalCalendar:
    """One entry a step. ``offset_s`` is local time less UTC; ``hour`` is 0..24 at mid-step; Monday is weekday 0."""

    offset_s: IntArray
    hour: FloatArray
    weekday: IntArray
    day_kind: IntArray
    holiday: IntArray


def local_calendar(start_s: int, step_s: int, steps: int, place: Place) -> LocalCalendar:
    """The calendar of ``steps`` steps from the Unix time ``start_s``, by the zone and holidays of ``place``."""
    starts = start_s + step_s * np.arange(steps, dtype=np.int64)
    offset_s = _utc_offsets(starts, place.timezone)
    local = starts + offset_s
    day = local // DAY_S
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    holidays = np.array([holiday.toordinal() - _EPOCH_ORDINAL for holiday in place.holidays], dtype=np.int64)
    holiday = np.isin(day, holidays)
    kind = np.where(holiday | (weekday == 6), SUNDAY, np.where(weekday == 5, SATURDAY, WORKDAY))
    hour = ((local % DAY_S + step_s / 2) / 3600.0).astype(np.float64)
    return LocalCalendar(offset_s, hour, weekday, kind.astype(np.int64), holiday.astype(np.int64))


def _utc_offsets(starts: IntArray, timezone: str) -> IntArray:
    """Offsets from UTC, seconds. Asked once a day, and every quarter of an hour only on the days of a change."""
    zone = ZoneInfo(timezone)
    first_day, last_day = int(starts[0] // DAY_S), int(starts[-1] // DAY_S)
    edges = np.arange(first_day, last_day + 2, dtype=np.int64) * DAY_S
    at_edges = np.array([_offset(int(edge), zone) for edge in edges], dtype=np.int64)
    offsets = at_edges[starts // DAY_S - first_day]
    for index in np.flatnonzero(np.diff(at_edges)):
        quarters = edges[index] + _SEARCH_S * np.arange(DAY_S // _SEARCH_S, dtype=np.int64)
        fine = np.array([_offset(int(quarter), zone) for quarter in quarters], dtype=np.int64)
        today = starts // DAY_S == edges[index] // DAY_S
        offsets[today] = fine[(starts[today] % DAY_S) // _SEARCH_S]
    return offsets


def _offset(epoch_s: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(epoch_s, zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())
