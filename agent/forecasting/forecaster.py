"""What every forecaster answers, and the error of one that cannot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.domain.history import History
from agent.domain.sentences.models import model_unusable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MEDIAN = LEVELS.index(0.5)
DAY_S = 86_400
WINDOW_DAYS = 28
"""How far back a forecaster looks from an origin. Four weeks hold every weekday four times."""

LEARNING_HOURS = 168
"""Errors of forecasts with less measured before them say more about the lack of history than about the days to come."""


class ModelUnusable(Exception):
    """A model cannot answer. ``said`` tells which one and why, as ``str()`` does without its code."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        self.said = model_unusable(model=name, cause=reason)
        super().__init__(self.said)


class Forecaster(Protocol):
    """Forecasts one quantity, ``load_w`` or ``pv_w``."""

    @property
    def name(self) -> str:
        """What made the forecast: a model's name and version, or ``persistence``."""
        ...

    @property
    def quantity(self) -> str: ...

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        """Quantiles of mean power, W, shape (origins, LEVELS, steps).

        Step i of origin o covers ``step_s`` seconds from ``o + i * step_s``. Only history before an origin is used for
        it. Values are finite, not negative and do not fall with the level. Raises ModelUnusable when it cannot answer,
        ValueError when the origins are not on the raster of the history.
        """
        ...
