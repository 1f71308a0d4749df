"""Minutes become quarters, hours, days and months. Pure.

A roll-up is a running total: merging it with newer rows gives the same as starting again from all rows, so that rows
which come late, or twice after the clock was set back, need no special case. Quarters and hours are UTC; days and
months begin at local midnight of the site's time zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent.domain.horizon import floor_to_step
from agent.domain.records import MinuteRow

SPANS = ("quarter", "hour", "day", "month")
SPAN_SECONDS = {"quarter": 900, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Rollup:
    """Totals of the span that begins ``at`` (UTC). Means are weighted by ``covered_s``; None is not measured.

    ``covered_s`` counts the seconds with a known power balance, ``curtailed_s`` those of minutes with capped solar
    output. Energies are Wh, ``cost`` is in the tariff's currency, prices are what was known of them, money per kWh.
    """

    at: datetime
    covered_s: float
    curtailed_s: float
    grid_w: float | None
    pv_w: float | None
    battery_w: float | None
    load_w: float | None
    soc_pct: float | None
    soc_min_pct: float | None
    soc_max_pct: float | None
    import_wh: float
    export_wh: float
    charge_wh: float
    discharge_wh: float
    cost: float | None
    co2_kg: float | None
    import_price: float | None = None
    export_price: float | None = None


def span_start(at: datetime, span: str, zone: ZoneInfo) -> datetime:
    """The start (UTC) of the quarter, hour, day or month that contains ``at``."""
    if span in SPAN_SECONDS:
        return floor_to_step(at, SPAN_SECONDS[span])
    local = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if span == "month":
        local = local.replace(day=1)
    elif span != "day":
        raise ValueError(f"there is no span called {span!r}")
    return local.astimezone(UTC)


def of_minute(row: MinuteRow, at: datetime) -> Rollup:
    """One minute as a roll-up of the span that begins ``at``."""
    return Rollup(
        at=at,
        covered_s=row.covered_s,
        curtailed_s=row.covered_s if row.curtailed else 0.0,
        grid_w=row.grid_w,
        pv_w=row.pv_w,
        battery_w=row.battery_w,
        load_w=row.load_w,
        soc_pct=row.soc_pct,
        soc_min_pct=row.soc_pct,
        soc_max_pct=row.soc_pct,
        import_wh=row.import_wh,
        export_wh=row.export_wh,
        charge_wh=row.charge_wh,
        discharge_wh=row.discharge_wh,
        cost=row.cost,
        co2_kg=row.co2_kg,
        import_price=row.import_price,
        export_price=row.export_price,
    )


def merge(parts: Iterable[Rollup], at: datetime) -> Rollup:
    """The roll-up of the span that begins ``at`` and consists of ``parts`` (at least one)."""
    known = list(parts)
    soc_low = [part.soc_min_pct for part in known if part.soc_min_pct is not None]
    soc_high = [part.soc_max_pct for part in known if part.soc_max_pct is not None]
    weights = [part.covered_s for part in known]
    return Rollup(
        at=at,
        covered_s=sum(weights),
        curtailed_s=sum(part.curtailed_s for part in known),
        grid_w=_mean([part.grid_w for part in known], weights),
        pv_w=_mean([part.pv_w for part in known], weights),
        battery_w=_mean([part.battery_w for part in known], weights),
        load_w=_mean([part.load_w for part in known], weights),
        soc_pct=_mean([part.soc_pct for part in known], weights),
        soc_min_pct=min(soc_low, default=None),
        soc_max_pct=max(soc_high, default=None),
        import_wh=sum(part.import_wh for part in known),
        export_wh=sum(part.export_wh for part in known),
        charge_wh=sum(part.charge_wh for part in known),
        discharge_wh=sum(part.discharge_wh for part in known),
        cost=_total([part.cost for part in known]),
        co2_kg=_total([part.co2_kg for part in known]),
        import_price=_mean([part.import_price for part in known], weights),
        export_price=_mean([part.export_price for part in known], weights),
    )


def merge_minutes(rows: Iterable[MinuteRow], span: str, zone: ZoneInfo) -> dict[datetime, Rollup]:
    """Minutes grouped by the span they begin in, oldest span first."""
    groups: dict[datetime, list[Rollup]] = {}
    for row in rows:
        start = span_start(row.at, span, zone)
        groups.setdefault(start, []).append(of_minute(row, start))
    return {start: merge(groups[start], start) for start in sorted(groups)}


def _mean(values: list[float | None], weights: list[float]) -> float | None:
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None and weight > 0]
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total > 0 else None


def _total(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
