"""One measured quantity laid out by local days, and what is usual for it at each time of day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.domain.history import History
from agent.domain.request import Place
from agent.forecasting.features.local_calendar import WORKDAY, local_calendar
from agent.forecasting.forecaster import DAY_S, WINDOW_DAYS, FloatArray, IntArray

BoolArray = NDArray[np.bool_]

KNOWN_H = 48.0
"""Hours measured before anything is said about what a site never does."""

_DAY_H = 24.0
_HABIT = 0.25  # of the measured days
_MOVE_DAYS = 7  # windows begin a week apart, so that each holds every weekday four times
_ENOUGH_DAYS = 3  # days of a kind that say what is usual at a time of day
MAD_TO_SIGMA = 1.4826  # of a normal distribution
_LEAST_SPREAD = 0.05  # of the level: below it a deviation is of no interest
_DAILY_PEAK = 0.9  # quantile of a day; an hour or two of nonsense does not move it
_LEAST_MEASURED = 0.25  # of a day, to have a daily peak


@dataclass(frozen=True, slots=True)
class Calendar:
    """Local day and time of day of each step, (steps,); ``day_off`` is (days,). Days count from the first one."""

    step_s: int
    day: IntArray
    slot: IntArray
    day_off: BoolArray

    @property
    def days(self) -> int:
        return int(self.day_off.size)

    @property
    def slots(self) -> int:
        return DAY_S // self.step_s

    def steps_in(self, hours: float) -> int:
        """How many steps last at least ``hours``, one or more."""
        return max(1, int(np.ceil(hours * 3600 / self.step_s)))

    def by_day(self, values: FloatArray) -> FloatArray:
        """(days, slots), NaN where a day has no such time. An hour that comes twice in autumn counts once."""
        table = np.full((self.days, self.slots), np.nan)
        table[self.day, self.slot] = values
        return table


@dataclass(frozen=True, slots=True)
class Usual:
    """What the four weeks around a step show without being swayed by some bad days, W, each (steps,).

    ``expected`` is the median at this time on days of this kind, ``other_kind`` the same for workdays on a day off and
    for days off on a workday, ``spread`` a robust standard deviation, ``level`` the mean of a median day or of what
    there is, and ``peak`` what a middling day reaches in its busiest tenth. NaN where too little was measured to say.
    """

    expected: FloatArray
    other_kind: FloatArray
    spread: FloatArray
    level: FloatArray
    peak: FloatArray


@dataclass(frozen=True, slots=True)
class Trace:
    """One quantity per step, W, NaN where missing, with what is usual for it.

    ``same`` is the length, in steps, of the run of one value that a step belongs to.
    """

    values: FloatArray
    calendar: Calendar
    usual: Usual
    same: IntArray

    @property
    def known(self) -> BoolArray:
        return np.isfinite(self.values)

    def nowhere(self) -> BoolArray:
        """No step at all, to be filled in."""
        return np.zeros(self.values.size, dtype=np.bool_)

    def hours(self, first: int, stop: int) -> float:
        return (stop - first) * self.calendar.step_s / 3600

    def ended(self, stop: int) -> bool:
        """Whether something was measured from ``stop`` on, so that it is known how a run ended."""
        return bool(self.known[stop:].any())

    def days_with(self, mask: BoolArray) -> BoolArray:
        """The days on which ``mask`` is true at least once, (days,)."""
        return np.bincount(self.calendar.day[mask], minlength=self.calendar.days) > 0

    def often(self, mask: BoolArray) -> bool:
        """Whether ``mask`` is true on more than a quarter of the measured days: then it belongs to the site."""
        days = int(self.days_with(self.known).sum())
        return bool(self.days_with(mask).sum() > _HABIT * max(1, days))


def trace_of(values: FloatArray, calendar: Calendar) -> Trace:
    """``values`` with what is usual. A whole day of one value tells nothing about that, if anything else is known."""
    known = np.isfinite(values)
    same = same_value_length(values, known)
    moving = known & (same < calendar.steps_in(_DAY_H))
    telling = moving if moving.sum() >= calendar.steps_in(KNOWN_H) else known
    return Trace(values, calendar, usual(np.where(telling, values, np.nan), calendar), same)


def calendar_of(history: History, place: Place) -> Calendar:
    """The local days of a history whose step divides a day."""
    horizon = history.horizon
    start_s = round(horizon.start.timestamp())
    local = local_calendar(start_s, horizon.step_s, horizon.steps, place)
    seconds = start_s + horizon.step_s * np.arange(horizon.steps, dtype=np.int64) + local.offset_s
    day = seconds // DAY_S - seconds[0] // DAY_S
    day_off = np.zeros(int(day[-1]) + 1, dtype=np.bool_)
    day_off[day] = local.day_kind != WORKDAY
    return Calendar(horizon.step_s, day, (seconds % DAY_S) // horizon.step_s, day_off)


def usual(values: FloatArray, calendar: Calendar) -> Usual:
    """What is usual around each step of ``values`` (steps,), NaN where missing."""
    first = _window_starts(calendar.days)
    rows = np.minimum(first[:, None] + np.arange(WINDOW_DAYS), calendar.days - 1)
    table = calendar.by_day(values)
    block = table[rows]  # (windows, days of a window, slots)
    real = (first[:, None] + np.arange(WINDOW_DAYS) < calendar.days)[:, :, None]
    off = calendar.day_off[rows][:, :, None]
    everyday, spread = _median_and_spread(np.where(real, block, np.nan))
    kinds = [_median_and_spread(np.where(real & (off == kind), block, np.nan)) for kind in (False, True)]
    medians = np.stack([_trusted(kind, everyday) for kind, _ in kinds])
    spreads = np.stack([_trusted(kind, spread) for _, kind in kinds])
    level = _trusted(_mean(np.abs(everyday)), _mean(np.abs(np.where(real, block, np.nan)).reshape(first.size, -1)))
    peak = _usual_peak(table, rows, real[:, :, 0])
    window = _window_of_day(calendar.days, first)[calendar.day]
    kind = calendar.day_off[calendar.day].astype(np.int64)
    here = medians[kind, window, calendar.slot]
    least = _LEAST_SPREAD * level[window]
    return Usual(
        here,
        medians[1 - kind, window, calendar.slot],
        np.maximum(spreads[kind, window, calendar.slot], least),
        level[window],
        peak[window],
    )


def runs(mask: BoolArray) -> list[tuple[int, int]]:
    """First and past-the-last step of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]


