"""Measured sites read from a folder: one ``sites.json`` that describes them, one CSV file a site.

Powers are kW in the files and W from here on. Every column but the time is optional, though a site has a load or a
solar output.
"""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.domain.weather import Weather
from training.holidays import holidays
from training.site_csv import COLUMNS, SitesUnreadable, read_rows, utc

WeatherKind = Literal["model", "measured", "none"]
"""Whose word about the weather a site is given: a weather model's, its own measurements (``perfect``), or nobody's."""

_TRAINABLE = {
    "ucam": "Cambridge Estates Building Energy Archive v2.1 (doi 10.5281/zenodo.10955332), MIT",
    "fontana": "EPRI zero-net-energy homes as published with CityLearn (doi 10.18738/T8/0YLJ6Q), MIT",
}
_WALL_CLOCK = "Etc/GMT+8 (source wall clock"
_CALIFORNIA = "America/Los_Angeles"
_LONGEST = timedelta(days=40 * 366)

Column = tuple[float | None, ...]

__all__ = ["MeasuredSite", "SitesUnreadable", "WeatherKind", "described_sites", "read_site", "read_sites", "site_file"]


@dataclass(frozen=True, slots=True)
class MeasuredSite:
    """One site: what it did, where it stands, W. ``source`` is None where the licence forbids training on it.

    ``test_start`` and ``test_end`` bound the period that is scored, None where the description names none.
    ``clear_sky_w_m2`` has one entry a step, or is empty where the file has no such column.
    """

    name: str
    place: Place
    rated_w: float
    history: History
    source: str | None
    test_start: datetime | None = None
    test_end: datetime | None = None
    clear_sky_w_m2: Column = ()

    @property
    def home(self) -> bool:
        return self.name.startswith("fontana")


def read_sites(
    folder: Path, weather: WeatherKind = "model", names: Collection[str] | None = None
) -> list[MeasuredSite]:
    """All sites of the folder that have a file, or those of ``names``, by name. Raises SitesUnreadable."""
    found = described_sites(folder)
    unknown = sorted(set(names or ()) - set(found))
    if unknown:
        raise SitesUnreadable(f"{folder} has no site {', '.join(unknown)}; it has {', '.join(found)}")
    return [read_site(folder, name, weather) for name in found if names is None or name in names]


def described_sites(folder: Path) -> dict[str, dict[str, Any]]:
    """What ``sites.json`` says about every site that has a file, by name. Raises SitesUnreadable."""
    path = folder / "sites.json"
    try:
        described = json.loads(path.read_text(encoding="utf-8"))["sites"]
        found = {name: dict(described[name]) for name in sorted(described) if site_file(folder, name).exists()}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SitesUnreadable(f"{path} does not describe any sites: {error}") from error
    if not found:
        raise SitesUnreadable(f"{folder / 'sites'} has no file of any site in sites.json")
    return found


def site_file(folder: Path, name: str) -> Path:
    """The file of a site, packed or plain. It need not exist."""
    packed = folder / "sites" / f"{name}.csv.gz"
    return packed if packed.exists() else packed.with_suffix("")


def read_site(folder: Path, name: str, weather: WeatherKind = "model") -> MeasuredSite:
    """One site of the folder with the weather of one kind. Raises SitesUnreadable."""
    found = described_sites(folder)
    if name not in found:
        raise SitesUnreadable(f"{folder} has no site {name}; it has {', '.join(found)}")
    facts = _Facts(folder / "sites.json", name, found[name])
    step_s = round(facts.number("cadence_min") * 60)
    if not 60 <= step_s <= 3600 or 3600 % step_s:
        raise SitesUnreadable(f"{facts.path}: the cadence of {name} is {step_s / 60:g} min, which does not divide 60")
    file = site_file(folder, name)
    horizon, columns = _on_raster(file, step_s, _rows(file, facts.wall_clock))
    load_w, pv_w = (_watts(columns[column]) for column in ("load_kw", "pv_kw"))
    history = History(horizon, load_w, pv_w, (False,) * horizon.steps, _weather(horizon, columns, weather))
    source = _TRAINABLE.get(name.split("_", maxsplit=1)[0])
    start, end = facts.moment("test_start", 0), facts.moment("test_end", 1)
    if (start or horizon.start) >= min(end or horizon.end, horizon.end):
        raise SitesUnreadable(f"{facts.path}: the test period of {name} is not within its rows")
    clear = columns["clearsky_ghi_w_m2"]
    sky = clear if _any(clear) else ()
    return MeasuredSite(name, facts.place(), facts.rated_w(pv_w), history, source, start, end, sky)


