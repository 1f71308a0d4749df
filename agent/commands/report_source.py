"""What the ledger needs of a site: its roll-ups, its decisions and its prices, from the store and the site file."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from agent.advice.metered import HOUR_S, Floats, Metered
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.inputs import TariffInput
from agent.domain.records import DecisionRow
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.domain.tariff import PriceList, Tariff, mean_prices
from agent.edges.payloads import JsonPayloads
from agent.edges.store_reader import LEAST_COVERAGE, decisions, flags, kept, rollups
from agent.ports import PayloadRefused
from agent.recording.rollups import Rollup
from agent.settings.schema import Settings

LONGEST = timedelta(days=800)  # as long as quarters are kept
STEP_S = 900


def metered(settings: Settings, now: datetime) -> Metered | None:
    """All quarters of the store up to the last whole hour, or None when there are none.

    A quarter that was measured for less than half of its time, or that is flagged as a data fault, is missing. Prices
    are those of the site file, and of the newest prices that the platform has sent. Raises StoreFailure and
    PriceFileError.
    """
    path = Path(settings.store.path)
    last = floor_to_step(now, HOUR_S)
    found = rollups(path, "quarter", last - LONGEST, last)
    if not found:
        return None
    first = floor_to_step(found[0].at, HOUR_S)
    end = floor_to_step(found[-1].at, HOUR_S) + timedelta(hours=1)
    horizon = Horizon(first, STEP_S, round((end - first).total_seconds() / STEP_S))
    doubted = [flag for flag in flags(path, first) if flag.kind == DATA_FAULT]
    bought, sold = _sent(settings, path)
    return Metered(
        horizon,
        load_w=_without(doubted, "load_w", _means(found, "load_w", horizon), horizon),
        pv_w=_solar(settings, found, doubted, horizon),
        battery_w=_means(found, "battery_w", horizon),
        soc_pct=_means(found, "soc_pct", horizon),
        commanded_w=commanded(decisions(path, first, end), horizon),
        import_price=_prices(settings.import_tariff(), bought, horizon),
        export_price=_prices(settings.export_tariff(), sold, horizon),
        carbon_price=np.full(horizon.steps, settings.objective_spec().carbon_price_per_kg * settings.carbon.kg_per_kwh),
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


def _solar(settings: Settings, found: Sequence[Rollup], doubted: Sequence[Suspect], horizon: Horizon) -> Floats:
    """A site without an array measures none, and that is no hole."""
    values = _means(found, "pv_w", horizon)
    if settings.solar is None:
        return np.nan_to_num(values, nan=0.0)
    return _without(doubted, "pv_w", values, horizon)


def _without(doubted: Sequence[Suspect], quantity: str, values: Floats, horizon: Horizon) -> Floats:
    for flag in doubted:
        if flag.quantity == quantity:
            first = int((flag.start - horizon.start).total_seconds() // horizon.step_s)
            last = -int((horizon.start - flag.end).total_seconds() // horizon.step_s)
            values[max(0, first) : max(0, last)] = np.nan
    return values


def _prices(tariff: Tariff, sent: PriceList | None, horizon: Horizon) -> Floats:
    own = np.array(mean_prices(tariff, horizon), dtype=np.float64)
    if sent is None:
        return own
    overlaid = np.array(mean_prices(sent, horizon), dtype=np.float64)
    return np.where(np.isfinite(overlaid), overlaid, own)


def _sent(settings: Settings, path: Path) -> tuple[PriceList | None, PriceList | None]:
    """The newest import and export prices of the platform, where it has sent any that can be read."""
    document = kept(path, "input/tariff")
    if document is None:
        return None, None
    with suppress(PayloadRefused):  # the agent does without it in the same way
        match JsonPayloads(settings.site.id, "report").parse("down/input/tariff", document.encode()):
            case TariffInput(_, start, step_s, bought, sold):
                start = start.astimezone(UTC)
                return PriceList(start, step_s, bought), None if sold is None else PriceList(start, step_s, sold)
    return None, None
