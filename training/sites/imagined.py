"""Loads that could be, made of those measured: a dozen sites are few to learn from.

Two buildings behind one meter, some homes behind one transformer, and a machine that is switched on for weeks, from a
seed. They are learnt from only; every score is that of a real site.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from agent.forecasting.forecaster import FloatArray
from training.sites.measured_site import MeasuredSite

_PAIRS, _STREETS, _CHANGED = 2, 2, 5
_STREET = (2, 5)  # homes
_STEADY_DAYS = (5, 40)
_MORE, _LESS = (0.2, 0.8), (-0.4, -0.1)  # of the mean load


def imagined_loads(sites: Sequence[MeasuredSite], seed: int) -> list[MeasuredSite]:
    """Further sites, as many of a kind as there is something to make them of."""
    random = np.random.default_rng([seed, len(sites)])
    large = [site for site in sites if not site.home and _measured(site)]
    homes = [site for site in sites if site.home and _measured(site)]
    made = []
    for kind, many, most in ((large, _PAIRS, 2), (homes, _STREETS, _STREET[1])):
        for number in range(many if len(kind) > 1 else 0):
            count = min(len(kind), 2 if most == 2 else int(random.integers(*_STREET, endpoint=True)))
            parts = [kind[index] for index in random.choice(len(kind), count, replace=False)]
            made.append(_together(parts, number, random))
    for number in range(_CHANGED if large or homes else 0):
        kind = large if large and (number % 5 < 4 or not homes) else homes
        made.append(_changed(kind[int(random.integers(len(kind)))], number, random))
    return made


def _measured(site: MeasuredSite) -> bool:
    return any(value is not None for value in site.history.load_w)


def _together(parts: Sequence[MeasuredSite], number: int, random: np.random.Generator) -> MeasuredSite:
    """The sum of some sites, each as large as the others but for a random factor, on the raster of the first."""
    first = parts[0].history
    total = np.zeros(first.horizon.steps)
    for part in parts:
        values = _on(part, parts[0])
        total = total + random.uniform(0.4, 1.0) * values / max(float(np.nanmean(_load(part))), 1e-9)
    name = f"{parts[0].name}_with_{len(parts) - 1}_{number}"
    return replace(
        parts[0], name=name, history=replace(first, load_w=_column(total * float(np.nanmean(_load(parts[0])))))
    )


def _changed(site: MeasuredSite, number: int, random: np.random.Generator) -> MeasuredSite:
    """The site with levels that move on random days and stay for weeks, all day long or at some hours of each day."""
    values = _load(site)
    mean = float(np.nanmean(values))
    day = timedelta(days=1) // timedelta(seconds=site.history.horizon.step_s)
    added = np.zeros(values.size)
    first = 0
    while first < values.size:
        length = int(random.integers(*_STEADY_DAYS)) * day
        share = float(random.choice([0.0, random.uniform(*_MORE), random.uniform(*_LESS)]))
        slot = np.arange(first, min(first + length, values.size)) % day
        begin, end = random.integers(0, day, 2)
        hours = (slot - begin) % day < (end - begin) % day
        added[first : first + length] += share * mean * (1.0 if random.uniform() < 0.5 else hours)
        first += length
    load = np.maximum(values + added, 0.05 * mean)
    return replace(site, name=f"{site.name}_changed_{number}", history=replace(site.history, load_w=_column(load)))


def _on(part: MeasuredSite, raster: MeasuredSite) -> FloatArray:
    """The load of ``part`` at the steps of another site of the same cadence, NaN outside."""
    values = _load(part)
    own, other = part.history.horizon, raster.history.horizon
    at = np.arange(other.steps) + (other.start - own.start) // timedelta(seconds=own.step_s)
    inside = (at >= 0) & (at < values.size)
    return np.where(inside, values[np.where(inside, at, 0)], np.nan)


def _load(site: MeasuredSite) -> FloatArray:
    return np.array(site.history.load_w, dtype=np.float64)


def _column(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)
