"""A folder of measured sites: one ``sites.json`` that describes them and one CSV file a site.

Powers are kW in the files and W from here on. A cell that is empty is missing; a column that a site lacks is missing
throughout, but for the load, without which there is nothing to play.
"""

import csv
import gzip
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.domain.battery import Battery
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.domain.weather import Weather

TEST_SHARE = 0.4  # of the rows, the last ones, where no test period is given
DAY_AHEAD = "agile"  # a price described by this word is a day-ahead price; any other is a tariff known beforehand
COLUMNS = (
    "load_kw",
    "pv_kw",
    "import_price_per_kwh",
    "carbon_kg_per_kwh",
    "wm_temperature_c",
    "wm_poa_direct_w_m2",
    "wm_poa_diffuse_w_m2",
)
# Stamps of one source are its wall clock written as if it were winter time all the year.
WALL_CLOCK = "Etc/GMT+8 (source wall clock"
WALL_CLOCK_ZONE = "America/Los_Angeles"

Row = tuple[float | None, ...]


class SitesUnreadable(Exception):
    """The folder does not hold what it should. ``str()`` says what and where in one sentence."""


@dataclass(frozen=True, slots=True)
class Site:
    """What stood on a site and what was measured there; the tuples have one entry a step of the history's horizon.

    ``day_ahead`` says that import prices are published a day ahead; otherwise they are known beforehand. The test
    period runs from ``test_start`` until before ``test_end``, what is before it is there to learn from.
    """

    name: str
    currency: str
    place: Place
    solar_rated_w: float
    battery: Battery
    export_price: float
    day_ahead: bool
    history: History
    import_price: tuple[float | None, ...]
    carbon_kg_per_kwh: tuple[float | None, ...]
    test_start: datetime
    test_end: datetime


