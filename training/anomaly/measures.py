"""How often the detector is right: on clean weeks, and on weeks with one trouble in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from agent.adapters.models.onnx_detector import CleanRate, FaultRate
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.suspect import UNUSUAL, Suspect
from agent.forecasting.data_quality.examine import examine
from agent.forecasting.data_quality.features import Detector
from agent.forecasting.data_quality.trace import BoolArray, calendar_of
from agent.forecasting.forecaster import DAY_S, FloatArray
from training.anomaly.faults import TROUBLES, Injected, Trouble, Window
from training.sites.measured_site import MeasuredSite

WINDOW_DAYS = 50
"""What the planner reads of the store."""

_LEAST_MEASURED = 0.8
_NOTICED = 0.5


@dataclass(frozen=True, slots=True)
class _Outcome:
    steps: int
    left_out: int
    named: bool


def windows(site: MeasuredSite, share: tuple[float, float] = (0.0, 1.0)) -> Iterator[History]:
    """The histories that a planner would see every 25 days within a ``share`` of the site's period."""
    horizon = site.history.horizon
    day = DAY_S // horizon.step_s
    first, last = (int(part * horizon.steps) for part in share)
    for start in range(first, last - WINDOW_DAYS * day + 1, WINDOW_DAYS * day // 2):
        yield cut(site.history, start, start + WINDOW_DAYS * day)


def cut(history: History, first: int, stop: int) -> History:
    """The steps ``first`` to ``stop`` of a history without its weather."""
    horizon = history.horizon
    start = horizon.start + timedelta(seconds=first * horizon.step_s)
    return History(
        Horizon(start, horizon.step_s, stop - first),
        history.load_w[first:stop],
        history.pv_w[first:stop],
        history.curtailed[first:stop],
    )


def window_of(site: MeasuredSite, history: History, quantity: str) -> Window | None:
    """One quantity of a window, None where too little of it was measured to put trouble into it."""
    values = floats(history, quantity)
    if np.isfinite(values).mean() < _LEAST_MEASURED or not np.nanmax(np.abs(values)) > 0:
        return None
    start_s = round(history.horizon.start.timestamp())
    return Window(site, quantity, start_s, values, calendar_of(history, site.place))


def floats(history: History, quantity: str) -> FloatArray:
    """``load_w`` or ``pv_w`` with NaN for missing."""
    return np.array(history.load_w if quantity == "load_w" else history.pv_w, dtype=np.float64)


def with_values(history: History, quantity: str, values: FloatArray) -> History:
    """The history with other values of one quantity; NaN is missing."""
    put = tuple(None if np.isnan(value) else float(value) for value in values)
    return replace(history, load_w=put) if quantity == "load_w" else replace(history, pv_w=put)


def false_alarms(site: MeasuredSite, detector: Detector | None, seen: bool) -> CleanRate:
    """What a site without injected trouble loses."""
    days, load_lost, solar_days, solar_lost, named = 0, 0, 0, 0, 0
    for history in windows(site):
        found = examine(history, site.place, site.rated_w, detector, history.end)
        lost, measured = _days_lost(history, found.history, "load_w")
        load_lost, days = load_lost + lost, days + measured
        lost, measured = _days_lost(history, found.history, "pv_w")
        solar_lost, solar_days = solar_lost + lost, solar_days + measured
        named += sum(suspect.kind == UNUSUAL for suspect in found.suspects)
    counted = max(1, days)
    return CleanRate(site.name, seen, days, load_lost / counted, solar_lost / max(1, solar_days), named / counted)


def detection(
    sites: Iterable[tuple[MeasuredSite, float]], detector: Detector | None, seed: int
) -> tuple[FaultRate, ...]:
    """Every trouble once in every window of each site after a share of its period."""
    found: dict[str, list[_Outcome]] = {trouble.name: [] for trouble in TROUBLES}
    random = np.random.default_rng(seed)
    for site, start in sites:
        for history in windows(site, (start, 1.0)):
            for trouble in TROUBLES:
                window = window_of(site, history, trouble.quantity)
                if window is not None:
                    found[trouble.name].append(_outcome(history, window, trouble, detector, random))
    return tuple(_rate(trouble, found[trouble.name]) for trouble in TROUBLES if found[trouble.name])


def _days_lost(before: History, after: History, quantity: str) -> tuple[int, int]:
    day = DAY_S // before.horizon.step_s
    measured = np.isfinite(floats(before, quantity))
    lost = measured & np.isnan(floats(after, quantity))
    return int(lost.reshape(-1, day).any(axis=1).sum()), int(measured.reshape(-1, day).any(axis=1).sum())


def _outcome(
    history: History, window: Window, trouble: Trouble, detector: Detector | None, random: np.random.Generator
) -> _Outcome:
    injected = trouble.inject(window, random)
    troubled = with_values(history, trouble.quantity, injected.values)
    found = examine(troubled, window.site.place, window.site.rated_w, detector, history.end)
    telling = injected.mask & _matters(window, injected, trouble)
    lost = telling & np.isnan(floats(found.history, trouble.quantity))
    return _Outcome(int(telling.sum()), int(lost.sum()), _named(history, found.suspects, injected.mask))


def _matters(window: Window, injected: Injected, trouble: Trouble) -> BoolArray:
    """Steps that the trouble really changed: a dead solar meter is right by night."""
    with np.errstate(invalid="ignore"):
        changed: BoolArray = np.abs(injected.values - window.values) > 1e-3 * np.abs(window.values)
    return changed if trouble.quantity == "pv_w" and changed.any() else np.ones_like(changed)


def _named(history: History, suspects: Sequence[Suspect], mask: BoolArray) -> bool:
    """Whether a strange day overlaps the trouble."""
    steps = np.flatnonzero(mask)
    for suspect in suspects:
        first = history.horizon.index_of(suspect.start) or 0
        stop = first + (suspect.end - suspect.start) // timedelta(seconds=history.horizon.step_s)
        if suspect.kind == UNUSUAL and ((steps >= first) & (steps < stop)).any():
            return True
    return False


def _rate(trouble: Trouble, outcomes: Sequence[_Outcome]) -> FaultRate:
    shares = np.array([outcome.left_out / max(1, outcome.steps) for outcome in outcomes])
    named = np.array([outcome.named for outcome in outcomes])
    noticed = shares >= _NOTICED if trouble.data_fault else named
    left_out = sum(outcome.left_out for outcome in outcomes) / max(1, sum(outcome.steps for outcome in outcomes))
    return FaultRate(trouble.name, trouble.data_fault, len(outcomes), float(noticed.mean()), float(left_out))
