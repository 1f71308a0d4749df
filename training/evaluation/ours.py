"""What the agent would have published: its members hour by hour, blended and corrected by what it had seen by then."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from agent.adapters.models.onnx_models import open_model
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.forecasting.combination.blend import blend, last_errors, learn
from agent.forecasting.data_quality.trace import BoolArray
from agent.forecasting.forecaster import LEVELS, FloatArray, Forecaster, ModelUnusable
from training.quantities import FOLDERS
from training.scoring.compare import persistence
from training.scoring.measures import BAND_OF_LEVELS, HORIZON_H, HOUR_S, actual_ahead
from training.sites.measured_site import MeasuredSite

_WARM_UP = timedelta(days=60)
_REFIT = timedelta(days=28)
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Member:
    """A forecaster and what it said from each origin, W, (O, LEVELS, HORIZON_H); NaN where it could not answer."""

    name: str
    quantiles: FloatArray


def shipped(site: MeasuredSite, quantity: str, exported: Path) -> Forecaster:
    """The exported model of one quantity, opened for a site. Raises ModelUnusable."""
    return open_model(exported / FOLDERS[quantity], quantity, site.place, site.rated_w)


def raw_band(site: MeasuredSite, quantity: str, origins: Sequence[datetime], exported: Path) -> FloatArray:
    """The shipped model alone, nothing learnt on the site; persistence where it cannot answer. (O, 3, HORIZON_H) W."""
    said = answers(shipped(site, quantity, exported), site.history, origins)
    return _or(said, answers(persistence(quantity, site), site.history, origins))[:, BAND_OF_LEVELS]


def persistence_band(site: MeasuredSite, quantity: str, origins: Sequence[datetime], exported: Path) -> FloatArray:
    """Seasonal persistence alone."""
    return answers(persistence(quantity, site), site.history, origins)[:, BAND_OF_LEVELS]


def second_day_band(site: MeasuredSite, quantity: str, origins: Sequence[datetime], exported: Path) -> FloatArray:
    """The shipped model with no more than the 24 h before each origin, and nothing learnt."""
    members = [shipped(site, quantity, exported), persistence(quantity, site)]
    found = []
    for origin in origins:
        day = since(site.history, origin - timedelta(days=1))
        first, second = (answers(member, day, [origin]) for member in members)
        found.append(_or(first, second))
    return np.concatenate(found)[:, BAND_OF_LEVELS]


def walked_band(site: MeasuredSite, quantity: str, origins: Sequence[datetime], exported: Path) -> FloatArray:
    """The shipped model and persistence, blended and calibrated online."""
    hours = hours_before(site, origins)
    return walk(site, quantity, hours, set(origins), shipped_members(site, quantity, hours, exported))


def retrained_band(site: MeasuredSite, quantity: str, origins: Sequence[datetime], exported: Path) -> FloatArray:
    """As walked, with a model of the site's own as a third member, fitted anew every 28 days."""
    hours = hours_before(site, origins)
    own = Member("own", own_answers(site, quantity, hours, exported))
    model, persisted = shipped_members(site, quantity, hours, exported)
    return walk(site, quantity, hours, set(origins), [model, own, persisted])


def hours_before(site: MeasuredSite, origins: Sequence[datetime]) -> list[datetime]:
    """Every hour from 60 days before the first scored origin, or from the site's first whole day, to the last."""
    first = site.history.horizon.start + timedelta(days=1)
    first += timedelta(seconds=-first.timestamp() % HOUR_S)
    start = min(origins[0], max(first, origins[0] - _WARM_UP))
    return [start + timedelta(hours=hour) for hour in range(int((origins[-1] - start) / timedelta(hours=1)) + 1)]


def shipped_members(site: MeasuredSite, quantity: str, hours: Sequence[datetime], exported: Path) -> list[Member]:
    members = [shipped(site, quantity, exported), persistence(quantity, site)]
    return [Member(member.name, answers(member, site.history, hours)) for member in members]


