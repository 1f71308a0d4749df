"""The levels that a billing month's peak may come to stand at, and what each of them costs in the end."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.planning.peak import Floats, Peak

LEVELS = 11
BELOW_LIKELY = 3  # levels below where a month is likely to end
LEAST_SPAN = 0.05  # of the lowest level: how far the highest one is above it at least
LEAST_SPAN_KW = 1e-3


@dataclass(frozen=True, slots=True)
class Ladder:
    """The levels that a month's peak may come to stand at, by step of a horizon.

    ``levels_kw`` (steps, levels) ascends from the peak that is paid anyway. The mean of a step's interval is
    ``begun_kw`` plus ``share`` times what is imported until its end (both (steps,)). ``per_kw`` (steps,) is money for a
    kW of peak, and ``charged`` (steps,) where it is asked. ``end_cost`` (levels,) is what the levels cost where a month
    or the horizon ends, by its last step.
    """

    levels_kw: Floats
    begun_kw: Floats
    share: Floats
    per_kw: Floats
    charged: NDArray[np.bool_]
    end_cost: dict[int, Floats]

    @property
    def levels(self) -> int:
        return int(self.levels_kw.shape[1])

    @property
    def allowed_kw(self) -> Floats:
        """The import that keeps the mean of a step's interval at each level, kW, shape (steps, levels)."""
        return np.asarray(np.maximum(self.levels_kw - self.begun_kw[:, None], 0.0) / self.share[:, None])


def _spaced(least: float, likely: float, top: float, levels: int) -> Floats:
    """From ``least`` evenly to where the month is ``likely`` to end, if that is between, and on ever wider apart."""
    below = BELOW_LIKELY if least * (1.0 + LEAST_SPAN) < likely < top / (1.0 + LEAST_SPAN) else 0
    bend = likely if below else least
    above = bend + (top - bend) * (np.arange(levels - below) / (levels - below - 1)) ** 2
    return np.concatenate([np.linspace(least, bend, below, endpoint=False), above])


def ladder_of(peak: Peak, net_w: Floats, step_h: float, levels: int = LEVELS) -> Ladder:
    """From what each month costs anyway to the highest net load of the paths (paths, steps), W, ever wider apart."""
    steps = len(peak.per_kw)
    levels_kw, end_cost = np.empty((steps, levels)), {}
    for number in range(int(peak.month[-1]) + 1):
        mine = np.flatnonzero(peak.month == number)
        ahead, planned_days = peak.months[number] if peak.months else None, len(mine) * step_h / 24.0
        likely, per_kw = float(peak.threshold_kw[mine[0]]), float(peak.per_kw[mine].max())
        least = likely if ahead is None else min(likely, ahead.least_kw(planned_days, per_kw))
        top = max(float(net_w[:, mine].max()) / 1000.0, least * (1.0 + LEAST_SPAN), least + LEAST_SPAN_KW)
        own = _spaced(least, likely, top, levels)
        levels_kw[mine] = own
        lasting = peak.lasting_per_kw * np.maximum(own - max(peak.lasting_kw, least), 0.0)
        cost = per_kw * (own - least) if ahead is None else ahead.cost(own, planned_days, per_kw)
        end_cost[int(mine[-1])] = cost + lasting
    begun_kw, share = np.zeros(steps), np.ones(steps)
    if peak.begun_h > 0.0:
        running = peak.interval == 0
        begun_kw[running] = peak.begun_kwh / peak.interval_h
        share[running] = (peak.interval_h - peak.begun_h) / peak.interval_h
    return Ladder(levels_kw, begun_kw, share, peak.per_kw, peak.per_kw > 0.0, end_cost)
