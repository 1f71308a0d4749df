"""Buckets as columns of numbers. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from zoneinfo import ZoneInfo

from agent.console.reading.buckets import Bucket
from agent.console.reading.shapes import Document, known_sum, local, rounded
from agent.recording.rollups import Rollup


class Total(Enum):
    """How the buckets of a column become one number."""

    SUM = auto()
    MEAN = auto()  # weighted by the seconds that were measured
    LOWEST = auto()
    HIGHEST = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """``value`` is that of one roll-up, None where it was not measured; ``total`` makes one of several.

    ``in_sql`` is the same value of a row of the store's roll-ups; the column of this name when empty.
    """

    name: str
    unit: str
    value: Callable[[Rollup], float | None]
    total: Total
    digits: int = 1
    in_sql: str = ""

    @property
    def expression(self) -> str:
        return self.in_sql or self.name

    def of(self, rows: Sequence[Rollup]) -> float | None:
        """Of all ``rows`` together."""
        pairs = [(value, row.covered_s) for row in rows if (value := self.value(row)) is not None]
        values = [value for value, _ in pairs]
        if not values:
            return None
        match self.total:
            case Total.SUM:
                return sum(values)
            case Total.LOWEST:
                return min(values)
            case Total.HIGHEST:
                return max(values)
            case Total.MEAN:
                weight = sum(covered_s for _, covered_s in pairs)
                weighted = sum(value * covered_s for value, covered_s in pairs)
                return weighted / weight if weight else sum(values) / len(values)


def energy_wh(power_w: float | None, row: Rollup) -> float | None:
    """Of a mean power over what was measured."""
    return None if power_w is None or not row.covered_s else power_w * row.covered_s / 3600.0


def metered_wh(wh: float, power_w: float | None) -> float | None:
    """An energy of which 0 may mean that nothing was measured."""
    return wh if wh or power_w is not None else None


def energy_in_sql(power: str) -> str:
    """As ``energy_wh``."""
    return f"iif(covered_s, {power} * covered_s / 3600.0, NULL)"


def metered_in_sql(energy: str, power: str) -> str:
    """As ``metered_wh``."""
    return f"iif({energy} OR {power} IS NOT NULL, {energy}, NULL)"


# What a roll-up says, by the name under which it may be asked for.
COLUMNS = {
    column.name: column
    for column in (
        Column("load_wh", "Wh", lambda row: energy_wh(row.load_w, row), Total.SUM, 1, energy_in_sql("load_w")),
        Column("pv_wh", "Wh", lambda row: energy_wh(row.pv_w, row), Total.SUM, 1, energy_in_sql("pv_w")),
        Column(
            "import_wh",
            "Wh",
            lambda row: metered_wh(row.import_wh, row.grid_w),
            Total.SUM,
            1,
            metered_in_sql("import_wh", "grid_w"),
        ),
        Column(
            "export_wh",
            "Wh",
            lambda row: metered_wh(row.export_wh, row.grid_w),
            Total.SUM,
            1,
            metered_in_sql("export_wh", "grid_w"),
        ),
        Column(
            "charge_wh",
            "Wh",
            lambda row: metered_wh(row.charge_wh, row.battery_w),
            Total.SUM,
            1,
            metered_in_sql("charge_wh", "battery_w"),
        ),
        Column(
            "discharge_wh",
            "Wh",
            lambda row: metered_wh(row.discharge_wh, row.battery_w),
            Total.SUM,
            1,
            metered_in_sql("discharge_wh", "battery_w"),
        ),
        Column("cost", "currency", lambda row: row.cost, Total.SUM, 6),
        Column("co2_kg", "kg", lambda row: row.co2_kg, Total.SUM, 6),
        Column("load_w", "W", lambda row: row.load_w, Total.MEAN),
        Column("pv_w", "W", lambda row: row.pv_w, Total.MEAN),
        Column("grid_w", "W", lambda row: row.grid_w, Total.MEAN),
        Column("battery_w", "W", lambda row: row.battery_w, Total.MEAN),
        Column("soc_pct", "%", lambda row: row.soc_pct, Total.MEAN),
        Column("soc_min_pct", "%", lambda row: row.soc_min_pct, Total.LOWEST),
        Column("soc_max_pct", "%", lambda row: row.soc_max_pct, Total.HIGHEST),
        Column("import_price", "currency/kWh", lambda row: row.import_price, Total.MEAN, 6),
        Column("export_price", "currency/kWh", lambda row: row.export_price, Total.MEAN, 6),
        Column("covered_s", "s", lambda row: row.covered_s, Total.SUM),
        Column("curtailed_s", "s", lambda row: row.curtailed_s, Total.SUM),
    )
}


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(COLUMNS[name] for name in names)


def times(buckets: Sequence[Bucket], zone: ZoneInfo) -> list[str | None]:
    return [local(bucket.start, zone) for bucket in buckets]


def as_columns(buckets: Sequence[Bucket], wanted: Sequence[Column], zone: ZoneInfo) -> Document:
    """``at`` and a list a column, None where nothing was measured."""
    found: Document = {"at": times(buckets, zone)}
    for column in wanted:
        found[column.name] = [rounded(column.of(bucket.rows), column.digits) for bucket in buckets]
    return found


def totals(buckets: Sequence[Bucket], wanted: Sequence[Column]) -> Document:
    """One number a column."""
    rows = [row for bucket in buckets for row in bucket.rows]
    return {column.name: rounded(column.of(rows), column.digits) for column in wanted}


def coverage(buckets: Sequence[Bucket], until: datetime) -> float | None:
    """The share of the time up to ``until`` that was measured; None where all of it is to come."""
    if not buckets or until <= buckets[0].start:
        return None
    covered_s = known_sum([row.covered_s for bucket in buckets for row in bucket.rows]) or 0.0
    return rounded(min(1.0, covered_s / (until - buckets[0].start).total_seconds()), 3)
