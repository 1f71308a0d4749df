"""Measured sites read from a folder of CSV files and one ``sites.json``."""

import csv
import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from training.holidays import holidays

_TRAINABLE = {
    "ucam": "Cambridge Estates Building Energy Archive v2.1 (doi 10.5281/zenodo.10955332), MIT",
    "fontana": "EPRI zero-net-energy homes as published with CityLearn (doi 10.18738/T8/0YLJ6Q), MIT",
}
_WALL_CLOCK = "Etc/GMT+8 (source wall clock"
_CALIFORNIA = "America/Los_Angeles"


class SitesUnreadable(Exception):
    """The folder does not hold what it should. ``str()`` says what in one sentence."""


@dataclass(frozen=True, slots=True)
class MeasuredSite:
    """One site: what it did, where it stands, W. ``source`` is None where the licence forbids training on it."""

    name: str
    place: Place
    rated_w: float
    history: History
    source: str | None

    @property
    def home(self) -> bool:
        return self.name.startswith("fontana")


def read_sites(folder: Path) -> list[MeasuredSite]:
    """All sites of the folder that have a file, by name. Raises SitesUnreadable."""
    try:
        described = json.loads((folder / "sites.json").read_text())["sites"]
    except (OSError, ValueError, KeyError) as error:
        raise SitesUnreadable(f"{folder / 'sites.json'} does not describe any sites: {error}") from error
    files = {name: folder / "sites" / f"{name}.csv.gz" for name in sorted(described)}
    sites = [_read_site(name, described[name], file) for name, file in files.items() if file.exists()]
    if not sites:
        raise SitesUnreadable(f"{folder / 'sites'} has no file of any site in sites.json")
    return sites


def _read_site(name: str, described: dict[str, Any], file: Path) -> MeasuredSite:
    step_s = int(described["cadence_min"]) * 60
    with gzip.open(file, "rt", newline="") as lines:
        rows = [(row["timestamp"], _watts(row["load_kw"]), _watts(row["pv_kw"])) for row in csv.DictReader(lines)]
    times = [datetime.fromisoformat(row[0]).astimezone(UTC) for row in rows]
    timezone = str(described["timezone"])
    if timezone.startswith(_WALL_CLOCK):
        timezone, times = _CALIFORNIA, [_true_utc(time) for time in times]
    by_time = {time: row[1:] for time, row in zip(times, rows, strict=True)}
    horizon = Horizon(times[0], step_s, round((times[-1] - times[0]).total_seconds() / step_s) + 1)
    values = [by_time.get(time, (None, None)) for time in horizon.times()]
    history = History(
        horizon, tuple(load for load, _ in values), tuple(pv for _, pv in values), (False,) * horizon.steps
    )
    place = Place(float(described["lat"]), float(described["lon"]), timezone, holidays(timezone))
    source = _TRAINABLE.get(name.split("_")[0])
    return MeasuredSite(name, place, float(described["pv_kwp"] or 0.0) * 1000.0, history, source)


def _watts(kilowatts: str) -> float | None:
    return float(kilowatts) * 1000.0 if kilowatts else None


def _true_utc(stamp: datetime) -> datetime:
    """Stamps written as the wall clock + 8 h, also while the wall clock was on summer time."""
    wall = (stamp - timedelta(hours=8)).replace(tzinfo=None)
    return wall.replace(tzinfo=ZoneInfo(_CALIFORNIA)).astimezone(UTC)
