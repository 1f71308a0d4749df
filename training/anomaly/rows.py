"""What the forests learn from: ordinary steps and days of measured sites, with a little trouble among them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from agent.forecasting.data_quality.features import day_rows, step_rows
from agent.forecasting.data_quality.trace import BoolArray, Trace, trace_of
from agent.forecasting.forecaster import FloatArray
from site_data.unreadable import SitesUnreadable
from training.anomaly.faults import TROUBLES, Window
from training.anomaly.measures import WINDOW_DAYS, window_of, windows
from training.sites.measured_site import MeasuredSite

_STEPS_A_WINDOW, _STEPS_AN_EVENT = 300, 10
_TROUBLED_SHARE = 0.04  # a forest splits only features that vary in what it learns from


@dataclass(frozen=True, slots=True)
class AnomalyRows:
    """Rows of FEATURES: ``steps`` and ``days`` to learn from, and those of them that are ordinary."""

    steps: FloatArray
    days: FloatArray
    ordinary_steps: FloatArray
    ordinary_days: FloatArray


def anomaly_rows(sites: Iterable[MeasuredSite], share: float, seed: int) -> AnomalyRows:
    """Rows of the load in the first ``share`` of every site; trouble makes up four of a hundred rows.

    Raises SitesUnreadable where that is too short on every site.
    """
    random = np.random.default_rng(seed)
    steps: list[FloatArray] = []
    days: list[FloatArray] = []
    bad_steps: list[FloatArray] = []
    bad_days: list[FloatArray] = []
    for site in sites:
        for history in windows(site, (0.0, share)):
            window = window_of(site, history, "load_w")
            if window is not None:
                trace = trace_of(window.values, window.calendar)
                steps.append(_some_steps(trace, trace.known, _STEPS_A_WINDOW, random))
                made = day_rows(trace)
                days.append(made.rows[made.measured])
                _add_trouble(window, bad_steps, bad_days, random)
    if not steps:
        found = f"{WINDOW_DAYS} days with most of its load in the first {100 * share:.0f} % of its time"
        raise SitesUnreadable(f"too little to learn from: no site has {found}")
    ordinary_steps, ordinary_days = np.concatenate(steps), np.concatenate(days)
    return AnomalyRows(
        _mixed(ordinary_steps, np.concatenate(bad_steps), random),
        _mixed(ordinary_days, np.concatenate(bad_days), random),
        ordinary_steps,
        ordinary_days,
    )


def _add_trouble(window: Window, steps: list[FloatArray], days: list[FloatArray], random: np.random.Generator) -> None:
    """Faults teach the forest of steps, strange days that of days: faults are gone before days are looked at."""
    for trouble in TROUBLES:
        if trouble.quantity != "load_w":
            continue
        injected = trouble.inject(window, random)
        trace = trace_of(injected.values, window.calendar)
        if trouble.data_fault:
            steps.append(_some_steps(trace, injected.mask, _STEPS_AN_EVENT, random))
        else:
            made = day_rows(trace)
            days.append(made.rows[made.measured & trace.days_with(injected.mask)])


def _some_steps(trace: Trace, among: BoolArray, most: int, random: np.random.Generator) -> FloatArray:
    found = np.flatnonzero(among)
    return step_rows(trace, random.choice(found, min(most, found.size), replace=False))


def _mixed(ordinary: FloatArray, troubled: FloatArray, random: np.random.Generator) -> FloatArray:
    many = min(len(troubled), round(len(ordinary) * _TROUBLED_SHARE / (1 - _TROUBLED_SHARE)))
    return np.concatenate([ordinary, random.permutation(troubled)[:many]])
