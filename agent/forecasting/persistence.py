"""Seasonal persistence: the last weeks, weighted by likeness, are the forecast. It always answers.

Its quantiles are those of the past days themselves. Without any history a load is small and flat, and the sun is the
nameplate's share of a clear sky.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from agent.domain.history import History
from agent.domain.request import Place
from agent.forecasting.features.seasonal_load import load_quantiles, seasonal_load
from agent.forecasting.features.solar_feed import feed_guess, solar_feed
from agent.forecasting.features.solar_window import habit_index, solar_quantiles, solar_window
from agent.forecasting.features.weather_series import weather_series
from agent.forecasting.forecaster import LEVELS, FloatArray
from agent.forecasting.series import load_series, solar_series

NAME = "persistence"


class LoadPersistence:
    """Consumption by likeness of days, with today's deviation fading out."""

    name = NAME
    quantity = "load_w"

    def __init__(self, place: Place) -> None:
        self._place = place

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        """As Forecaster.predict."""
        season = seasonal_load(load_series(history, step_s), origins, steps, self._place)
        return load_quantiles(season, step_s).transpose(0, 2, 1)


class SolarPersistence:
    """Solar power: the clear-sky index of the last days at the same time of day, times the clear sky to come.

    A weather feed speaks only where nothing was measured yet, so that one that goes wrong cannot mislead for long.
    """

    name = NAME
    quantity = "pv_w"

    def __init__(self, place: Place, rated_w: float) -> None:
        self._place = place
        self._rated_w = rated_w

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        """As Forecaster.predict; never above the rating, and 0 without one."""
        if self._rated_w <= 0:
            return np.zeros((len(origins), len(LEVELS), steps))
        series = solar_series(history, step_s, self._rated_w)
        window = solar_window(series, origins, steps, self._place, self._rated_w)
        feed = solar_feed(weather_series(history, step_s, self._place), series, origins, window)
        guess = None if feed is None else feed_guess(feed)
        quantiles = solar_quantiles(window, habit_index(window), guess)
        return np.minimum(quantiles, self._rated_w).transpose(0, 2, 1)
