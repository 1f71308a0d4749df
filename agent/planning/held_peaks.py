"""Which imports a battery can hold throughout net loads that are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery
from agent.planning.battery_arrays import Floats, stored_changes

TOLERANCE = 1e-3  # of the highest import
ROUNDING_WH = 1e-3


def lowest_peak_w(net_w: Floats, step_h: float, battery: Battery, counted: NDArray[np.bool_] | None = None) -> float:
    """The lowest import that a battery, full at first, could have held throughout ``net_w`` (finite), by bisection.

    Where ``counted`` (None: everywhere) is False import is not asked for, and the battery is filled.
    """
    counts = np.ones(len(net_w), dtype=bool) if counted is None else counted
    low, high = 0.0, max(0.0, float(net_w[counts].max())) if counts.any() else 0.0
    most = high
    while high - low > TOLERANCE * most:
        middle = (low + high) / 2.0
        low, high = (low, middle) if holds(over(net_w, middle, counts, battery), step_h, battery) else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class PastPeaks:
    """For how many days of the past import could have been held at each of some peaks, both (peaks,).

    ``held_days`` run up to its end, from an empty battery: a peak that can be held for some days from a full one alone
    is not held for a month. ``longest_days`` are the longest between two steps that could not be held.
    """

    held_days: Floats
    longest_days: Floats

    @classmethod
    def of(
        cls, net_w: Floats, step_h: float, battery: Battery, peaks_w: Floats, counted: NDArray[np.bool_]
    ) -> "PastPeaks":
        """Of ``net_w`` (steps,), finite; where ``counted`` is False import is not asked for."""
        found = [_steps_held(net_w, step_h, battery, peak_w, counted) for peak_w in peaks_w.tolist()]
        held, longest = np.array(found, dtype=np.float64).T * step_h / 24.0
        return cls(held, longest)


def _steps_held(
    net_w: Floats, step_h: float, battery: Battery, peak_w: float, counted: NDArray[np.bool_]
) -> tuple[int, int]:
    """How many steps up to the end are held from empty, and the most between two that are not."""
    over_w = over(net_w, peak_w, counted, battery)
    needed_wh = stored_before(stored_changes(battery, over_w, step_h))
    passed = np.flatnonzero((over_w > battery.discharge_w) | (needed_wh > _room_wh(battery)))
    longest = int(np.diff(passed, prepend=-1, append=len(net_w)).max()) - 1
    first = int(passed[-1]) + 1 if len(passed) else 0
    from_empty = np.flatnonzero(needed_wh[first:] <= ROUNDING_WH)
    return (len(net_w) - first - int(from_empty[0]) if len(from_empty) else 0), longest


def holds(over_w: Floats, step_h: float, battery: Battery) -> NDArray[np.bool_]:
    """Whether a battery that is full at first meets ``over_w`` (steps, ...) all along, shape (...)."""
    needed_wh = stored_before(stored_changes(battery, over_w, step_h))
    return np.asarray(((over_w <= battery.discharge_w) & (needed_wh <= _room_wh(battery))).all(axis=0))


def over(net_w: Floats, peak_w: Floats | float, counted: NDArray[np.bool_], battery: Battery) -> Floats:
    """What the battery has to give so that the import is ``peak_w``, W; below zero what it can then take."""
    return np.asarray(np.maximum(np.where(counted, net_w - peak_w, -battery.charge_w), -battery.charge_w))


def stored_before(changes_wh: Floats) -> Floats:
    """What has to be stored before each step so that no later one runs out, Wh, shape (steps, ...) of the changes.

    The sum of all changes before a step less its lowest value afterwards.
    """
    total = np.concatenate([np.zeros_like(changes_wh[:1]), np.cumsum(changes_wh, axis=0)])
    lowest_after = np.minimum.accumulate(total[:0:-1], axis=0)[::-1]
    return np.asarray(np.maximum(total[:-1] - lowest_after, 0.0))


def _room_wh(battery: Battery) -> float:
    return battery.stored_wh(battery.soc_max_pct - battery.floor_pct)
