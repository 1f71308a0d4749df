"""Signatures of a broken load meter. Each is something that no site does, or that this one never did.

A day out of the ordinary (a holiday, a heat wave, a new heat pump) matches none of them: it is load. What lasts for two
days counts as usual, unless it is impossible; a meter whose value does not change is believed again after 14 days.
"""

from dataclasses import dataclass

import numpy as np

from agent.forecasting.data_quality.trace import KNOWN_H, BoolArray, Trace, runs
from agent.forecasting.forecaster import FloatArray

NEW_NORMAL_H = 48.0
STANDSTILL_H = 14 * 24.0

_REVERSED_SHARE = 0.7  # of a day below zero: no generator runs round the clock like that
_NEGATIVE_LEVEL, _NEGATIVE_W = 0.1, 20.0  # meters read at different moments make small negative loads

_ZERO_LEVEL, _ZERO_W = 1e-3, 0.5
_FIRM_BASE, _WEAK_BASE = 0.15, 0.05  # of the level: what the site never went below

_FROZEN_H, _MAYBE_FROZEN_H = 6.0, 3.0
_FEWEST_EQUAL = 4
_VARIES = 0.2  # of the level: less variation than this may be a steady load
_SAME_POWER = 0.05
_CHANCE = 1e-6  # of a run as long, if each step repeats the one before as often as this meter does

_BEYOND, _MAYBE_BEYOND, _FAR_BEYOND, _ABSURD = 8.0, 4.0, 30.0, 300.0  # times the usual peak
_CONNECTION_W, _SMALL_W, _LARGE_W = 25e3, 10e3, 100e3  # a home's connection carries 25 kW (3 x 35 A)
_SPIKE_H, _MAYBE_SPIKE_H = 12.0, 3.0
_WITNESSES = 2  # other days with half as much, or half as long: then the site can do it


@dataclass(frozen=True, slots=True)
class Signs:
    """Steps that match a signature: ``certain``, or ``likely``, which counts if the detector finds them strange too."""

    certain: BoolArray
    likely: BoolArray


def below_zero(trace: Trace) -> Signs:
    """A negative load. Where that is usual and for part of the day only, it is unmetered generation and no fault."""
    calendar = trace.calendar
    with np.errstate(invalid="ignore"):
        clearly = trace.values < -np.fmax(_NEGATIVE_LEVEL * trace.usual.level, _NEGATIVE_W)
        negative = grown(clearly, trace.values < 0)
    measured = np.bincount(calendar.day, trace.known, calendar.days)
    share = np.bincount(calendar.day, negative, calendar.days) / np.maximum(measured, 1)
    reversed_day = (share >= _REVERSED_SHARE)[calendar.day]
    certain = negative & reversed_day if trace.often(negative & ~reversed_day) else negative
    return Signs(certain, trace.nowhere())


def dead(trace: Trace) -> Signs:
    """0 W, on a site whose load is never near 0 W."""
    calendar, values, level = trace.calendar, trace.values, trace.usual.level
    limit = np.fmax(_ZERO_LEVEL * level, _ZERO_W)
    with np.errstate(invalid="ignore"):
        zero = np.abs(values) <= limit
        drawing = values[values > limit]
        habit = trace.often(zero & (trace.same < calendar.steps_in(24))) or trace.often(values < -limit)
    if not zero.any() or drawing.size < calendar.steps_in(KNOWN_H) or habit:
        return Signs(trace.nowhere(), trace.nowhere())
    base = float(np.quantile(drawing, 0.05))
    lasting = trace.nowhere()
    for first, stop in runs(zero):
        lasting[first:stop] = _not_yet_believed(trace, first, stop)
    with np.errstate(invalid="ignore"):
        firm, weak = base >= _FIRM_BASE * level, base >= _WEAK_BASE * level
    return Signs(_with_edges(lasting & firm), _with_edges(lasting & weak))


def frozen(trace: Trace) -> Signs:
    """One and the same value for hours in which this site always moves."""
    signs = Signs(trace.nowhere(), trace.nowhere())
    shortest = max(_FEWEST_EQUAL, trace.calendar.steps_in(_MAYBE_FROZEN_H))
    repeats = _repeats(trace)
    for first, stop in _equal_runs(trace, shortest):
        by_chance = repeats ** (stop - first - 1)
        if not (by_chance < _CHANCE or _usually_varies(trace, first, stop)):
            continue
        if _not_yet_believed(trace, first, stop) and not _steady_by_habit(trace, first, stop):
            found = signs.certain if trace.hours(first, stop) >= _FROZEN_H else signs.likely
            found[first:stop] = True
    return signs


