"""What a plan knows of the load and the sun ahead."""

from dataclasses import dataclass, replace

import numpy as np

from agent.domain.forecast import Forecast
from agent.domain.forecast_corrections import ForecastCorrections
from agent.forecasting.forecaster import FloatArray


@dataclass(frozen=True, slots=True)
class SiteForecast:
    """Both forecasts of a site, their errors on the same past days, and the highest that was measured.

    ``load_errors`` and ``pv_errors`` are actual - median, W, (days, steps), newest day first; after 24 h they repeat.
    Where both are there, row d of both is the same day, so that a dull day's load meets a dull day's sun. None where
    too few days were measured completely. ``load_most_w`` is the highest load that was measured, infinite if none was;
    ``pv_most_w`` is the sun's at the time of day of each step, (steps,). ``notes`` has a sentence for every forecaster
    that could not answer. ``corrections``, of load and solar, are for the next forecast to go on from.
    """

    load: Forecast
    pv: Forecast
    load_errors: FloatArray | None = None
    pv_errors: FloatArray | None = None
    load_most_w: float = np.inf
    pv_most_w: FloatArray | float = np.inf
    notes: tuple[str, ...] = ()
    corrections: tuple[ForecastCorrections, ...] = ()

    def of_days(self, newest: int) -> "SiteForecast":
        """With the errors of the ``newest`` days alone."""
        load, pv = (None if errors is None else errors[:newest] for errors in (self.load_errors, self.pv_errors))
        return replace(self, load_errors=load, pv_errors=pv)

    def possible_load_w(self, load_w: FloatArray) -> FloatArray:
        """``load_w`` (..., steps) not below 0, nor above the highest that was measured where the median is not."""
        return np.clip(load_w, 0.0, np.maximum(self.load_most_w, self.load.median))

    def possible_pv_w(self, pv_w: FloatArray, rated_w: float) -> FloatArray:
        """``pv_w`` (..., steps) from 0 to ``rated_w``, and not above what was measured at that time of day where the
        median is not. A ``rated_w`` of 0 says that the rating is not known."""
        most_w = np.minimum(np.maximum(self.pv_most_w, self.pv.median), rated_w if rated_w > 0 else np.inf)
        return np.clip(pv_w, 0.0, most_w)
