"""Trouble put into measured weeks on purpose: broken meters, and days that are strange but true.

Every kind takes the values of a window (steps,), W, and says what they become and which steps it changed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agent.forecasting.data_quality.trace import BoolArray, Calendar, usual
from agent.forecasting.forecaster import FloatArray
from agent.forecasting.sun import clear_sky_steps
from training.sites.measured_site import MeasuredSite


@dataclass(frozen=True, slots=True)
class Window:
    """Some weeks of one quantity of a site, NaN where missing. Trouble begins on ``first_day`` or later."""

    site: MeasuredSite
    quantity: str
    start_s: int
    values: FloatArray
    calendar: Calendar
    first_day: int = 7  # when the site is known a little


@dataclass(frozen=True, slots=True)
class Injected:
    """The window's values with trouble in them, and the steps that it changed."""

    values: FloatArray
    mask: BoolArray


@dataclass(frozen=True, slots=True)
class Trouble:
    """``inject`` puts one event into a window. A data fault must be left out, what is unusual must stay."""

    name: str
    quantity: str
    data_fault: bool
    inject: Callable[[Window, np.random.Generator], Injected]


def _stretch(window: Window, random: np.random.Generator, shortest_h: float, longest_h: float) -> BoolArray:
    """A run of steps of random length that begins at a random, measured step."""
    calendar, size = window.calendar, window.values.size
    length = calendar.steps_in(float(np.exp(random.uniform(np.log(shortest_h), np.log(longest_h)))))
    candidates = np.flatnonzero(np.isfinite(window.values))
    candidates = candidates[(candidates >= window.first_day * calendar.slots) & (candidates + length < size)]
    mask = np.zeros(size, dtype=np.bool_)
    first = int(random.choice(candidates))
    mask[first : first + length] = True
    return mask & np.isfinite(window.values)


def _days(window: Window, random: np.random.Generator, many: int, off: bool | None = None) -> BoolArray:
    """Whole local days in a row, the first of them a day off or a workday if asked for."""
    days = np.arange(window.first_day, window.calendar.days - many - 1)
    if off is not None:
        days = days[window.calendar.day_off[days] == off]
    first = int(random.choice(days))
    return (window.calendar.day >= first) & (window.calendar.day < first + many) & np.isfinite(window.values)


def _changed(window: Window, mask: BoolArray, values: FloatArray) -> Injected:
    return Injected(np.where(mask, values, window.values), mask)


def thousandfold(window: Window, random: np.random.Generator) -> Injected:
    """1000 times too much for an hour."""
    return _changed(window, _stretch(window, random, 1.0, 1.0), 1000.0 * window.values)


def spike(window: Window, random: np.random.Generator) -> Injected:
    """One step of ten to fifty times the highest of the window, and at least 30 kW."""
    high = float(np.nanmax(window.values)) * float(np.exp(random.uniform(np.log(10.0), np.log(50.0))))
    return _changed(window, _stretch(window, random, 0.01, 0.01), np.full(window.values.size, max(high, 30e3)))


def frozen(window: Window, random: np.random.Generator) -> Injected:
    """The last value, repeated for 8 to 72 h."""
    mask = _stretch(window, random, 8.0, 72.0)
    return _changed(window, mask, np.full(window.values.size, window.values[np.argmax(mask)]))


def dead(window: Window, random: np.random.Generator) -> Injected:
    """Zero for 2 to 72 h."""
    return _changed(window, _stretch(window, random, 2.0, 72.0), np.zeros(window.values.size))


def reversed_sign(window: Window, random: np.random.Generator) -> Injected:
    """The wrong sign for 3 to 72 h."""
    return _changed(window, _stretch(window, random, 3.0, 72.0), -window.values)


def doubled(window: Window, random: np.random.Generator) -> Injected:
    """Twice as much for one to three days: no different from a load that doubles, so it counts as unusual."""
    return _changed(window, _days(window, random, int(random.integers(1, 4))), 2.0 * window.values)


def holiday(window: Window, random: np.random.Generator) -> Injected:
    """A workday that runs like a usual day off."""
    seen = usual(window.values, window.calendar)
    mask = _days(window, random, 1, off=False)
    return _changed(window, mask, seen.other_kind + 0.5 * (window.values - seen.expected))