def same_value_length(values: FloatArray, known: BoolArray) -> IntArray:
    """For each step the number of steps in its run of one and the same value; 0 where not ``known``.

    Means of equal readings differ in their last digits, so a millionth is no difference.
    """
    if values.size == 0:
        return np.zeros(0, dtype=np.int64)
    filled = np.where(known, values, 0.0)
    moved = np.abs(np.diff(filled)) > 1e-6 * np.abs(filled[1:]) + 1e-6
    fresh = np.concatenate([[True], moved | ~known[1:] | ~known[:-1]])
    run = np.cumsum(fresh) - 1
    return np.where(known, np.bincount(run)[run], 0)


def _window_starts(days: int) -> IntArray:
    """First days of the windows: the newest is the last four weeks, the others each a week before the next."""
    newest = max(days - WINDOW_DAYS, 0)
    return np.array(sorted({*range(newest, 0, -_MOVE_DAYS), 0}), dtype=np.int64)


def _window_of_day(days: int, first: IntArray) -> IntArray:
    """The window in whose middle each day stands, or comes nearest to it."""
    middle = first + WINDOW_DAYS / 2
    window: IntArray = np.argmin(np.abs(np.arange(days)[:, None] + 0.5 - middle), axis=1)
    return window


def _median_and_spread(block: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Over the days, (windows, slots); NaN with fewer than three known days."""
    middle = _median(block)
    return middle, MAD_TO_SIGMA * _median(np.abs(block - middle[:, None, :]))


def _median(block: FloatArray) -> FloatArray:
    ordered = np.sort(block, axis=1)  # NaN last
    known = np.isfinite(block).sum(axis=1, keepdims=True)
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    high = np.minimum(high, block.shape[1] - 1)
    pair = np.take_along_axis(ordered, low, axis=1) + np.take_along_axis(ordered, high, axis=1)
    middle: FloatArray = np.where(known >= _ENOUGH_DAYS, pair / 2.0, np.nan)[:, 0, :]
    return middle


def _trusted(first: FloatArray, otherwise: FloatArray) -> FloatArray:
    return np.where(np.isfinite(first), first, otherwise)


def _mean(values: FloatArray) -> FloatArray:
    """Over the last axis without the NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        mean: FloatArray = np.where(known, values, 0.0).sum(axis=-1) / np.where(known.any(-1), known.sum(-1), np.nan)
    return mean


def _usual_peak(table: FloatArray, rows: IntArray, real: BoolArray) -> FloatArray:
    """The lower median of the daily peaks of each window, (windows,)."""
    ordered = np.sort(table, axis=1)
    known = np.isfinite(table).sum(axis=1)
    at = np.maximum(np.ceil(_DAILY_PEAK * known).astype(np.int64) - 1, 0)
    peaks = np.where(known >= _LEAST_MEASURED * table.shape[1], ordered[np.arange(len(table)), at], np.nan)
    block = np.sort(np.where(real, peaks[rows], np.nan), axis=1)
    count = np.isfinite(block).sum(axis=1)
    usual_peak: FloatArray = block[np.arange(len(block)), np.maximum(count - 1, 0) // 2]
    return usual_peak
