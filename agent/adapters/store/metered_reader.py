"""What the ledger needs of a site, from the store: its quarters, its decisions and the prices that were known then.

Not for the controller, which does without numpy.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from agent.adapters.store.newest_rollups import spans
from agent.adapters.store.row_reader import decisions
from agent.adapters.store.store_reader import LEAST_COVERAGE, flags
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.records import DecisionRow
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.recording.rollups import Rollup
from agent.savings.metered import HOUR_S, Floats, Metered

LONGEST = timedelta(days=800)  # as long as quarters are kept
STEP_S = 900


def read_metered(
    path: Path, now: datetime, has_solar: bool, carbon_price_per_kwh: float, since: datetime | None = None
) -> Metered | None:
    """All quarters of the store from the whole hour of ``since`` up to the last one, or None when there are none.

    A quarter that was measured for less than half of its time, or that is flagged as a data fault, is missing, and so
    is the price of a quarter in which nobody had said one. A site without an array measures no solar power, and that
    is no hole. Raises StoreFailure.
    """
    last = floor_to_step(now, HOUR_S)
    first = last - LONGEST if since is None else floor_to_step(since, HOUR_S)
    found = spans(path, "quarter", first, last, ZoneInfo("UTC"))
    if not found:
        return None
    first = floor_to_step(found[0].at, HOUR_S)
    end = floor_to_step(found[-1].at, HOUR_S) + timedelta(hours=1)
    horizon = Horizon(first, STEP_S, round((end - first).total_seconds() / STEP_S))
    doubted = [flag for flag in flags(path, first) if flag.kind == DATA_FAULT]
    pv_w = _means(found, "pv_w", horizon)
    return Metered(
        horizon,
        load_w=_without(doubted, "load_w", _means(found, "load_w", horizon), horizon),
        pv_w=_without(doubted, "pv_w", pv_w, horizon) if has_solar else np.nan_to_num(pv_w, nan=0.0),
        battery_w=_means(found, "battery_w", horizon),
        soc_pct=_means(found, "soc_pct", horizon),
        commanded_w=commanded(decisions(path, first, end), horizon),
        import_price=_means(found, "import_price", horizon),
        export_price=_means(found, "export_price", horizon),
        carbon_price=np.full(horizon.steps, carbon_price_per_kwh),
    )


def commanded(made: Sequence[DecisionRow], horizon: Horizon) -> Floats:
    """Mean power that was asked of the battery in each step, W; NaN where for a part of it nothing was asked."""
    energy, seconds = np.zeros(horizon.steps), np.zeros(horizon.steps)
    for place, decision in enumerate(made):
        until = made[place + 1].at if place + 1 < len(made) else horizon.end
        begin = max(0.0, (decision.at - horizon.start).total_seconds())
        end = min((until - horizon.start).total_seconds(), float(horizon.step_s * horizon.steps))
        while decision.battery_w is not None and begin < end:
            step = int(begin // horizon.step_s)
            cut = min(end, float((step + 1) * horizon.step_s))
            energy[step] += decision.battery_w * (cut - begin)
            seconds[step] += cut - begin
            begin = cut
    whole = seconds > horizon.step_s - 1e-3
    return np.where(whole, energy / np.where(whole, seconds, 1.0), np.nan)


def _means(found: Sequence[Rollup], quantity: str, horizon: Horizon) -> Floats:
    values = np.full(horizon.steps, np.nan)
    for rollup in found:
        mean = getattr(rollup, quantity)
        if mean is not None and rollup.covered_s >= LEAST_COVERAGE * horizon.step_s:
            values[round((rollup.at - horizon.start).total_seconds()) // horizon.step_s] = mean
    return values


def _without(doubted: Sequence[Suspect], quantity: str, values: Floats, horizon: Horizon) -> Floats:
    for flag in doubted:
        if flag.quantity == quantity:
            first = int((flag.start - horizon.start).total_seconds() // horizon.step_s)
            last = -int((horizon.start - flag.end).total_seconds() // horizon.step_s)
            values[max(0, first) : max(0, last)] = np.nan
    return values
