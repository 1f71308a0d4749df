"""What a model is asked, and the way back from its answer to watts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.forecasting.forecaster import FloatArray


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Features and the way back: watts = centre + scale * answer, level by level.

    ``matrix`` is (origins * steps, features), float32, NaN where missing. ``centre_w``, (rows, LEVELS), is what
    persistence says, so that a model only has to correct it. ``scale_w``, (rows,), is NaN where the history says
    nothing.
    """

    matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    centre_w: FloatArray
    scale_w: FloatArray

    def only(self, known: Sequence[str], asked: Sequence[str]) -> "FeatureRows":
        """With the columns ``asked`` of those ``known``: a model of an earlier release has fewer."""
        if tuple(asked) == tuple(known):
            return self
        return replace(self, matrix=np.take(self.matrix, [known.index(name) for name in asked], axis=1))
