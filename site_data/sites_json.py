"""The folder of measured sites: ``sites.json`` describes them, ``sites/NAME.csv.gz`` or ``.csv`` holds their rows.

Times in ``sites.json`` follow the rule of the rows that it describes: what names no UTC offset is UTC.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from site_data.site_csv import SiteRows, Wanted, read_site_csv
from site_data.unreadable import SitesUnreadable
from site_data.wall_clock import WALL_CLOCK, WALL_CLOCK_ZONE

_TIMES_NAMEPLATE = 10.0  # W in place of kW are hundreds of nameplates; a nameplate that is out of date is two or three
_MANY_ROWS = 0.05  # of those that were measured: what a meter says wrongly now and then is no unit


def read_descriptions(path: Path) -> dict[str, dict[str, Any]]:
    """What the ``sites.json`` at ``path`` says about every site, by name, sorted. Raises SitesUnreadable."""
    try:
        described = json.loads(path.read_text(encoding="utf-8"))["sites"]
        return {name: dict(described[name]) for name in sorted(described)}
    except OSError as error:
        raise SitesUnreadable(f"{path} cannot be read: {error.strerror or error}") from error
    except json.JSONDecodeError as error:
        raise SitesUnreadable(
            f"{path}:{error.lineno}: does not describe any sites, it is no JSON: {error.msg}"
        ) from error
    except UnicodeDecodeError as error:
        raise SitesUnreadable(f"{path} does not describe any sites: it is no text in UTF-8") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        form = '{"sites": {"NAME": {"lat": 52.2, ...}}}'
        raise SitesUnreadable(f"{path} does not describe any sites: write {form}") from error


def described_sites(folder: Path) -> dict[str, dict[str, Any]]:
    """What ``sites.json`` says about every site that has a file, by name. Raises SitesUnreadable."""
    every = read_descriptions(folder / "sites.json")
    found = {name: described for name, described in every.items() if site_file(folder, name).exists()}
    if not found:
        raise SitesUnreadable(f"{folder / 'sites'} has no file of any site in sites.json")
    return found


def site_file(folder: Path, name: str) -> Path:
    """The file of a site, packed or plain. It need not exist."""
    packed = folder / "sites" / f"{name}.csv.gz"
    return packed if packed.exists() else packed.with_suffix("")


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One entry of ``sites.json``, read strictly. Everything raises SitesUnreadable."""

    path: Path
    name: str
    described: Mapping[str, Any]

    @property
    def wall_clock(self) -> bool:
        """Whether the stamps of its rows are those of ``site_data.wall_clock``."""
        return str(self.described.get("timezone", "")).startswith(WALL_CLOCK)

    def rows(self, wanted: Wanted) -> SiteRows:
        """The rows of the site's file."""
        rows = read_site_csv(site_file(self.path.parent, self.name), wanted, self.cadence_s(), self.wall_clock)
        self._check_solar_unit(rows)
        return rows

    def number(self, key: str, inside: Mapping[str, Any] | None = None) -> float:
        value = (self.described if inside is None else inside).get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise SitesUnreadable(f"{self.path}: {key} of {self.name} is {value!r}, not a number")
        return float(value)

    def cadence_s(self) -> int:
        """At least a minute, and a whole number of steps make an hour."""
        minutes = self.number("cadence_min")
        step_s = round(60 * minutes)
        if not 60 <= step_s <= 3600 or 3600 % step_s:
            raise SitesUnreadable(
                f"{self.path}: the cadence of {self.name} is {minutes:g} min, which does not divide 60"
            )
        return step_s

    def pv_rated_w(self) -> float | None:
        """The nameplate, None where none is given."""
        return (
            None if self.described.get("pv_kwp") is None else 1000.0 * self._number_within("pv_kwp", 0.0, 1_000_000.0)
        )

    def latitude(self) -> float:
        """Degrees, north is positive."""
        return self._number_within("lat", -90.0, 90.0)

    def longitude(self) -> float:
        """Degrees, east is positive."""
        return self._number_within("lon", -180.0, 180.0)

    def timezone(self) -> str:
        """The name of the zone whose clock the people of the site follow."""
        zone = WALL_CLOCK_ZONE if self.wall_clock else str(self.described.get("timezone"))
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SitesUnreadable(f"{self.path}: time zone or holidays of {self.name}: {error}") from error
        return zone

    def holidays(self) -> tuple[date, ...] | None:
        """The listed days, None where no list is given."""
        listed = self.described.get("holidays")
        try:
            return None if listed is None else tuple(date.fromisoformat(day) for day in listed)
        except (ValueError, TypeError) as error:
            raise SitesUnreadable(f"{self.path}: time zone or holidays of {self.name}: {error}") from error

    def test_start(self) -> datetime | None:
        """UTC; a date alone is its first moment. None where none is given."""
        return self._moment("test_start", 0)

    def test_end(self) -> datetime | None:
        """UTC; a date alone is the end of that day. None where none is given."""
        return self._moment("test_end", 1)

    def _check_solar_unit(self, rows: SiteRows) -> None:
        rated_w = self.pv_rated_w() or 0.0
        known = sorted(value for value in rows.columns.get("pv_kw", ()) if value is not None)
        if not rated_w or not known:
            return
        rated, often = rated_w / 1000.0, known[int(len(known) * (1.0 - _MANY_ROWS))]
        if often > _TIMES_NAMEPLATE * rated:
            file = site_file(self.path.parent, self.name)
            raise SitesUnreadable(
                f"{file}: pv_kw is {often:g} or more in one row of {1 / _MANY_ROWS:.0f}, and pv_kwp of {self.name} in "
                f"{self.path.name} is {rated:g}: powers are in kW and not in W"
            )

    def _number_within(self, key: str, least: float, most: float) -> float:
        value = self.number(key)
        if not least <= value <= most:
            raise SitesUnreadable(f"{self.path}: {key} of {self.name} is {value:g}, not from {least:.0f} to {most:.0f}")
        return value

    def _moment(self, key: str, days_more: int) -> datetime | None:
        value = self.described.get(key)
        if value is None:
            return None
        text = str(value)
        try:
            at = datetime.fromisoformat(text)
            if len(text) == len("2020-01-01"):
                return at.replace(tzinfo=UTC) + timedelta(days=days_more)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise SitesUnreadable(f"{self.path}: {key} of {self.name} is {value!r}, not a time") from error
