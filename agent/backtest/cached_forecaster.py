"""A forecaster that has answered beforehand: a play asks for every step, and a model answers many at once faster."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from agent.domain.history import History
from agent.forecasting.forecaster import FloatArray, Forecaster, ModelUnusable

BLOCK = 64  # origins a call of the forecaster
KEPT_BLOCKS_S = 30 * 86_400  # errors of past forecasts look back three weeks, and their weights a week more


class CachedForecaster:
    """Answers as ``forecaster`` would on ``history``, from blocks of origins that are forecast together.

    A forecaster uses nothing from an origin on, so that giving it the whole history foresees nothing. Where it cannot
    answer for a block, it is asked for halves of it until the origins that it refuses are known one by one.
    """

    def __init__(self, forecaster: Forecaster, history: History) -> None:
        self.name = forecaster.name
        self.quantity = forecaster.quantity
        self._forecaster = forecaster
        self._history = history
        self._blocks: dict[tuple[int, int, int], tuple[FloatArray | ModelUnusable, ...]] = {}

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        """As Forecaster.predict, whatever part of the history is given."""
        answers = [self._answer(origin, step_s, steps) for origin in origins]
        for answer in answers:
            if isinstance(answer, ModelUnusable):
                raise ModelUnusable(answer.name, answer.reason)  # a new one: a kept one would grow by each raise
        return np.stack([answer for answer in answers if not isinstance(answer, ModelUnusable)])

    def _answer(self, origin: datetime, step_s: int, steps: int) -> FloatArray | ModelUnusable:
        number = round((origin - self._history.horizon.start).total_seconds()) // step_s
        key = (step_s, steps, number // BLOCK)
        if key not in self._blocks:
            self._forget(key)
            start = origin - timedelta(seconds=step_s * (number % BLOCK))
            block = [start + timedelta(seconds=step_s * i) for i in range(BLOCK)]
            self._blocks[key] = tuple(self._ask([at for at in block if at <= self._history.end], step_s, steps))
        return self._blocks[key][number % BLOCK]

    def _ask(self, origins: list[datetime], step_s: int, steps: int) -> list[FloatArray | ModelUnusable]:
        try:
            return list(self._forecaster.predict(self._history, origins, step_s, steps))
        except ModelUnusable as refusal:
            if len(origins) == 1:
                return [refusal]
        half = len(origins) // 2
        return self._ask(origins[:half], step_s, steps) + self._ask(origins[half:], step_s, steps)

    def _forget(self, newest: tuple[int, int, int]) -> None:
        """Drop what no later question can ask for, so that a year does not have to be held at once."""
        oldest = newest[2] - KEPT_BLOCKS_S // (newest[0] * BLOCK) - 1
        self._blocks = {key: block for key, block in self._blocks.items() if key[2] >= oldest}