def heat_wave(window: Window, random: np.random.Generator) -> Injected:
    """Half as much again for three days, from noon to ten in the evening."""
    hour = window.calendar.slot * window.calendar.step_s / 3600
    mask = _days(window, random, 3) & (hour >= 12) & (hour < 22)
    return _changed(window, mask, 1.5 * window.values)


def empty_house(window: Window, random: np.random.Generator) -> Injected:
    """Five days of base load that hardly moves."""
    base = float(np.nanquantile(window.values, 0.1))
    wobble = base * (1.0 + 0.05 * random.standard_normal(window.values.size))
    return _changed(window, _days(window, random, 5), wobble)


def party(window: Window, random: np.random.Generator) -> Injected:
    """Two and a half times as much on one evening."""
    hour = window.calendar.slot * window.calendar.step_s / 3600
    return _changed(window, _days(window, random, 1) & (hour >= 18), 2.5 * window.values)


def heat_pump(window: Window, random: np.random.Generator) -> Injected:
    """A new load of half the level from some day on, running for a part of each hour or for all of it."""
    first = int(random.integers(window.first_day, window.calendar.days - 1))
    added = 0.5 * float(np.nanmean(window.values)) * random.uniform(0.3, 1.7, window.values.size)
    return _changed(window, (window.calendar.day >= first) & np.isfinite(window.values), window.values + added)


def by_night(window: Window, random: np.random.Generator) -> Injected:
    """A fifth to a half of the rating, from two hours after sunset on for 1 to 5 h."""
    site, step_s = window.site, window.calendar.step_s
    starts = (window.start_s + step_s * np.arange(window.values.size)).astype(np.float64)
    lit = clear_sky_steps(starts, step_s, site.place.latitude, site.place.longitude) > 0
    near = np.convolve(lit, np.ones(2 * window.calendar.steps_in(2.0) + 1), mode="same") > 0
    length = window.calendar.steps_in(float(random.uniform(1.0, 5.0)))
    first = int(random.choice(np.flatnonzero(~near)))
    mask = ~near & np.isfinite(window.values)
    mask[:first], mask[first + length :] = False, False
    return _changed(window, mask, np.full(window.values.size, random.uniform(0.2, 0.5) * site.rated_w))


def solar_frozen(window: Window, random: np.random.Generator) -> Injected:
    """The value of a morning, repeated for 8 to 48 h."""
    mask = _stretch(window, random, 8.0, 48.0)
    value = random.uniform(0.1, 0.7) * float(np.nanmax(window.values))
    return _changed(window, mask, np.full(window.values.size, value))


def solar_dead(window: Window, random: np.random.Generator) -> Injected:
    """Zero for one to three days."""
    return _changed(window, _days(window, random, int(random.integers(1, 4))), np.zeros(window.values.size))


def solar_thousandfold(window: Window, random: np.random.Generator) -> Injected:
    """1000 times too much for an hour of daylight."""
    mask = _stretch(window, random, 1.0, 1.0)
    return _changed(window, mask, 1000.0 * np.maximum(window.values, 0.01 * window.site.rated_w))


def solar_reversed(window: Window, random: np.random.Generator) -> Injected:
    """The wrong sign for one to three days."""
    return _changed(window, _days(window, random, int(random.integers(1, 4))), -window.values)


TROUBLES = (
    Trouble("1000 times for an hour", "load_w", True, thousandfold),
    Trouble("spike", "load_w", True, spike),
    Trouble("frozen", "load_w", True, frozen),
    Trouble("dead", "load_w", True, dead),
    Trouble("wrong sign", "load_w", True, reversed_sign),
    Trouble("doubled", "load_w", False, doubled),
    Trouble("holiday", "load_w", False, holiday),
    Trouble("heat wave", "load_w", False, heat_wave),
    Trouble("empty house", "load_w", False, empty_house),
    Trouble("party", "load_w", False, party),
    Trouble("heat pump", "load_w", False, heat_pump),
    Trouble("solar 1000 times for an hour", "pv_w", True, solar_thousandfold),
    Trouble("solar by night", "pv_w", True, by_night),
    Trouble("solar frozen", "pv_w", True, solar_frozen),
    Trouble("solar dead", "pv_w", True, solar_dead),
    Trouble("solar wrong sign", "pv_w", True, solar_reversed),
)
