"""A range taken apart: by source, by hour of the day, by weekday, by price. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agent.console.flows import Flows, shared_out
from agent.console.reading.series import COLUMNS, Column
from agent.console.reading.shapes import Document, known_sum, rounded, share_pct
from agent.recording.rollups import Rollup

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_PRICES = 12
BANDS = 6
PRICE_DIGITS = 4
NO_NEED = Flows(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Part:
    """``rows`` that belong to ``key``; ``more`` is what else is said of it."""

    key: str
    rows: tuple[Rollup, ...]
    more: tuple[tuple[str, object], ...] = ()


def by_hour(rows: Sequence[Rollup], zone: ZoneInfo) -> tuple[Part, ...]:
    """The hours of the site's clock; where it is put back, the hour that comes twice is one part."""
    return _grouped(
        rows, lambda row: row.at.astimezone(zone).hour, lambda hour: (f"{hour:02.0f}", (("hour", int(hour)),))
    )


def by_weekday(rows: Sequence[Rollup], zone: ZoneInfo) -> tuple[Part, ...]:
    """Monday first."""
    return _grouped(rows, lambda row: row.at.astimezone(zone).weekday(), lambda day: (WEEKDAYS[int(day)], ()))


def by_price(rows: Sequence[Rollup]) -> tuple[Part, ...]:
    """The import prices that held, cheapest first; in bands where there were many. Without a price: ``unknown``."""
    known = sorted({round(row.import_price, PRICE_DIGITS) for row in rows if row.import_price is not None})
    if len(known) <= MOST_PRICES:
        return _grouped(rows, _price, lambda price: (_price_key(price), (("price", _shown(price)),)))
    low, width = known[0], (known[-1] - known[0]) / BANDS

    def band(row: Rollup) -> float:
        price = _price(row)
        return price if price == UNKNOWN else min(BANDS - 1, int((price - low) / width))

    def named(place: float) -> tuple[str, tuple[tuple[str, object], ...]]:
        if place == UNKNOWN:
            return _price_key(UNKNOWN), (("price", None),)
        first, last = (round(low + width * edge, PRICE_DIGITS) for edge in (place, place + 1))
        return f"{first:g} to {last:g}", (("price", round((first + last) / 2, PRICE_DIGITS)),)

    return _grouped(rows, band, named)


def parts_document(parts: Sequence[Part], wanted: Sequence[Column], shared: str) -> list[Document]:
    """One entry a part with its columns; ``share_pct`` is that of the column ``shared``."""
    entries: list[Document] = []
    shares = [COLUMNS[shared].of(part.rows) for part in parts]
    whole = known_sum(shares)
    for part, share in zip(parts, shares, strict=True):
        numbers = {column.name: rounded(column.of(part.rows), column.digits) for column in wanted}
        entries.append({"key": part.key, **dict(part.more), **numbers, "share_pct": share_pct(share, whole)})
    return entries


def flows_of(rows: Sequence[Rollup]) -> Flows:
    """The energies, Wh, that went from where to where; rows of which a part is missing are left out."""
    found = [_numbers(flows) for row in rows if (flows := _flows(row)) is not None]
    return Flows(*(sum(column) for column in zip(*found, strict=True))) if found else NO_NEED


def covered_by(rows: Sequence[Rollup]) -> list[Document]:
    """Which source covered the load."""
    found = flows_of(rows)
    parts = {"solar": found.solar_to_home_w, "battery": found.battery_to_home_w, "grid": found.grid_to_home_w}
    whole = sum(parts.values())
    return [{"key": key, "load_wh": rounded(wh, 1), "share_pct": share_pct(wh, whole)} for key, wh in parts.items()]


def carbon_by_use(rows: Sequence[Rollup]) -> list[Document]:
    """What the imported energy was for, and its carbon."""
    wh = {"home": 0.0, "battery": 0.0}
    kg = {"home": 0.0, "battery": 0.0}
    for row in rows:
        found = _flows(row)
        imported = None if found is None else found.grid_to_home_w + found.grid_to_battery_w
        if found is None or not imported or row.co2_kg is None:
            continue
        for use, part in (("home", found.grid_to_home_w), ("battery", found.grid_to_battery_w)):
            wh[use] += part
            kg[use] += row.co2_kg * part / imported
    whole = sum(kg.values())
    return [
        {"key": f"grid_to_{use}", "co2_kg": rounded(kg[use], 6), "import_wh": rounded(wh[use], 1),
         "share_pct": share_pct(kg[use], whole)}
        for use in wh
    ]  # fmt: skip


def by_direction(rows: Sequence[Rollup]) -> list[Document]:
    """What was paid for imports and earned by exports, at each row's mean price."""
    bought = known_sum([_times(row.import_wh, row.import_price) for row in rows])
    sold = known_sum([_times(row.export_wh, row.export_price) for row in rows])
    imported, exported = (sum(values) for values in ([r.import_wh for r in rows], [r.export_wh for r in rows]))
    return [
        {"key": "import", "cost": rounded(bought, 6), "wh": rounded(imported, 1)},
        {"key": "export", "cost": None if sold is None else rounded(-sold, 6), "wh": rounded(exported, 1)},
    ]


UNKNOWN = float("inf")  # comes after every price


def _flows(row: Rollup) -> Flows | None:
    if row.load_w is None or row.pv_w is None or row.grid_w is None or row.battery_w is None:
        return None
    hours = row.covered_s / 3600.0
    load, pv = row.load_w * hours, row.pv_w * hours
    home = max(0.0, load) + max(0.0, -pv)
    return shared_out(home, max(0.0, pv), row.import_wh, row.export_wh, row.discharge_wh, row.charge_wh)


def _numbers(found: Flows) -> tuple[float, ...]:
    return (
        found.solar_to_home_w, found.solar_to_battery_w, found.solar_to_grid_w, found.battery_to_home_w,
        found.battery_to_grid_w, found.grid_to_home_w, found.grid_to_battery_w, found.unexplained_w,
    )  # fmt: skip


def _price(row: Rollup) -> float:
    return UNKNOWN if row.import_price is None else round(row.import_price, PRICE_DIGITS)


def _price_key(price: float) -> str:
    return "unknown" if price == UNKNOWN else f"{price:g}"


def _shown(price: float) -> float | None:
    return None if price == UNKNOWN else price


def _times(wh: float, price: float | None) -> float | None:
    return None if price is None else wh * price / 1000.0


def _grouped(
    rows: Sequence[Rollup],
    group: Callable[[Rollup], float],
    named: Callable[[float], tuple[str, tuple[tuple[str, object], ...]]],
) -> tuple[Part, ...]:
    groups: dict[float, list[Rollup]] = {}
    for row in rows:
        groups.setdefault(group(row), []).append(row)
    return tuple(Part(named(key)[0], tuple(groups[key]), named(key)[1]) for key in sorted(groups))
