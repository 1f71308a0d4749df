"""Hours that need more, or less, than any of the last days showed: a month's peak is set by one of them.

Of the errors of twenty days the worst is passed on one evening in twenty-one, and a month has thirty.
"""

from dataclasses import dataclass

import numpy as np

from agent.forecasting.site_forecast import SiteForecast
from agent.planning.planning_terms import Floats

LOOKING_H = 1.0  # how far apart errors are compared
SHORTEST_H, LONGEST_H = 1.0, 20.0
USUAL_H = 3.0  # where no errors are known


@dataclass(frozen=True, slots=True)
class Surprises:
    """Net load and solar power, W, shape (surprises, steps) each.

    The first has the load at its highest quantile and the sun at its lowest, the second the other way round: without
    it every path together would need more than is expected. Each lasts ``lasts_h`` on average, as long as the site's
    errors do.
    """

    net_w: Floats
    pv_w: Floats
    lasts_h: float

    @classmethod
    def of(cls, site: SiteForecast, pv_rated_w: float) -> "Surprises":
        """Within what was measured, as ``net_load_paths`` has it."""
        loads_w = site.possible_load_w(np.array([site.load.values[-1], site.load.values[0]]))
        pv_w = site.possible_pv_w(np.array([site.pv.values[0], site.pv.values[-1]]), pv_rated_w)
        return cls(loads_w - pv_w, pv_w, errors_last_h(site))

    def before(self, last: int) -> "Surprises":
        """Those of the steps before ``last``."""
        return Surprises(self.net_w[:, :last], self.pv_w[:, :last], self.lasts_h)


def errors_last_h(site: SiteForecast) -> float:
    """How long the errors of the net load last, h: from their correlation an hour apart, as if they decayed evenly."""
    both = [sign * errors for sign, errors in ((1.0, site.load_errors), (-1.0, site.pv_errors)) if errors is not None]
    if not both:
        return USUAL_H
    net_w = np.sum(both, axis=0)
    around = net_w - net_w.mean(axis=0)
    apart = max(1, round(LOOKING_H * 3600.0 / site.load.horizon.step_s))
    before, after = around[:, :-apart], around[:, apart:]
    squares = float((before**2).sum())
    if squares <= 0.0:
        return USUAL_H
    hours = apart * site.load.horizon.step_s / 3600.0
    correlation = float((before * after).sum()) / squares
    return float(np.clip(hours / max(1.0 - correlation, hours / LONGEST_H), SHORTEST_H, LONGEST_H))