def beyond(trace: Trace) -> Signs:
    """More than the connection of such a site carries, for a while, and never on other days."""
    signs = Signs(trace.nowhere(), trace.nowhere())
    with np.errstate(invalid="ignore"):
        high = np.isfinite(trace.usual.peak) & (trace.values > np.fmax(_MAYBE_BEYOND * trace.usual.peak, _SMALL_W))
    if high.any():
        highest = np.full(trace.calendar.days, -np.inf)
        np.maximum.at(highest, trace.calendar.day[trace.known], trace.values[trace.known])
        for first, stop in runs(high):
            signs.certain[first:stop] = _surely_beyond(trace, first, stop, highest)
            signs.likely[first:stop] = _perhaps_beyond(trace, first, stop, highest)
    return Signs(_with_edges(signs.certain), _with_edges(signs.likely))


def _surely_beyond(trace: Trace, first: int, stop: int, highest: FloatArray) -> bool:
    top_w, times = _top(trace, first, stop)
    hours, ended = trace.hours(first, stop), trace.ended(stop)
    believed = hours >= (STANDSTILL_H if ended else NEW_NORMAL_H)
    if believed or top_w < _CONNECTION_W:
        return False
    if times >= _ABSURD and top_w >= _LARGE_W:
        return True
    return (times >= _FAR_BEYOND or (times >= _BEYOND and ended and hours <= _SPIKE_H)) and not _witnessed(
        trace, first, stop, highest
    )


def _perhaps_beyond(trace: Trace, first: int, stop: int, highest: FloatArray) -> bool:
    brief = trace.ended(stop) and trace.hours(first, stop) <= _MAYBE_SPIKE_H
    return brief and not _witnessed(trace, first, stop, highest)


def _top(trace: Trace, first: int, stop: int) -> tuple[float, float]:
    """The highest value of a run, W and in usual peaks."""
    at = first + int(np.argmax(trace.values[first:stop]))
    return float(trace.values[at]), float(trace.values[at] / max(trace.usual.peak[at], _ZERO_W))


def _witnessed(trace: Trace, first: int, stop: int, highest: FloatArray) -> bool:
    other = np.ones(trace.calendar.days, dtype=np.bool_)
    other[trace.calendar.day[first:stop]] = False
    return bool((highest[other] >= trace.values[first:stop].max() / 2).sum() >= _WITNESSES)


def _repeats(trace: Trace) -> float:
    """How often a step says the same as the one before, on days that are not all of one value; 1 if nobody knows."""
    moving = trace.same[trace.known & (trace.same < trace.calendar.steps_in(24))]
    if moving.size < trace.calendar.steps_in(KNOWN_H):
        return 1.0
    return float((1.0 - 1.0 / moving).mean())


def _usually_varies(trace: Trace, first: int, stop: int) -> bool:
    usually = trace.usual.expected[first:stop]
    usually = usually[np.isfinite(usually)]
    return bool(usually.size and np.ptp(usually) >= _VARIES * trace.usual.level[first])


def _steady_by_habit(trace: Trace, first: int, stop: int) -> bool:
    """Half as long on many days, or at about the same power on some: what runs steadily belongs to the site."""
    others = trace.same >= (stop - first) / 2
    others[first:stop] = False
    with np.errstate(invalid="ignore"):
        alike = others & (np.abs(trace.values / trace.values[first] - 1.0) < _SAME_POWER)
    return trace.often(others) or int(trace.days_with(alike).sum()) >= _WITNESSES


def _equal_runs(trace: Trace, shortest: int) -> list[tuple[int, int]]:
    """Runs of one value other than zero of at least ``shortest`` steps."""
    with np.errstate(invalid="ignore"):
        long = np.flatnonzero((trace.same >= shortest) & (np.abs(trace.values) > _ZERO_W))
    found, at = [], 0
    while at < long.size:
        first = int(long[at])
        found.append((first, first + int(trace.same[first])))
        at += int(trace.same[first])
    return found


def _not_yet_believed(trace: Trace, first: int, stop: int) -> bool:
    return trace.ended(stop) or trace.hours(first, stop) < STANDSTILL_H


def grown(core: BoolArray, wide: BoolArray) -> BoolArray:
    """The runs of ``wide`` that touch ``core``: what surrounds a clear fault belongs to it."""
    run = np.cumsum(np.concatenate([[False], wide[1:] != wide[:-1]]))
    touched = np.bincount(run, core & wide) > 0
    return np.asarray(touched[run] & wide, dtype=np.bool_)


def _with_edges(mask: BoolArray) -> BoolArray:
    """One step more on either side: the means in which a fault begins and ends are half wrong."""
    wider = mask.copy()
    wider[1:] |= mask[:-1]
    wider[:-1] |= mask[1:]
    return wider
