"""Forecasters that are wrong on purpose, and the sum that plans made with them would cost."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from agent.domain.history import History
from agent.domain.request import PlanRequest
from agent.forecasting.forecaster import LEVELS, FloatArray, Forecaster
from agent.forecasting.series import load_series

SPREAD = np.linspace(-1.6, 1.6, len(LEVELS))


class Seer:
    """Knows ``truth`` but for errors of ``error`` of it, other ones for each ``seed``."""

    quantity = "load_w"

    def __init__(self, name: str, truth: History, error: float, seed: int, change: datetime | None = None) -> None:
        self.name = name
        self._truth, self._error, self._seed, self._change = truth, error, seed, change

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        """As Forecaster.predict. From ``change`` on it is five times as wrong."""
        series = load_series(self._truth, step_s)
        target = series.index_of(origins)[:, None] + np.arange(steps)
        known = series.values[np.clip(target, 0, series.values.size - 1)]
        answers = np.empty((len(origins), len(LEVELS), steps))
        for row, origin in enumerate(origins):
            error = self._error * (5 if self._change is not None and origin >= self._change else 1)
            luck = np.random.default_rng([self._seed, int(origin.timestamp())]).normal(size=steps)
            answers[row] = known[row] * (1 + error * luck + error * SPREAD[:, None])
        return np.maximum(answers, 0.0)


def bill(
    request: PlanRequest, history: History, load: Sequence[Forecaster], solar: Sequence[Forecaster], days: int
) -> float:
    """A bill of 5 a day, and 1 for every mean kW that the load forecast was wrong at midnight."""
    last = load_series(history, history.horizon.step_s).values[-24 * days :]
    origin = history.end - timedelta(days=days)
    median = load[0].predict(history, [origin], history.horizon.step_s, last.size)[0, LEVELS.index(0.5)]
    return 5.0 * days + float(np.abs(median - last).mean()) / 1000.0
