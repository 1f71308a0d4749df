"""Signatures of a broken solar meter: what sun and nameplate exclude."""

from dataclasses import dataclass

import numpy as np

from agent.domain.request import Place
from agent.forecasting.data_quality.load import NEW_NORMAL_H, Signs, grown
from agent.forecasting.data_quality.trace import KNOWN_H, BoolArray, Trace, runs, trace_of
from agent.forecasting.forecaster import FloatArray
from agent.forecasting.series import SOLAR_HEADROOM
from agent.forecasting.sun import clear_sky_steps

_NEGATIVE_SHARE, _NEGATIVE_W = 0.05, 100.0  # of the size; inverters draw a little by night
_NIGHT_SHARE, _NIGHT_W = 0.02, 50.0
_TWILIGHT_H = 1.0  # a clock that is a little off is no meter fault
_FROZEN_H = 3.0
_FEWEST_EQUAL = 4
_CLIPPED = 0.95  # of the highest: an inverter at its limit is steady
_BRIGHT_W_M2 = 150.0
_OFF_SHARE = 0.002  # of the size: the darkest noon gives more
_USUALLY_SHARE = 0.02
_DEAD_H = 4.0
_TOP = 0.995


@dataclass(frozen=True, slots=True)
class SolarTrace:
    """Solar output with the clear sky above it, W/m2. Curtailed steps are left out of ``trace``.

    ``size_w`` is the rating, or what the array reached where no rating is known; 0 where it made nothing.
    """

    trace: Trace
    clear_w_m2: FloatArray
    rated_w: float
    size_w: float


def solar_trace(trace: Trace, curtailed: BoolArray, start_s: int, place: Place, rated_w: float) -> SolarTrace:
    """``trace`` of the solar output as measured, and the sun above ``place``."""
    step_s = trace.calendar.step_s
    starts = (start_s + step_s * np.arange(trace.values.size)).astype(np.float64)
    clear = clear_sky_steps(starts, step_s, place.latitude, place.longitude)
    if curtailed.any():
        trace = trace_of(np.where(curtailed, np.nan, trace.values), trace.calendar)
    return SolarTrace(trace, clear, rated_w, rated_w if rated_w > 0 else _top(trace))


def above_rating(solar: SolarTrace) -> Signs:
    """More than the array can make."""
    limit = SOLAR_HEADROOM * solar.rated_w if solar.rated_w > 0 else np.inf
    with np.errstate(invalid="ignore"):
        return _certain(solar.trace.values > limit)


def solar_below_zero(solar: SolarTrace) -> Signs:
    """A negative solar power."""
    with np.errstate(invalid="ignore"):
        clearly = solar.trace.values < -max(_NEGATIVE_SHARE * solar.size_w, _NEGATIVE_W)
        return _certain(grown(clearly, solar.trace.values < 0))


def at_night(solar: SolarTrace) -> Signs:
    """Output while the sun is well below the horizon."""
    margin = solar.trace.calendar.steps_in(_TWILIGHT_H)
    lit = np.concatenate([[0], np.cumsum(solar.clear_w_m2 > 0)])
    step = np.arange(solar.clear_w_m2.size)
    near = lit[np.minimum(step + margin + 1, step.size)] - lit[np.maximum(step - margin, 0)]
    with np.errstate(invalid="ignore"):
        return _certain((near == 0) & (solar.trace.values > max(_NIGHT_SHARE * solar.size_w, _NIGHT_W)))


def solar_frozen(solar: SolarTrace) -> Signs:
    """One value for hours under a moving sun, other than at the limit of the inverter."""
    trace = solar.trace
    shortest = max(_FEWEST_EQUAL, trace.calendar.steps_in(_FROZEN_H))
    with np.errstate(invalid="ignore"):
        steady = (trace.same >= shortest) & (trace.values > _NIGHT_SHARE * solar.size_w)
        steady &= trace.values < _CLIPPED * _top(trace)
    return _certain(steady)


def solar_dead(solar: SolarTrace) -> Signs:
    """Nothing for hours by day, at times of day at which this array works.

    Afterwards it is left out, whatever it was: a tripped inverter, snow or a dead meter say nothing about the sun.
    While it lasts it is believed after two days, so that the forecast follows an array that stands still.
    """
    trace = solar.trace
    certain = trace.nowhere()
    with np.errstate(invalid="ignore"):
        works = (solar.clear_w_m2 > _BRIGHT_W_M2) & (trace.usual.expected > _USUALLY_SHARE * solar.size_w)
        off = np.abs(trace.values) <= _OFF_SHARE * solar.size_w
    bright = np.flatnonzero(works & trace.known)
    if bright.size * trace.calendar.step_s < KNOWN_H / 4 * 3600:
        return _certain(certain)
    for begin, end in runs(off[bright]):
        first, stop = int(bright[begin]), int(bright[end - 1]) + 1
        follows = trace.hours(first, trace.values.size) >= NEW_NORMAL_H and end == bright.size
        if (end - begin) >= trace.calendar.steps_in(_DEAD_H) and not follows:
            certain[first:stop] = off[first:stop]
    return _certain(certain)


def _top(trace: Trace) -> float:
    made = trace.values[trace.known]
    if not made.size:
        return 0.0
    # As numpy's own quantile, which would load all of numpy.ma.
    return float(max(np.interp(_TOP * (made.size - 1), np.arange(made.size), np.sort(made)), 0.0))


def _certain(mask: BoolArray) -> Signs:
    return Signs(mask, np.zeros_like(mask))
