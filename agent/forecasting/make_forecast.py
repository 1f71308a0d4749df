"""From forecasters, a history and what the site has taught to the forecast of a horizon and its errors on past days."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from agent.domain.forecast import Forecast
from agent.domain.forecast_corrections import LEAD_EDGES_H, ForecastCorrections
from agent.domain.history import LOOK_BACK, History
from agent.domain.horizon import Horizon
from agent.forecasting.combination.blend import blend, last_errors, learn, shares
from agent.forecasting.features import seasonal_load, solar_window
from agent.forecasting.forecaster import (
    DAY_S,
    LEARNING_HOURS,
    LEVELS,
    MEDIAN,
    FloatArray,
    Forecaster,
    ModelUnusable,
)
from agent.forecasting.series import Series, bridge_short_gaps, load_series, solar_series
from agent.forecasting.site_forecast import SiteForecast

PAST_DAYS = 28  # whole weeks, so that every day of the week is there as often
LEARNT_DAYS = 20  # at first, and after an absence
_BRIDGE_S = 3 * 3600
_FEWEST_PATHS = 3
_FEWEST_DAYS = 10  # of few days none may have been clear
# Two days in quarters cost 0.4 MB while they are asked for.
_STEPS_AT_ONCE = 11 * 192
_HOUR = timedelta(hours=1)
_MOST_LEARNT = 24  # origins a call: a plan stays cheap, and a day is caught up in one
_LEAST_SHARE = 0.005  # of a member that is named in a forecast's source
_NOTHING_LEARNT: Mapping[str, ForecastCorrections] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Task:
    """What is asked: the forecast of ``quantity`` for ``horizon``, issued at ``now``, and the errors of ``days``."""

    quantity: str
    history: History
    series: Series
    horizon: Horizon
    now: datetime
    days: int


@dataclass(frozen=True, slots=True)
class _Members:
    """The forecasts of all forecasters that answered, (members, origins, LEVELS, steps), W."""

    names: tuple[str, ...]
    origins: tuple[datetime, ...]
    quantiles: FloatArray
    refusals: tuple[str, ...]

    def at(self, origins: Sequence[datetime]) -> FloatArray:
        """Those of some of the origins."""
        return self.quantiles[:, [self.origins.index(origin) for origin in origins]]

    def joined(self, others: "_Members", steps: int) -> "_Members":
        """The first ``steps`` of both; ``others`` are of some of the same forecasters."""
        kept = self.quantiles[[self.names.index(name) for name in others.names], :, :, :steps]
        quantiles = np.concatenate([kept, others.quantiles[..., :steps]], axis=1)
        return _Members(others.names, self.origins + others.origins, quantiles, self.refusals + others.refusals)


@dataclass(frozen=True, slots=True)
class _Answer:
    forecast: Forecast
    errors: FloatArray  # (days, steps), NaN where incomplete
    corrections: ForecastCorrections
    refusals: tuple[str, ...]


def forecast_site(
    load: Sequence[Forecaster],
    solar: Sequence[Forecaster],
    history: History,
    horizon: Horizon,
    now: datetime,
    corrections: Mapping[str, ForecastCorrections] = _NOTHING_LEARNT,
    days: int = PAST_DAYS,
) -> SiteForecast:
    """Both forecasts with paired error paths of ``days`` past days. No forecaster is asked twice for the same.

    Errors are those of the day after each origin, and stand for later days as well: so the newest are of yesterday.
    All of ``load`` and of ``solar`` that answer are blended; the first is the preferred one. ``corrections`` are those
    that an earlier call returned, by quantity: hours that have come to their end since are learnt from first. Without
    one, the past days at hand are. Raises the last one's ModelUnusable when none answers, which cannot happen when
    persistence stands at the end.
    """
    loads, suns = load_series(history, horizon.step_s), solar_series(history, horizon.step_s, 0.0)
    of_load, of_solar = (
        _answer(forecasters, task, corrections.get(task.quantity, ForecastCorrections(task.quantity)))
        for forecasters, task in (
            (load, _Task("load_w", history, loads, horizon, now, days)),
            (solar, _Task("pv_w", history, suns, horizon, now, days)),
        )
    )
    load_days, solar_days = _whole(of_load.errors), _whole(of_solar.errors)
    both = load_days & solar_days
    if both.sum() >= _FEWEST_PATHS:
        load_days = solar_days = both
    elif load_days.any():
        solar_days = both  # the load's errors stand alone: unpaired rows of different days must not be laid together
    return SiteForecast(
        of_load.forecast,
        of_solar.forecast,
        _paths(of_load.errors, load_days),
        _paths(of_solar.errors, solar_days),
        loads.highest,
        _highest_by_time(suns, horizon),
        of_load.refusals + of_solar.refusals,
        (of_load.corrections, of_solar.corrections),
    )


def _answer(forecasters: Sequence[Forecaster], task: _Task, corrections: ForecastCorrections) -> _Answer:
    """The forecast, the errors of past days and what has been learnt."""
    start, step_s, steps = task.horizon.start, task.horizon.step_s, task.horizon.steps
    past = [start - timedelta(days=ago) for ago in range(1, task.days + 1)]
    known = _learnable(task.series, past)
    measured = [origin for origin, enough in zip(past, known, strict=True) if enough]
    length = task.horizon.end - start
    lessons = _lessons(task, corrections, [origin for origin in measured if origin + length <= start])
    whole = _predicted(forecasters, task, dict.fromkeys([start, *lessons]), steps)
    for origin in lessons:
        corrections = _lesson(corrections, whole, task, origin)
    day = min(steps, DAY_S // step_s)
    members, more = whole, [origin for origin in measured if origin not in whole.origins]
    if more:
        answered = [one for one in forecasters if one.name in whole.names]
        members = whole.joined(_predicted(answered, task, more, day), day)
    origins, highest_w = [start, *measured], task.series.highest
    of_a_day = members.at(origins)[..., :day]
    errors_before = _errors_before(forecasters, task, corrections, origins, of_a_day)
    now = blend(corrections, whole.names, whole.at([start]), step_s, errors_before[:1], highest_w)[0]
    errors = np.full((task.days, steps), np.nan)
    if measured:
        then = blend(corrections, members.names, of_a_day[:, 1:], step_s, errors_before[1:], highest_w)[:, MEDIAN]
        came = _actual(_bridged(task.series), start, measured, day)
        errors[known] = (came - then)[:, np.arange(steps) % day]
    return _Answer(_forecast(task, whole.names, now, corrections), errors, corrections, members.refusals)


def _errors_before(
    forecasters: Sequence[Forecaster],
    task: _Task,
    corrections: ForecastCorrections,
    origins: Sequence[datetime],
    following: FloatArray,
) -> FloatArray:
    """How far the hour before each origin lay from its forecast, half-widths, (origins,); NaN where not known.

    Past days are corrected by it as the present one is, or their errors would be too wide for the next hours.
    """
    step_s, start = task.horizon.step_s, task.horizon.start
    errors = np.full(len(origins), np.nan)
    begins = [origin - _HOUR for origin in origins]
    known = _learnable(task.series, begins) if 3600 % step_s == 0 else np.zeros(len(origins), dtype=bool)
    if known.any():
        begins = [begin for begin, enough in zip(begins, known, strict=True) if enough]
        members = _predicted(forecasters, task, begins, 3600 // step_s)
        came = _actual(task.series, start, begins, 3600 // step_s)
        peaks_w = following[:, known, -1].max(axis=(0, -1))
        errors[known] = last_errors(corrections, members.names, members.quantiles, came, step_s, peaks_w)
    return errors


def _forecast(task: _Task, names: tuple[str, ...], quantiles: FloatArray, corrections: ForecastCorrections) -> Forecast:
    values = tuple(tuple(row) for row in quantiles.tolist())
    source = _source(names, shares(corrections, names))
    return Forecast(task.quantity, task.horizon, LEVELS, values, source, task.now, corrections.origins)


def _source(names: tuple[str, ...], parts: FloatArray) -> str:
    heard = [(name, part) for name, part in zip(names, parts, strict=True) if part >= _LEAST_SHARE]
    if len(heard) == 1:
        return heard[0][0]
    return " + ".join(f"{name} {part:.0%}" for name, part in heard)


def _lessons(task: _Task, corrections: ForecastCorrections, ended: Sequence[datetime]) -> list[datetime]:
    """Origins to learn from, oldest first: the hours that are ripe since the last one, at first the days ``ended``."""
    if corrections.learnt_to is None:
        return list(reversed(ended[:LEARNT_DAYS]))
    step_s, start_s = task.horizon.step_s, round(task.horizon.start.timestamp())
    every_s = max(step_s, 3600)
    last_s = start_s - min(step_s * task.horizon.steps, LEAD_EDGES_H[-1] * 3600)
    last_s -= (last_s - last_s % step_s) % every_s  # whole hours, as far as the raster has them
    since_s = max(round(corrections.learnt_to.timestamp()), last_s - LEARNT_DAYS * DAY_S)
    many = max(0, -(-(last_s - since_s) // every_s))
    ripe = [datetime.fromtimestamp(last_s - every_s * ago, UTC) for ago in reversed(range(many))]
    known = _learnable(task.series, ripe)
    return [origin for origin, enough in zip(ripe, known, strict=True) if enough][:_MOST_LEARNT]


def _learnable(series: Series, origins: Sequence[datetime]) -> NDArray[np.bool_]:
    """Which origins have a week measured before them."""
    return np.asarray(series.measured_before(series.index_of(origins)) * series.step_s >= LEARNING_HOURS * 3600)


def _predicted(forecasters: Sequence[Forecaster], task: _Task, origins: Collection[datetime], steps: int) -> _Members:
    """What each of them says to all ``origins``, or why it cannot. A few are asked for at a time: each costs memory."""
    for forecaster in forecasters:
        if forecaster.quantity != task.quantity:
            raise ValueError(f"{forecaster.name} forecasts {forecaster.quantity}, not {task.quantity}")
    asked, many = tuple(origins), max(1, _STEPS_AT_ONCE // steps)
    said: list[list[FloatArray]] = [[] for _ in forecasters]
    refused: dict[int, ModelUnusable] = {}
    for first in range(0, len(asked), many):
        some = asked[first : first + many]
        for place, forecaster in enumerate(forecasters):
            if place in refused:
                continue
            try:
                said[place].append(forecaster.predict(task.history, some, task.horizon.step_s, steps))
            except ModelUnusable as refusal:
                refused[place] = refusal
        seasonal_load.forget()  # what the forecasters of one turn share is none of the next one's
        solar_window.forget()
    answered = [place for place in range(len(forecasters)) if place not in refused]
    if not answered:
        raise refused[len(forecasters) - 1]
    quantiles = np.stack([np.concatenate(said[place]) for place in answered])
    refusals = tuple(refused[place].said for place in sorted(refused))
    return _Members(tuple(forecasters[place].name for place in answered), asked, quantiles, refusals)


def _lesson(corrections: ForecastCorrections, members: _Members, task: _Task, origin: datetime) -> ForecastCorrections:
    """The corrections after what came over the first two days from ``origin``."""
    step_s = task.horizon.step_s
    steps = min(task.horizon.steps, LEAD_EDGES_H[-1] * 3600 // step_s)
    came = _actual(task.series, task.horizon.start, [origin], steps)[0]
    return learn(corrections, members.names, members.at([origin])[:, 0, :, :steps], came, step_s, origin)


def _actual(series: Series, until: datetime, origins: Sequence[datetime], steps: int) -> FloatArray:
    """What was measured over each past horizon before ``until``, (origins, steps), NaN where it was not."""
    target = series.index_of(origins)[:, None] + np.arange(steps)
    return series.before(target, series.index_of([until])[0])


def _highest_by_time(series: Series, horizon: Horizon) -> FloatArray:
    """The highest that was measured at the time of day of each step, (steps,), infinite where few days were."""
    days = [horizon.start - timedelta(days=ago) for ago in range(1, LOOK_BACK.days + 1)]
    seen = _actual(series, horizon.start, days, DAY_S // horizon.step_s)
    enough = np.isfinite(seen).sum(axis=0) >= _FEWEST_DAYS
    return np.resize(np.where(enough, np.fmax.reduce(seen, axis=0), np.inf), horizon.steps)


def _bridged(series: Series) -> Series:
    return Series(series.start_s, series.step_s, bridge_short_gaps(series.values, _BRIDGE_S // series.step_s))


def _whole(errors: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(errors).all(axis=1), dtype=np.bool_)


def _paths(errors: FloatArray, days: NDArray[np.bool_]) -> FloatArray | None:
    return errors[days] if days.sum() >= _FEWEST_PATHS else None
