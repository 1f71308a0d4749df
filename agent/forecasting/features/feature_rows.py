"""What a model is asked, and the way back from its answer to watts."""

from dataclasses import dataclass

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
