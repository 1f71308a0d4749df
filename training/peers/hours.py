"""A measured site in hours, as the peers see it: what came, what fills its gaps, the calendar, the sun, the weather."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from agent.domain.history import History
from agent.forecasting.features.local_calendar import LocalCalendar, local_calendar
from agent.forecasting.forecaster import FloatArray, IntArray
from agent.forecasting.series import load_series, solar_series
from agent.forecasting.sun import sun_elevation
from site_data.site_csv import Column
from training.scoring.measures import HOUR_S, clear_sky
from training.sites.measured_site import MeasuredSite

WEEK_H = 168
_BRIDGE_H = 3


@dataclass(frozen=True, slots=True)
class Hours:
    """One quantity of a site, one entry an hour from ``start_s`` (Unix time); powers in W, NaN where missing.

    ``bridged`` has gaps of up to 3 h on a straight line, longer ones as the same hour a week before; it is known from
    the hour ``known_at`` on. Until then ``carried`` stands in, which takes a week before for every gap.
    """

    site: MeasuredSite
    quantity: str
    start_s: int
    values: FloatArray
    bridged: FloatArray
    carried: FloatArray
    known_at: IntArray
    calendar: LocalCalendar
    clear: FloatArray
    elevation: FloatArray
    temperature: FloatArray
    irradiance: FloatArray

    def index_of(self, at: datetime) -> int:
        return (round(at.timestamp()) - self.start_s) // HOUR_S

    def lag(self, index: IntArray, origin: IntArray) -> FloatArray:
        """Values at ``index`` as they could be filled at ``origin``; NaN outside the site's rows and from it on."""
        inside = (index >= 0) & (index < origin)
        at = np.where(inside, index, 0)
        seen = np.where(self.known_at[at] < origin, self.bridged[at], self.carried[at])
        return np.where(inside, seen, np.nan)


def hours_of(site: MeasuredSite, quantity: str) -> Hours:
    """The hours of ``load_w`` or ``pv_w``, with the weather that the site's history carries."""
    history = site.history
    series = load_series(history, HOUR_S) if quantity == "load_w" else solar_series(history, HOUR_S, 0.0)
    hours = np.arange(series.values.size)
    starts = (series.start_s + HOUR_S * hours).astype(np.float64)
    bridged, known_at = _bridged(series.values)
    weather = history.weather
    return Hours(
        site=site,
        quantity=quantity,
        start_s=series.start_s,
        values=series.values,
        bridged=_carried(bridged),
        carried=_carried(series.values),
        known_at=known_at,
        calendar=local_calendar(series.start_s, HOUR_S, hours.size, site.place),
        clear=clear_sky(site, HOUR_S, series.start_s, hours),
        elevation=sun_elevation(starts + HOUR_S / 2, site.place.latitude, site.place.longitude),
        temperature=_weather_hours(weather.temperature_c if weather else (), history, hours.size),
        irradiance=_weather_hours(weather.ghi_w_m2 if weather else (), history, hours.size),
    )


def _weather_hours(column: Column, history: History, hours: int) -> FloatArray:
    """Hourly means of a column on the raster of the history."""
    if not column:
        return np.full(hours, np.nan)
    values = np.array(column, dtype=np.float64)
    many = HOUR_S // history.horizon.step_s
    lead = round(history.horizon.start.timestamp()) % HOUR_S // history.horizon.step_s
    padded = np.full(hours * many, np.nan)
    padded[lead : lead + values.size] = values
    known = np.isfinite(padded).reshape(hours, many)
    total = np.where(known, padded.reshape(hours, many), 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def _bridged(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Short gaps on a straight line, and for every hour the one from which that is known."""
    hours = np.arange(values.size)
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2:
        return values.copy(), hours
    after = np.searchsorted(known, hours)
    inside = np.isnan(values) & (after > 0) & (after < known.size)
    end, start = known[np.clip(after, 0, known.size - 1)], known[np.clip(after - 1, 0, known.size - 1)]
    short = inside & (end - start - 1 <= _BRIDGE_H)
    line = np.interp(hours, known, values[known])
    return np.where(short, line, values), np.where(short, end, hours).astype(np.int64)


def _carried(values: FloatArray) -> FloatArray:
    """Every hour that is missing as the same hour a week before, itself carried on where that was missing too."""
    filled = values.copy()
    for start in range(WEEK_H, filled.size, WEEK_H):
        week = slice(start, min(start + WEEK_H, filled.size))
        before = filled[start - WEEK_H : week.stop - WEEK_H]
        filled[week] = np.where(np.isnan(filled[week]), before, filled[week])
    return filled