def own_answers(site: MeasuredSite, quantity: str, hours: Sequence[datetime], exported: Path) -> FloatArray:
    """A model of the site's own, fitted every 28 days on what had been measured; NaN while there is none."""
    from training.own_site.own_model import fit_own  # LightGBM is needed for this one alone

    found = np.full((len(hours), len(LEVELS), HORIZON_H), np.nan)
    block = _REFIT // timedelta(hours=1)
    with tempfile.TemporaryDirectory() as scratch:
        for first in range(0, len(hours), block):
            folder = Path(scratch) / str(first) / f"{FOLDERS[quantity]}-own"
            folder.parent.mkdir()
            made = fit_own(site, quantity, hours[first], folder, base=exported / FOLDERS[quantity])
            if made is not None:
                own = open_model(made, quantity, site.place, site.rated_w)
                found[first : first + block] = answers(own, site.history, hours[first : first + block])
    return found


def walk(
    site: MeasuredSite, quantity: str, hours: Sequence[datetime], scored: set[datetime], members: Sequence[Member]
) -> FloatArray:
    """Learn at every hour from the forecast of 48 h before, forecast at the scored ones: (scored, 3, HORIZON_H) W."""
    said = _Said([member.name for member in members], np.stack([member.quantiles for member in members]))
    actual, _ = actual_ahead(site, quantity, list(hours), HOUR_S, HORIZON_H)
    corrections = ForecastCorrections(quantity)
    found = []
    for now, hour in enumerate(hours):
        passed = now - HORIZON_H
        if passed >= 0:
            names, then = said.at(passed)
            corrections = learn(corrections, names, then, actual[passed], HOUR_S, hours[passed])
        if hour in scored:
            latest = _latest_error(corrections, said, actual, now)
            names, quantiles = said.at(now)
            found.append(blend(corrections, names, quantiles[:, None], HOUR_S, latest)[0])
    return np.stack(found)[:, BAND_OF_LEVELS]


@dataclass(frozen=True, slots=True)
class _Said:
    """All members' quantiles, (members, origins, LEVELS, HORIZON_H), NaN where one could not answer."""

    names: list[str]
    quantiles: FloatArray

    def at(self, index: int) -> tuple[list[str], FloatArray]:
        """Those that answered from one origin."""
        answered: BoolArray = np.asarray(np.isfinite(self.quantiles[:, index]).all(axis=(1, 2)))
        names = [name for name, there in zip(self.names, answered, strict=True) if there]
        return names, self.quantiles[answered, index]


def _latest_error(corrections: ForecastCorrections, said: _Said, actual: FloatArray, now: int) -> FloatArray | None:
    """Of the hour just ended; what comes after it is not looked at."""
    if now == 0:
        return None
    names, before = said.at(now - 1)
    came = np.where(np.arange(HORIZON_H) < 1, actual[now - 1], np.nan)
    return last_errors(corrections, names, before[:, None], came[None], HOUR_S)


def answers(forecaster: Forecaster, history: History, origins: Sequence[datetime]) -> FloatArray:
    """Quantiles (O, LEVELS, HORIZON_H), W, NaN for the origins from which the forecaster declines to answer."""
    parts = [_batch(forecaster, history, origins[at : at + _BATCH]) for at in range(0, len(origins), _BATCH)]
    return np.concatenate(parts)


def since(history: History, start: datetime) -> History:
    """The history as it would be had the site begun at ``start``."""
    horizon = history.horizon
    first = max(0, -int((horizon.start - start).total_seconds() // horizon.step_s))
    cut = Horizon(horizon.start + timedelta(seconds=first * horizon.step_s), horizon.step_s, horizon.steps - first)
    sides = (history.load_w[first:], history.pv_w[first:], history.curtailed[first:])
    return replace(history, horizon=cut, load_w=sides[0], pv_w=sides[1], curtailed=sides[2])


def _batch(forecaster: Forecaster, history: History, origins: Sequence[datetime]) -> FloatArray:
    try:
        return forecaster.predict(history, origins, HOUR_S, HORIZON_H)
    except ModelUnusable:
        if len(origins) == 1:
            return np.full((1, len(LEVELS), HORIZON_H), np.nan)
    half = len(origins) // 2
    return np.concatenate([_batch(forecaster, history, part) for part in (origins[:half], origins[half:])])


def _or(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.where(np.isfinite(first).all(axis=(1, 2), keepdims=True), first, second)
