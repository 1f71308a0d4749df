"""What is played: whose days, which battery, which prices. Synthetic from a seed, or a CSV of real measurements."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.traces import Trace, from_csv, synthetic
from site_data.sites_json import read_descriptions

PAST_DAYS = 28
PV_RATED_W = 4000.0
# The home of the demo and its days: docs/decisions/days_of_the_demo.md says by which rule.
HOME_FILE = Path(__file__).parent / "home" / "sites" / "fontana_h01.csv"
HOME_FIRST_DAY, HOME_DAYS = date(2017, 1, 27), 3
QUARTER_S, HOUR_S = 900, 3600
# What a kWh costs in the synthetic days: cheap at night, dear in the evening.
CLOCK_TARIFF = """\
kind = "time_of_use"
default_per_kwh = 0.28

[[tariff.import.window]]
price_per_kwh = 0.14
from = "00:00"
to = "06:00"

[[tariff.import.window]]
price_per_kwh = 0.42
from = "17:00"
to = "21:00"
"""
LIST_TARIFF = 'kind = "list"'


class SceneError(ValueError):
    """The scene cannot be played. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the demo needs to know before it starts. ``from_file`` scenes get their prices from the platform."""

    name: str
    trace: Trace
    start: datetime
    days: int
    latitude: float
    longitude: float
    timezone: str
    currency: str
    usable_wh: float
    power_w: float
    efficiency: float
    soc_min_pct: float
    soc_max_pct: float
    pv_rated_w: float
    export_price: float
    from_file: bool
    day_ahead: bool
    assumed: tuple[str, ...] = ()

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=self.days)

    @property
    def import_tariff(self) -> str:
        return LIST_TARIFF if self.from_file else CLOCK_TARIFF

    @property
    def plan_every_s(self) -> int:
        """A quarter of an hour, or an hour where nothing new was measured sooner."""
        return max(QUARTER_S, min(self.trace.step_s, HOUR_S))


def home_scene(days: int, first_day: date | None = None) -> Scene:
    """The measured home of the repository, from the first of its days."""
    return file_scene(HOME_FILE, days, first_day or HOME_FIRST_DAY)


def synthetic_scene(seed: int, days: int) -> Scene:
    """A home with a roof, a battery and a tariff by the clock, in early spring."""
    zone = "Europe/Amsterdam"
    start = datetime.combine(date(2026, 3, 17), time(0), ZoneInfo(zone)).astimezone(UTC)
    trace = synthetic(
        seed, start - timedelta(days=PAST_DAYS), PAST_DAYS + days + 3, timezone=zone, pv_rated_w=PV_RATED_W
    )
    return Scene(
        name=f"a synthetic home (seed {seed})",
        trace=trace,
        start=start,
        days=days,
        latitude=52.0,
        longitude=5.0,
        timezone=zone,
        currency="EUR",
        usable_wh=10_000.0,
        power_w=5000.0,
        efficiency=0.95,
        soc_min_pct=10.0,
        soc_max_pct=95.0,
        pv_rated_w=PV_RATED_W,
        export_price=0.07,
        from_file=False,
        day_ahead=False,
    )


def file_scene(path: Path, days: int, first_day: date | None) -> Scene:
    """A real site. What a ``sites.json`` beside the file says of it is used; the rest is assumed, and said."""
    trace = from_csv(path, variation=0.1)
    if not trace.series("import_price_per_kwh"):
        raise SceneError(f"{path}: the column import_price_per_kwh is missing, so there is nothing to save")
    name = path.name.split(".")[0]
    facts, assumed = _facts(path, name), []
    zone = _zone(facts, name)
    if not facts:
        assumed.append(f"no sites.json with {name} beside {path.name}: place, time zone and battery are assumed")
    start = _start(trace, zone, days, first_day)
    usable_wh, power_w, efficiency, window = _battery(trace, facts)
    pv_w = max((watts or 0.0 for _, watts in trace.series("pv_w")), default=0.0)
    return Scene(
        name=name,
        trace=trace,
        start=start,
        days=days,
        latitude=float(facts.get("lat", 50.0)),
        longitude=float(facts.get("lon", 5.0)),
        timezone=zone.key,
        currency=str(facts.get("currency", "EUR")),
        usable_wh=usable_wh,
        power_w=power_w,
        efficiency=efficiency,
        soc_min_pct=window[0],
        soc_max_pct=window[1],
        pv_rated_w=max(100.0, 1000.0 * float(facts.get("pv_kwp", 1.05 * pv_w / 1000.0))),
        export_price=float(min(facts.get("export_price", [0.0]))),
        from_file=True,
        day_ahead="Agile" in str(facts.get("price", "Agile")),
        assumed=tuple(assumed),
    )


def _facts(path: Path, name: str) -> dict[str, Any]:
    for folder in (path.parent, path.parent.parent):
        listed = folder / "sites.json"
        if listed.is_file():
            return read_descriptions(listed).get(name, {})
    return {}


def _zone(facts: dict[str, Any], name: str) -> ZoneInfo:
    """The listed time zone; a remark may stand behind its name."""
    word = str(facts.get("timezone", "UTC")).split()[0]
    try:
        return ZoneInfo(word)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise SceneError(f"sites.json: {name} has the time zone {word}, which does not exist") from error


def _start(trace: Trace, zone: ZoneInfo, days: int, first_day: date | None) -> datetime:
    """A local midnight with four weeks before it: the day asked for, or one late in the longest complete stretch."""
    begin, end = trace.complete_period()
    need = timedelta(days=PAST_DAYS + days + 1)
    if first_day is None:
        if end - begin < need:
            raise SceneError(f"the longest complete stretch has {(end - begin).days} days, {need.days} are needed")
        first_day = (begin + (end - begin) * 0.8 - timedelta(days=days)).astimezone(zone).date()
        first_day = max(first_day, (begin + timedelta(days=PAST_DAYS + 1)).astimezone(zone).date())
    start = datetime.combine(first_day, time(0), zone).astimezone(UTC)
    trace.require_complete(start, start + timedelta(days=days))
    return start


def _battery(trace: Trace, facts: dict[str, Any]) -> tuple[float, float, float, tuple[float, float]]:
    """Wh, W, one-way efficiency and SoC window: the listed battery, or two hours of the mean load."""
    listed = facts.get("battery")
    if listed:
        usable_wh, power_w = 1000.0 * listed["capacity_kwh"], 1000.0 * listed["power_kw"]
        return usable_wh, power_w, listed["roundtrip"] ** 0.5, (100 * listed["soc_min"], 100 * listed["soc_max"])
    loads = [watts for _, watts in trace.series("load_w") if watts is not None]
    usable_wh = max(2000.0, 2.0 * sum(loads) / len(loads))
    return usable_wh, usable_wh / 2.0, 0.95, (10.0, 90.0)
