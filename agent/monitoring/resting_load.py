"""Whether a load at rest would explain how battery and grid go to and fro: then it is the orders that move them.

Shifted by the meter's lag, and by the scale that one of the two may be wrong by, grid and battery add up to the net
load. Where that stands still while the battery swings, nothing but its orders moves it. A sun under clouds, or a load
that goes on and off, moves the sum as far as the battery that follows it, whatever the lag.
"""

from collections.abc import Sequence
from itertools import product

from agent.dispatch.power_trace import PowerTrace

LAGS_S = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, *range(20, 95, 5))  # of the meter behind the battery
SCALES = (1.0, 0.1, 10.0)  # of the grid, by a factor of ten of the meter or of the battery
STILL = 0.4  # of how far the battery moves: a sum that moves by less stands still
LOOKED_AT = 120  # values of the meter

Seen = tuple[float, float, float]  # monotonic seconds, battery and grid W


def load_rests(seen: Sequence[Seen]) -> bool:
    """Whether at some lag and scale the net load moved by less than ``STILL`` of what the battery did, in the mean."""
    battery = PowerTrace(seen[-1][0] - seen[0][0] + 1.0)
    for at_s, battery_w, _ in seen:
        battery.add(at_s, battery_w)
    moved_w = mean_off_w([battery_w for _, battery_w, _ in seen])
    return any(_sum_moves_w(seen, battery, lag_s, scale) < STILL * moved_w for scale, lag_s in product(SCALES, LAGS_S))


def mean_off_w(watts: Sequence[float]) -> float:
    """How far a power is from its mean, in the mean."""
    mean_w = sum(watts) / len(watts)
    return sum(abs(one - mean_w) for one in watts) / len(watts)


def _sum_moves_w(seen: Sequence[Seen], battery: PowerTrace, lag_s: float, scale: float) -> float:
    begins_s = seen[0][0] + lag_s  # what the battery did before is not known
    known = [(at_s, grid_w) for at_s, _, grid_w in seen if at_s >= begins_s]
    shown = known[:: max(1, len(known) // LOOKED_AT)]
    if len(shown) < 2:
        return float("inf")
    return mean_off_w([scale * grid_w + battery.at(at_s - lag_s) for at_s, grid_w in shown])