def described_sites(folder: Path) -> dict[str, dict[str, Any]]:
    """What ``sites.json`` says about every site that has a file, by name. Raises SitesUnreadable."""
    path = folder / "sites.json"
    try:
        described = json.loads(path.read_text(encoding="utf-8"))["sites"]
        found = {name: dict(described[name]) for name in sorted(described) if _file(folder, name).exists()}
    except OSError as error:
        raise SitesUnreadable(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SitesUnreadable(f"{path} does not describe any sites: {error!r}") from error
    if not found:
        raise SitesUnreadable(f"{folder / 'sites'} has no file of any site in sites.json")
    return found


def usual_export_price(folder: Path, name: str, described: dict[str, Any]) -> float:
    """Nothing where that is among the site's export prices or none is given, else the first. Raises SitesUnreadable."""
    given = described.get("export_price") or [0.0]
    prices = given if isinstance(given, list) else [given]
    if not all(isinstance(price, (int, float)) and math.isfinite(price) for price in prices):
        raise SitesUnreadable(f"{folder / 'sites.json'}: export_price of {name} is {given!r}, not a list of prices")
    return 0.0 if 0.0 in prices else float(prices[0])


def read_site(folder: Path, name: str, described: dict[str, Any]) -> Site:
    """One site of the folder. Raises SitesUnreadable."""
    facts = _Facts(folder / "sites.json", name, described)
    step_s = int(facts.number("cadence_min") * 60)
    file = _file(folder, name)
    if step_s <= 0:
        raise SitesUnreadable(f"{facts.path}: the cadence of {name} is not above zero")
    horizon, rows = _on_raster(file, step_s, _read(file, facts.wall_clock))
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    load_w, pv_w = (_watts(columns[name]) for name in ("load_kw", "pv_kw"))
    if all(value is None for value in load_w):
        raise SitesUnreadable(f"{file} has no load at all")
    if all(value is None for value in columns["import_price_per_kwh"]):
        raise SitesUnreadable(f"{file} has no import price: there is no money to play for")
    history = History(horizon, load_w, pv_w, (False,) * horizon.steps, _weather(horizon, columns))
    start, end = facts.test_period(horizon)
    return Site(
        name=name,
        currency=str(described.get("currency", "money")),
        place=facts.place(),
        solar_rated_w=1000.0 * (facts.number("pv_kwp") if described.get("pv_kwp") is not None else 0.0),
        battery=facts.battery(),
        export_price=usual_export_price(folder, name, described),
        day_ahead=DAY_AHEAD in str(described.get("price", "")).lower(),
        history=history,
        import_price=columns["import_price_per_kwh"],
        carbon_kg_per_kwh=columns["carbon_kg_per_kwh"],
        test_start=start,
        test_end=end,
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    """One entry of sites.json, read strictly."""

    path: Path
    name: str
    described: dict[str, Any]

    @property
    def wall_clock(self) -> bool:
        return str(self.described.get("timezone", "")).startswith(WALL_CLOCK)

    def number(self, key: str, inside: dict[str, Any] | None = None) -> float:
        value = (self.described if inside is None else inside).get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise SitesUnreadable(f"{self.path}: {key} of {self.name} is {value!r}, not a number")
        return float(value)

    def place(self) -> Place:
        zone = WALL_CLOCK_ZONE if self.wall_clock else str(self.described.get("timezone"))
        try:
            ZoneInfo(zone)
            holidays = tuple(date.fromisoformat(day) for day in self.described.get("holidays") or ())
        except (ZoneInfoNotFoundError, ValueError, TypeError) as error:
            raise SitesUnreadable(f"{self.path}: time zone or holidays of {self.name}: {error}") from error
        return Place(self.number("lat"), self.number("lon"), zone, holidays)

    def battery(self) -> Battery:
        given = self.described.get("battery")
        if not isinstance(given, dict):
            raise SitesUnreadable(f"{self.path}: {self.name} has no battery")
        keys = ("capacity_kwh", "power_kw", "roundtrip", "soc_min", "soc_max")
        capacity, power, roundtrip, low, high = (self.number(key, given) for key in keys)
        if not (capacity > 0 and power > 0 and 0 < roundtrip <= 1 and 0 <= low < high <= 1):
            raise SitesUnreadable(f"{self.path}: the battery of {self.name} is not possible: {given}")
        one_way = math.sqrt(roundtrip)
        return Battery(1000.0 * capacity, 1000.0 * power, 1000.0 * power, one_way, one_way, 100.0 * low, 100.0 * high)

    def test_period(self, horizon: Horizon) -> tuple[datetime, datetime]:
        """As given (a date alone is its first moment, an end its last day); else the last share of the rows."""
        first = horizon.start + timedelta(seconds=horizon.step_s) * round(horizon.steps * (1 - TEST_SHARE))
        start, end = self._moment("test_start", 0) or first, self._moment("test_end", 1) or horizon.end
        if not horizon.start <= start < min(end, horizon.end):
            raise SitesUnreadable(f"{self.path}: the test period of {self.name} is not within its rows")
        return start, min(end, horizon.end)

    def _moment(self, key: str, days_more: int) -> datetime | None:
        value = self.described.get(key)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise SitesUnreadable(f"{self.path}: {key} of {self.name} is {value!r}, not a time") from error
        whole_days = days_more if len(str(value)) == len("2020-01-01") else 0
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        return at + timedelta(days=whole_days)


def _file(folder: Path, name: str) -> Path:
    packed = folder / "sites" / f"{name}.csv.gz"
    return packed if packed.exists() else packed.with_suffix("")


def _read(file: Path, wall_clock: bool) -> dict[datetime, Row]:
    """Rows by time, UTC. Rows that come twice must say the same; their order does not matter."""
    found: dict[datetime, Row] = {}
    try:
        with _text(file) as lines:
            reader = csv.DictReader(lines)
            missing = {"timestamp", "load_kw"} - set(reader.fieldnames or ())
            if missing:
                raise SitesUnreadable(f"{file}:1: there is no column {' or '.join(sorted(missing))}")
            for at, row, line in _rows(file, reader):
                if found.setdefault(at, row) != row:
                    raise SitesUnreadable(f"{file}:{line}: {at:%Y-%m-%dT%H:%MZ} comes twice with other values")
    except (OSError, EOFError, csv.Error, UnicodeDecodeError) as error:
        raise SitesUnreadable(f"{file} cannot be read: {error}") from error
    if not found:
        raise SitesUnreadable(f"{file} has no rows")
    return {_true_utc(at): row for at, row in found.items()} if wall_clock else found


def _text(file: Path) -> TextIO:
    packed = file.suffix == ".gz"
    return gzip.open(file, "rt", newline="", encoding="utf-8") if packed else file.open(newline="", encoding="utf-8")


def _rows(file: Path, reader: "csv.DictReader[str]") -> Iterator[tuple[datetime, Row, int]]:
    for cells in reader:
        line = reader.line_num
        try:
            at = datetime.fromisoformat(cells["timestamp"])
            row = tuple(_number(cells.get(column)) for column in COLUMNS)
        except (ValueError, TypeError) as error:
            raise SitesUnreadable(f"{file}:{line}: {error}") from error
        yield at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC), row, line


def _number(cell: str | None) -> float | None:
    """An empty cell is missing, and so is a number that is none (``nan``)."""
    value = float(cell) if cell else None
    return value if value is not None and math.isfinite(value) else None


def _on_raster(file: Path, step_s: int, found: dict[datetime, Row]) -> tuple[Horizon, list[Row]]:
    start, step = min(found), timedelta(seconds=step_s)
    stray = next((at for at in found if (at - start) % step), None)
    if stray is not None:
        raise SitesUnreadable(
            f"{file}: {stray.isoformat()} is not on the raster of {step_s} s from {start.isoformat()}"
        )
    horizon = Horizon(start, step_s, (max(found) - start) // step + 1)
    nothing: Row = (None,) * len(COLUMNS)
    return horizon, [found.get(at, nothing) for at in horizon.times()]


def _true_utc(stamp: datetime) -> datetime:
    wall = (stamp - timedelta(hours=8)).replace(tzinfo=None)
    return wall.replace(tzinfo=ZoneInfo(WALL_CLOCK_ZONE)).astimezone(UTC)


def _watts(kilowatts: tuple[float | None, ...]) -> tuple[float | None, ...]:
    return tuple(None if value is None else 1000.0 * value for value in kilowatts)


def _weather(horizon: Horizon, columns: dict[str, tuple[float | None, ...]]) -> Weather | None:
    """The weather model's columns; the two parts of the irradiance on the array are taken together."""
    parts = zip(columns["wm_poa_direct_w_m2"], columns["wm_poa_diffuse_w_m2"], strict=True)
    irradiance = tuple(None if direct is None or diffuse is None else direct + diffuse for direct, diffuse in parts)
    temperature = columns["wm_temperature_c"]
    if all(value is None for value in (*temperature, *irradiance)):
        return None
    return Weather(horizon, temperature, irradiance)
