"""The weather on another raster, and what was said earlier joined to what is said now."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.weather import Weather

HOUR_S = 3600
_LEAST_SHARE = 0.5  # of a step that must be known, as for measured means

Column = tuple[float | None, ...]
MOST_STEPS = 2016
_COLUMNS = ("temperature_c", "ghi_w_m2", "cloud_pct")


def hours_between(start: datetime, end: datetime) -> Horizon:
    """The UTC hours from the one that contains ``start`` to the one in which ``end`` lies; at least one."""
    first = floor_to_step(start, HOUR_S)
    return Horizon(first, HOUR_S, max(1, -((first - end) // timedelta(seconds=HOUR_S))))


def on_raster(weather: Weather, raster: Horizon) -> Weather:
    """Means over the steps of ``raster``. None where less than half of a step is known."""
    columns = (weather.temperature_c, weather.ghi_w_m2, weather.cloud_pct)
    return Weather(raster, *(_means(column, weather.horizon, raster) for column in columns))


def joined(past: Weather | None, ahead: Weather | None, raster: Horizon, now: datetime) -> Weather | None:
    """One weather on ``raster``: what was written down for steps that are over, the newest word from ``now`` on.

    Where one of the two is silent, the other counts. None when nothing at all is known.
    """
    if past is None and ahead is None:
        return None
    was = on_raster(past or Weather(raster), raster)
    will_be = on_raster(ahead or Weather(raster), raster)
    over = max(0, min(raster.steps, (now - raster.start) // timedelta(seconds=raster.step_s)))
    columns = []
    for name in _COLUMNS:
        old: Column = getattr(was, name) or (None,) * raster.steps
        new: Column = getattr(will_be, name) or (None,) * raster.steps
        column = (*map(_first_known, old[:over], new[:over]), *map(_first_known, new[over:], old[over:]))
        columns.append(column if any(value is not None for value in column) else ())
    return Weather(raster, *columns) if any(columns) else None


def layered(forecasts: Sequence[Weather], since: datetime) -> Weather:
    """Several forecasts as one, the first of them the one that counts; the others where it is silent.

    The raster is that of the first, and goes on to where the last of them ends, ``MOST_STEPS`` at most. Of what is
    before the first only what is after ``since`` is taken.
    """
    first = forecasts[0].horizon
    step = timedelta(seconds=first.step_s)
    start = min([first.start, *(max(since, one.horizon.start) for one in forecasts)])
    back = min(-((start - first.start) // step), MOST_STEPS)
    end = max(one.horizon.end for one in forecasts)
    ahead = min(max(first.steps, -((first.start - end) // step)), max(first.steps, MOST_STEPS))
    raster = Horizon(first.start - back * step, first.step_s, back + ahead)
    found = on_raster(forecasts[0], raster)
    for one in forecasts[1:]:
        under = on_raster(one, raster)
        found = Weather(raster, *(_over(getattr(found, name), getattr(under, name)) for name in _COLUMNS))
    return found


def _over(above: Column, below: Column) -> Column:
    return tuple(map(_first_known, above, below)) if above and below else above or below


def _first_known(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def _means(values: Column, own: Horizon, raster: Horizon) -> Column:
    if not values or own == raster:
        return values
    return tuple(_mean(values, own, at, raster.step_s) for at in _seconds(raster))


def _mean(values: Sequence[float | None], own: Horizon, at: int, span_s: int) -> float | None:
    """The mean of ``values`` over the ``span_s`` seconds from ``at``, weighted by how long each holds in there."""
    begin = at - int(own.start.timestamp())
    first, last = max(0, begin // own.step_s), min(len(values), -(-(begin + span_s) // own.step_s))
    total = covered = 0.0
    for index in range(first, last):
        value = values[index]
        if value is not None:
            holds = min(begin + span_s, (index + 1) * own.step_s) - max(begin, index * own.step_s)
            total, covered = total + holds * value, covered + holds
    return total / covered if covered >= _LEAST_SHARE * span_s else None


def _seconds(raster: Horizon) -> range:
    start = int(raster.start.astimezone(UTC).timestamp())
    return range(start, start + raster.steps * raster.step_s, raster.step_s)
