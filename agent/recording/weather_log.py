"""Which words of the weather feed are written down: those for hours that have begun, each once.

What the feed says at the start of an hour is what a forecast made then was given; later ones would know more.
"""

from datetime import datetime, timedelta

from agent.domain.horizon import floor_to_step
from agent.domain.records import WeatherRow
from agent.domain.weather import Weather
from agent.domain.weather_raster import HOUR_S, hours_between, on_raster

KEPT_DAYS = 60
"""A forecaster looks back on four weeks from each of the past days that it is tried on."""


class WeatherLog:
    """Remembers what it has handed over. A feed that also tells of hours that have passed fills them in."""

    def __init__(self) -> None:
        self._weather: Weather | None = None
        self._next: datetime | None = None

    def rows(self, weather: Weather | None, now: datetime) -> tuple[WeatherRow, ...]:
        """The rows that are new at ``now``: once an hour, and whenever the feed has spoken."""
        hour = floor_to_step(now, HOUR_S)
        if weather is None or (weather is self._weather and self._next is not None and hour < self._next):
            return ()
        start = max(weather.horizon.start, hour - timedelta(days=KEPT_DAYS))
        if weather is self._weather and self._next is not None:
            start = max(start, self._next)
        self._weather, self._next = weather, hour + timedelta(seconds=HOUR_S)
        if start >= self._next:  # the feed begins later
            return ()
        return _rows(on_raster(weather, hours_between(start, self._next)))


def _rows(weather: Weather) -> tuple[WeatherRow, ...]:
    nothing = (None,) * weather.horizon.steps
    columns = (weather.temperature_c or nothing, weather.ghi_w_m2 or nothing, weather.cloud_pct or nothing)
    found = (WeatherRow(at, *values) for at, *values in zip(weather.horizon.times(), *columns, strict=True))
    return tuple(row for row in found if (row.temperature_c, row.ghi_w_m2, row.cloud_pct) != (None, None, None))
