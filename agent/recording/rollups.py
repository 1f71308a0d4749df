"""Minutes become quarters, hours, days and months. Pure.

A roll-up is a running total: merging it with newer rows gives the same as starting again from all rows, so that rows
which come late, or twice after the clock was set back, need no special case. Quarters and hours are UTC; days and
months begin at local midnight of the site's time zone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.domain.horizon import floor_to_step
from agent.domain.records import MINUTE_FIELDS, MinuteField, MinuteRow, RolledUp

SPANS = ("quarter", "hour", "day", "month")
SPAN_SECONDS = {"quarter": 900, "hour": 3600}
Values = list[float | None]


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
    switched_w: float | None = None


@dataclass(frozen=True, slots=True)
class RollupColumn:
    """The field ``name`` of Rollup, made ``of`` a field of MinuteRow as MINUTE_FIELDS says."""

    name: str
    of: str
    rolled_up: RolledUp


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
    return Rollup(at=at, **{column.name: _of_minute(row, column) for column in COLUMNS})


def merge(parts: Iterable[Rollup], at: datetime) -> Rollup:
    """The roll-up of the span that begins ``at`` and consists of ``parts`` (at least one)."""
    known = list(parts)
    weights = [part.covered_s for part in known]
    return Rollup(
        at=at,
        **{
            column.name: _MERGED[column.rolled_up]([getattr(part, column.name) for part in known], weights)
            for column in COLUMNS
        },
    )


def merge_minutes(rows: Iterable[MinuteRow], span: str, zone: ZoneInfo) -> dict[datetime, Rollup]:
    """Minutes grouped by the span they begin in, oldest span first."""
    groups: dict[datetime, list[Rollup]] = {}
    for row in rows:
        start = span_start(row.at, span, zone)
        groups.setdefault(start, []).append(of_minute(row, start))
    return {start: merge(groups[start], start) for start in sorted(groups)}


def _column(field: MinuteField, rolled_up: RolledUp) -> RollupColumn:
    stem, _, unit = field.name.rpartition("_")
    match rolled_up:
        case RolledUp.LOWEST:
            name = f"{stem}_min_{unit}"
        case RolledUp.HIGHEST:
            name = f"{stem}_max_{unit}"
        case RolledUp.SECONDS:
            name = f"{field.name}_s"
        case RolledUp.MEAN | RolledUp.TOTAL | RolledUp.KNOWN_TOTAL:
            name = field.name
    return RollupColumn(name, field.name, rolled_up)


def _of_minute(row: MinuteRow, column: RollupColumn) -> Any:
    value = getattr(row, column.of)
    if column.rolled_up is RolledUp.SECONDS:
        return row.covered_s if value else 0.0
    return value


def _mean(values: Values, weights: list[float]) -> float | None:
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None and weight > 0]
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total > 0 else None


def _total(values: Values, _weights: list[float]) -> float | None:
    return sum(value or 0.0 for value in values)


def _known_total(values: Values, _weights: list[float]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _lowest(values: Values, _weights: list[float]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _highest(values: Values, _weights: list[float]) -> float | None:
    return max((value for value in values if value is not None), default=None)


_MERGED: dict[RolledUp, Callable[[Values, list[float]], Any]] = {
    RolledUp.MEAN: _mean,
    RolledUp.TOTAL: _total,
    RolledUp.KNOWN_TOTAL: _known_total,
    RolledUp.LOWEST: _lowest,
    RolledUp.HIGHEST: _highest,
    RolledUp.SECONDS: _total,
}
COLUMNS = tuple(_column(field, rolled_up) for field in MINUTE_FIELDS for rolled_up in field.rolled_up)