@dataclass(frozen=True, slots=True)
class _Facts:
    """One entry of sites.json, read strictly."""

    path: Path
    name: str
    described: Mapping[str, Any]

    @property
    def wall_clock(self) -> bool:
        return str(self.described.get("timezone", "")).startswith(_WALL_CLOCK)

    def number(self, key: str) -> float:
        value = self.described.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise SitesUnreadable(f"{self.path}: {key} of {self.name} is {value!r}, not a number")
        return float(value)

    def rated_w(self, pv_w: Column) -> float:
        """The nameplate; where none is given, the highest output ever seen, which an installer would know."""
        if self.described.get("pv_kwp") is not None:
            return self.number("pv_kwp") * 1000.0
        return max((value for value in pv_w if value is not None), default=0.0)

    def place(self) -> Place:
        zone = _CALIFORNIA if self.wall_clock else str(self.described.get("timezone", "UTC"))
        try:
            ZoneInfo(zone)
            listed = self.described.get("holidays")
            kept = holidays(zone) if listed is None else tuple(date.fromisoformat(day) for day in listed)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
            raise SitesUnreadable(f"{self.path}: time zone or holidays of {self.name}: {error}") from error
        return Place(self.number("lat"), self.number("lon"), zone, kept)

    def moment(self, key: str, days_more: int) -> datetime | None:
        """A time, UTC; a date alone is its first moment, or with ``days_more`` 1 its end."""
        value = self.described.get(key)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise SitesUnreadable(f"{self.path}: {key} of {self.name} is {value!r}, not a time") from error
        whole_days = days_more if len(str(value)) == len("2020-01-01") else 0
        return utc(at) + timedelta(days=whole_days)


def _rows(file: Path, wall_clock: bool) -> dict[datetime, Column]:
    rows = read_rows(file)
    return {_true_utc(at): row for at, row in rows.items()} if wall_clock else rows


def _on_raster(file: Path, step_s: int, found: dict[datetime, Column]) -> tuple[Horizon, dict[str, Column]]:
    start, step = min(found), timedelta(seconds=step_s)
    stray = next((at for at in found if (at - start) % step), None)
    if stray is not None or start.timestamp() % step_s:
        odd = stray or start
        raise SitesUnreadable(f"{file}: {odd:%Y-%m-%dT%H:%M:%SZ} is not on the raster of {step_s // 60} min")
    if max(found) - start > _LONGEST:
        raise SitesUnreadable(f"{file} reaches from {start:%Y-%m-%d} to {max(found):%Y-%m-%d}, more than 40 years")
    horizon = Horizon(start, step_s, (max(found) - start) // step + 1)
    nothing: Column = (None,) * len(COLUMNS)
    rows = [found.get(at, nothing) for at in horizon.times()]
    return horizon, dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))


def _weather(horizon: Horizon, columns: Mapping[str, Column], kind: WeatherKind) -> Weather | None:
    """The two parts of a model's irradiance are taken together; a proxy stands in for a missing sensor."""
    if kind == "none":
        return None
    if kind == "model":
        temperature = columns["wm_temperature_c"]
        parts = zip(columns["wm_poa_direct_w_m2"], columns["wm_poa_diffuse_w_m2"], strict=True)
        irradiance: Column = tuple(None if beam is None or sky is None else beam + sky for beam, sky in parts)
    else:
        temperature = columns["temperature_c"]
        irradiance = columns["ghi_w_m2"] if _any(columns["ghi_w_m2"]) else columns["poa_proxy_w_m2"]
    if not (_any(temperature) or _any(irradiance)):
        return None
    return Weather(horizon, temperature if _any(temperature) else (), irradiance if _any(irradiance) else ())


def _any(column: Column) -> bool:
    return any(value is not None for value in column)


def _watts(kilowatts: Column) -> Column:
    return tuple(None if value is None else value * 1000.0 for value in kilowatts)


def _true_utc(stamp: datetime) -> datetime:
    """Stamps written as the wall clock + 8 h, also while the wall clock was on summer time."""
    wall = (stamp - timedelta(hours=8)).replace(tzinfo=None)
    return wall.replace(tzinfo=ZoneInfo(_CALIFORNIA)).astimezone(UTC)
