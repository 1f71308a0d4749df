"""What trouble in the history costs a forecast, and how much of it the examination takes back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.forecasting.data_quality.examine import examine
from agent.forecasting.data_quality.features import Detector
from agent.forecasting.forecaster import DAY_S, LEVELS, FloatArray
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from training.anomaly.faults import TROUBLES, Trouble, Window
from training.anomaly.measures import WINDOW_DAYS, cut, floats, window_of, with_values
from training.sites.measured_site import MeasuredSite

_HORIZON_DAYS = 2
_EVERY_DAYS = 15
_RECENT_DAYS = 12


@dataclass(frozen=True, slots=True)
class Effect:
    """Pinball loss of persistence over 48 h, as a share of the mean, for a trouble in the last twelve days."""

    trouble: str
    data_fault: bool
    forecasts: int
    clean: float
    troubled: float
    examined: float


def effects(sites: Iterable[MeasuredSite], detector: Detector | None, seed: int) -> tuple[Effect, ...]:
    """For each trouble the mean over forecasts on the ``sites``: without it, with it, and with it examined."""
    random = np.random.default_rng(seed)
    losses: dict[str, list[tuple[float, float, float]]] = {trouble.name: [] for trouble in TROUBLES}
    for site in sites:
        for history, truth in _questions(site):
            for trouble in TROUBLES:
                window = window_of(site, history, trouble.quantity)
                actual = floats(truth, trouble.quantity)
                if window is not None and np.isfinite(actual).mean() > 0.5 and np.nanmean(actual) > 0:
                    losses[trouble.name].append(_losses(site, history, actual, trouble, window, detector, random))
    return tuple(
        Effect(trouble.name, trouble.data_fault, len(found), *(float(x) for x in np.mean(found, axis=0)))
        for trouble in TROUBLES
        if (found := losses[trouble.name])
    )


def _questions(site: MeasuredSite) -> Iterable[tuple[History, History]]:
    """Histories of the planner's length and the two days after each."""
    day = DAY_S // site.history.horizon.step_s
    for first in range(0, site.history.horizon.steps - (WINDOW_DAYS + _HORIZON_DAYS) * day, _EVERY_DAYS * day):
        now = first + WINDOW_DAYS * day
        yield cut(site.history, first, now), cut(site.history, now, now + _HORIZON_DAYS * day)


def _losses(
    site: MeasuredSite,
    history: History,
    actual: FloatArray,
    trouble: Trouble,
    window: Window,
    detector: Detector | None,
    random: np.random.Generator,
) -> tuple[float, float, float]:
    injected = trouble.inject(replace(window, first_day=WINDOW_DAYS - _RECENT_DAYS), random)
    troubled = with_values(history, trouble.quantity, injected.values)
    examined = examine(troubled, site.place, site.rated_w, detector, history.end).history
    clean, bad, taken_back = (_pinball(site, seen, trouble.quantity, actual) for seen in (history, troubled, examined))
    return clean, bad, taken_back


def _pinball(site: MeasuredSite, history: History, quantity: str, actual: FloatArray) -> float:
    forecaster = LoadPersistence(site.place) if quantity == "load_w" else SolarPersistence(site.place, site.rated_w)
    horizon = Horizon(history.end, history.horizon.step_s, actual.size)
    quantiles = forecaster.predict(history, [horizon.start], horizon.step_s, horizon.steps)[0]
    miss = actual - quantiles
    level = np.array(LEVELS)[:, None]
    return float(np.nanmean(np.maximum(level * miss, (level - 1) * miss)) / np.nanmean(actual))
