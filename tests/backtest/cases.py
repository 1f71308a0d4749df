"""Small cases for tests, and forecasters that know a truth."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from agent.backtest.case import MONEY_ALONE, Case, Floats
from agent.domain.battery import Battery
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.domain.site import Connection
from agent.forecasting.forecaster import LEVELS, FloatArray, ModelUnusable
from tests.backtest import folder as data

BATTERY = Battery(10_000.0, 4_000.0, 4_000.0, 0.9, 0.9, 10.0, 90.0)
PLACE = Place(50.0, 4.0, "Europe/Brussels")


def case(days: int = 16, played_days: int = 2, step_s: int = 3600, **changed: object) -> Case:
    """The house of ``folder.hour``; its last ``played_days`` days are played."""
    per_day = 86_400 // step_s
    steps = days * per_day
    rows = np.array([data.hour(index * step_s // 3600) for index in range(steps)], dtype=np.float64)
    plain: dict[str, Any] = {
        "name": "house",
        "history": history_of(rows[:, 0] * 1000, rows[:, 1] * 1000, step_s),
        "load_w": rows[:, 0] * 1000,
        "pv_w": rows[:, 1] * 1000,
        "import_price": rows[:, 2],
        "export_price": np.full(steps, 0.05),
        "carbon_kg_per_kwh": rows[:, 3],
        "battery": BATTERY,
        "connection": Connection(),
        "place": PLACE,
        "solar_rated_w": 5_000.0,
        "objective": MONEY_ALONE,
        "day_ahead": False,
        "first": steps - played_days * per_day,
        "last": steps,
    }
    return Case(**{**plain, **changed})


def history_of(load_w: Floats, pv_w: Floats, step_s: int = 3600) -> History:
    horizon = Horizon(data.START, step_s, len(load_w))
    return History(horizon, tuple(load_w.tolist()), tuple(pv_w.tolist()), (False,) * horizon.steps)


class Knows:
    """Answers with a curve, whatever was measured; beyond its end, with its first values again."""

    def __init__(self, quantity: str, values_w: Floats, step_s: int = 3600, name: str = "truth") -> None:
        self.name = name
        self.quantity = quantity
        self._values_w = values_w
        self._step_s = step_s
        self.calls = 0

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        self.calls += 1
        first = np.array([(origin - data.START) // timedelta(seconds=self._step_s) for origin in origins])
        ahead = np.arange(steps) * step_s // self._step_s
        values = self._values_w[(first[:, None] + ahead) % len(self._values_w)]
        return np.repeat(values[:, None, :], len(LEVELS), axis=1)


class Needs:
    """Refuses origins before ``since``, for the whole block, as a model does; otherwise its answer is the hour."""

    name = "model"
    quantity = "load_w"

    def __init__(self, since: datetime) -> None:
        self._since = since

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        if min(origins) < self._since:
            raise ModelUnusable(self.name, "too little was measured")
        hours = np.array([float(origin.timestamp()) // 3600 for origin in origins])
        return np.broadcast_to(hours[:, None, None], (len(origins), len(LEVELS), steps)).copy()
