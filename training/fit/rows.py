"""Training rows: the agent's own features at many origins of a site, and what really came."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.forecasting.features.feature_rows import FeatureRows
from agent.forecasting.features.load_features import load_features
from agent.forecasting.features.solar_features import solar_features
from agent.forecasting.features.weather_series import weather_series
from agent.forecasting.forecaster import LEVELS, WINDOW_DAYS, FloatArray
from agent.forecasting.series import Series, load_series, solar_series
from training.sites.forecast_weather import sky_of, with_forecast
from training.sites.imagined import imagined_loads
from training.sites.measured_site import MeasuredSite

STEP_S = 3600
STEPS = 48
LONGEST_H = 168
"""How far ahead a forecast may reach."""

_LONG_SHARE = 0.2  # of the batches: forecasts of a week, of which as many steps are taken as of two days
# Hours between origins, coprime with 24 to visit every hour: of homes, which are short, and of others.
_EVERY_H = {"load_w": (11, 25), "pv_w": (7, 13)}
_BATCH = 4
_YOUNG_SHARE = 0.3  # of the batches: the site began to measure a few days before
_YOUNG_DAYS = (1, 1, 1, 2, 4, 8, 14)
_SILENT_SHARE, _ENDING_SHARE = 0.3, 0.15  # of the origins: no feed, and one that ends within two days
_FIRST_DAYS = 1
_HOME_WEIGHT = 0.5
_NEAR_H, _NEAR_WEIGHT = (3.0, 6.0), (20.0, 5.0, 1.0)  # what a battery does now is decided by the next hours
_LARGEST = 8.0
_LOW_OUTPUT_SHARE = 0.002  # of the rating: a scale below it is dusk


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """``matrix`` (N, features), float32, NaN where missing; ``weight`` (N,).

    ``answer`` (N, LEVELS) is what came, in scales from the centre of each level.
    """

    matrix: NDArray[np.float32]
    answer: FloatArray
    weight: FloatArray


def taught_sites(sites: Sequence[MeasuredSite], quantity: str, seed: int) -> list[MeasuredSite]:
    """Those measured, and for loads those made of them."""
    made = [without_weather(site) for site in imagined_loads(sites, seed)] if quantity == "load_w" else []
    return [*sites, *made]


def joined(quantity: str, *parts: TrainingRows) -> TrainingRows:
    """The rows of all sites, in their order. Raises ValueError where there are none."""
    some = [part for part in parts if len(part.answer)]
    if not some:
        raise ValueError(f"no site has any {quantity} that can be learnt from")
    columns = ([getattr(part, name) for part in some] for name in ("matrix", "answer", "weight"))
    return TrainingRows(*(np.concatenate(column) for column in columns))


def without_weather(site: MeasuredSite) -> MeasuredSite:
    return replace(site, history=replace(site.history, weather=None))


def site_rows(quantity: str, share: float, seed: int, site: MeasuredSite, *near: MeasuredSite) -> TrainingRows:
    """Rows of the first ``share`` of one site, a home's counting half. The same wherever they are made.

    The weather measured there, or the sky of ``near`` where it measured none, is given to the features with the errors
    of a forecast on a part of the rows.
    """
    random = np.random.default_rng([seed, zlib.crc32(site.name.encode())])
    fed = with_forecast(_with_light(site, near, random) if near else site, seed)
    origins = _origins(site, quantity, share)
    parts = [
        _batch_rows(without_weather(site), fed, quantity, origins[first : first + _BATCH], random)
        for first in range(0, len(origins), _BATCH)
    ]
    parts = [part for part in parts if len(part.answer)]
    if not parts:
        return TrainingRows(np.zeros((0, 0), dtype=np.float32), np.zeros((0, len(LEVELS))), np.zeros(0))
    weight = np.concatenate([part.weight for part in parts])
    return TrainingRows(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.answer for part in parts]),
        weight / weight.mean() * (_HOME_WEIGHT if site.home else 1.0),
    )


def skies_near(site: MeasuredSite, others: Sequence[MeasuredSite], quantity: str) -> list[MeasuredSite]:
    """Homes near by whose output stands in for the irradiance that a solar site did not measure."""
    if quantity != "pv_w" or site.history.weather is not None:
        return []
    return [
        other
        for other in others
        if other.name != site.name
        and other.home
        and other.place == site.place
        and other.history.horizon == site.history.horizon
        and other.history.horizon.step_s == STEP_S
    ]


def _with_light(site: MeasuredSite, near: Sequence[MeasuredSite], random: np.random.Generator) -> MeasuredSite:
    return sky_of(near[int(random.integers(len(near)))], site)


def _batch_rows(
    plain: MeasuredSite,
    fed: MeasuredSite,
    quantity: str,
    origins: Sequence[datetime],
    random: np.random.Generator,
) -> TrainingRows:
    """Rows of neighbouring origins: some of a young site, some a week ahead, some with weather and some without."""
    young = random.uniform() < _YOUNG_SHARE
    days = int(random.choice(_YOUNG_DAYS)) if young else WINDOW_DAYS + 4
    steps = LONGEST_H if random.uniform() < _LONG_SHARE else STEPS
    since, until = origins[0] - timedelta(days=days), origins[-1] + timedelta(hours=LONGEST_H)
    series, found = _features(between(plain, since, until), quantity, origins, steps)
    if fed.history.weather is not None:
        _, told = _features(between(fed, since, until), quantity, origins, steps)
        found = _mixed(found, told, _told(len(origins), steps, random))
    target = series.index_of(origins)[:, None] + np.arange(steps)
    actual = series.before(target, target + 1).reshape(-1)
    least_w = _LOW_OUTPUT_SHARE * plain.rated_w if quantity == "pv_w" else 0.0
    usable = np.isfinite(actual) & (found.scale_w > least_w)
    if steps > STEPS:
        usable &= random.uniform(size=usable.size) < STEPS / steps
    scale = found.scale_w[usable]
    answer = np.clip((actual[usable, None] - found.centre_w[usable]) / scale[:, None], -_LARGEST, _LARGEST)
    lead_h = np.tile(np.arange(steps) * STEP_S / 3600, len(origins))[usable]
    weight = np.array(_NEAR_WEIGHT)[np.digitize(lead_h, _NEAR_H)]
    return TrainingRows(found.matrix[usable], answer, weight * scale if quantity == "pv_w" else weight)


def _features(site: MeasuredSite, quantity: str, origins: Sequence[datetime], steps: int) -> tuple[Series, FeatureRows]:
    weather = weather_series(site.history, STEP_S, site.place)
    if quantity == "load_w":
        series = load_series(site.history, STEP_S)
        return series, load_features(series, origins, steps, site.place, weather)
    series = solar_series(site.history, STEP_S, site.rated_w)
    return series, solar_features(series, origins, steps, site.place, site.rated_w, weather)


def _told(origins: int, steps: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """The rows at which the feed has not ended, (origins * steps,)."""
    drawn = random.uniform(size=origins)
    ends = np.where(drawn < _SILENT_SHARE + _ENDING_SHARE, random.integers(3, STEPS, origins), steps)
    ends = np.where(drawn < _SILENT_SHARE, 0, ends)
    told: NDArray[np.bool_] = (np.arange(steps) < ends[:, None]).reshape(-1)
    return told


def _mixed(plain: FeatureRows, told: FeatureRows, choice: NDArray[np.bool_]) -> FeatureRows:
    return FeatureRows(
        np.where(choice[:, None], told.matrix, plain.matrix),
        np.where(choice[:, None], told.centre_w, plain.centre_w),
        np.where(choice, told.scale_w, plain.scale_w),
    )


def between(site: MeasuredSite, since: datetime, until: datetime) -> MeasuredSite:
    """The site as if nothing were known of the time before ``since``, nor after ``until``, weather as well."""
    history = site.history
    horizon, part = _cut(history.horizon, since, until)
    columns = history.load_w[part], history.pv_w[part], history.curtailed[part]
    weather = None if history.weather is None else _weather_between(history.weather, since, until)
    return replace(site, history=History(horizon, *columns, weather))


def _weather_between(weather: Weather, since: datetime, until: datetime) -> Weather:
    horizon, part = _cut(weather.horizon, since, until)
    return Weather(horizon, weather.temperature_c[part], weather.ghi_w_m2[part], weather.cloud_pct[part])


def _cut(horizon: Horizon, since: datetime, until: datetime) -> tuple[Horizon, slice]:
    step = timedelta(seconds=horizon.step_s)
    first = min(max(0, -((horizon.start - since) // step)), horizon.steps - 1)
    stop = max(first + 1, min(horizon.steps, (until - horizon.start) // step))
    return Horizon(horizon.start + first * step, horizon.step_s, stop - first), slice(first, stop)


def _origins(site: MeasuredSite, quantity: str, share: float) -> list[datetime]:
    horizon = site.history.horizon
    first = horizon.start + timedelta(days=_FIRST_DAYS)
    last = horizon.start + (horizon.end - horizon.start) * share - timedelta(seconds=STEPS * STEP_S)
    first -= timedelta(seconds=round(first.timestamp()) % STEP_S)
    every = timedelta(hours=_EVERY_H[quantity][0 if site.home else 1])
    return [first + every * i for i in range(max(0, int((last - first) / every) + 1))]
