"""A folder of measured sites: one ``sites.json`` that describes them and one CSV file a site.

Powers are kW in the files and W from here on. A cell that is empty is missing; a column that a site lacks is missing
throughout, but for the load, without which there is nothing to play.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from agent.domain.battery import Battery
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.money import unlikely, unlikely_list
from agent.domain.request import Place
from agent.domain.weather import Weather
from site_data.site_csv import Column, Wanted, watts
from site_data.sites_json import SiteFacts, site_file
from site_data.unreadable import SitesUnreadable

TEST_SHARE = 0.4  # of the rows, the last ones, where no test period is given
DWARFED = 20.0  # times its power or energy: W in place of kW give tens to hundreds, sites that want a battery about 1
DAY_AHEAD = "agile"  # a price described by this word is a day-ahead price; any other is a tariff known beforehand
_WANTED = Wanted(
    columns=(
        "load_kw",
        "pv_kw",
        "import_price_per_kwh",
        "carbon_kg_per_kwh",
        "wm_temperature_c",
        "wm_poa_direct_w_m2",
        "wm_poa_diffuse_w_m2",
    ),
    required=("load_kw",),
)


@dataclass(frozen=True, slots=True)
class Site:
    """What stood on a site and what was measured there; the tuples have one entry a step of the history's horizon.

    ``day_ahead`` says that import prices are published a day ahead; otherwise they are known beforehand. The test
    period runs from ``test_start`` until before ``test_end``, what is before it is there to learn from. ``doubts`` are
    sentences about what is hardly meant.
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
    doubts: tuple[str, ...] = ()


def usual_export_price(folder: Path, name: str, described: dict[str, Any]) -> float:
    """Nothing where that is among the site's export prices or none is given, else the first. Raises SitesUnreadable."""
    given = described.get("export_price") or [0.0]
    prices = given if isinstance(given, list) else [given]
    if not all(isinstance(price, (int, float)) and math.isfinite(price) for price in prices):
        raise SitesUnreadable(f"{folder / 'sites.json'}: export_price of {name} is {given!r}, not a list of prices")
    for price in prices:
        wrong = unlikely(price, str(described.get("currency")))
        if wrong is not None:
            raise SitesUnreadable(f"{folder / 'sites.json'}: export_price of {name} is {wrong[0]}; {wrong[1]}")
    return 0.0 if 0.0 in prices else float(prices[0])


def read_site(folder: Path, name: str, described: dict[str, Any]) -> Site:
    """One site of the folder. Raises SitesUnreadable."""
    facts = SiteFacts(folder / "sites.json", name, described)
    rows = facts.rows(_WANTED)
    columns = rows.columns
    horizon = Horizon(rows.start, rows.step_s, len(columns["load_kw"]))
    load_w, pv_w = (watts(columns[name]) for name in ("load_kw", "pv_kw"))
    if all(value is None for value in load_w):
        raise SitesUnreadable(f"{site_file(folder, name)} has no load at all")
    if all(value is None for value in columns["import_price_per_kwh"]):
        raise SitesUnreadable(f"{site_file(folder, name)} has no import price: there is no money to play for")
    for column in ("load_kw", "pv_kw"):
        if math.fsum(value or 0.0 for value in columns[column]) < 0.0:  # a night's few watts below zero are usual
            raise SitesUnreadable(f"{site_file(folder, name)}: {column} is below zero in all; turn its sign")
    dear = unlikely_list(columns["import_price_per_kwh"], rows.step_s, str(described.get("currency")))
    if dear is not None:
        raise SitesUnreadable(f"{site_file(folder, name)}: import_price_per_kwh cannot be meant: {dear}")
    start, end = _test_period(facts, horizon)
    battery = _battery(facts)
    return Site(
        name=name,
        currency=str(described.get("currency") or "money"),
        place=Place(facts.latitude(), facts.longitude(), facts.timezone(), facts.holidays() or ()),
        solar_rated_w=facts.pv_rated_w() or 0.0,
        battery=battery,
        export_price=usual_export_price(folder, name, described),
        day_ahead=DAY_AHEAD in str(described.get("price", "")).lower(),
        history=History(horizon, load_w, pv_w, (False,) * horizon.steps, _weather(horizon, columns)),
        import_price=columns["import_price_per_kwh"],
        carbon_kg_per_kwh=columns["carbon_kg_per_kwh"],
        test_start=start,
        test_end=end,
        doubts=tuple(_load_doubts(site_file(folder, name), load_w, battery)),
    )


def _load_doubts(file: Path, load_w: Column, battery: Battery) -> Iterator[str]:
    """A load that dwarfs the battery may be a factory's, so that it is played nevertheless."""
    middle = 0.001 * median(value for value in load_w if value is not None)
    holds = 0.001 * battery.usable_wh
    if middle > DWARFED * max(holds, 0.001 * battery.discharge_w):
        yield (
            f"{file}: the middle of load_kw is {middle:g}, and the battery holds {holds:g} kWh: "
            "are the powers in W? they are to be in kW"
        )


def _battery(facts: SiteFacts) -> Battery:
    given = facts.described.get("battery")
    if not isinstance(given, dict):
        raise SitesUnreadable(f"{facts.path}: {facts.name} has no battery")
    keys = ("capacity_kwh", "power_kw", "roundtrip", "soc_min", "soc_max")
    capacity, power, roundtrip, low, high = (facts.number(key, given) for key in keys)
    if not (capacity > 0 and power > 0 and 0 < roundtrip <= 1 and 0 <= low < high <= 1):
        raise SitesUnreadable(f"{facts.path}: the battery of {facts.name} is not possible: {given}")
    one_way = math.sqrt(roundtrip)
    return Battery(1000.0 * capacity, 1000.0 * power, 1000.0 * power, one_way, one_way, 100.0 * low, 100.0 * high)


def _test_period(facts: SiteFacts, horizon: Horizon) -> tuple[datetime, datetime]:
    """As given; else the last share of the rows."""
    first = horizon.start + timedelta(seconds=horizon.step_s) * round(horizon.steps * (1 - TEST_SHARE))
    start, end = facts.test_start() or first, facts.test_end() or horizon.end
    if not horizon.start <= start < min(end, horizon.end):
        raise SitesUnreadable(f"{facts.path}: the test period of {facts.name} is not within its rows")
    return start, min(end, horizon.end)


def _weather(horizon: Horizon, columns: Mapping[str, Column]) -> Weather | None:
    """The weather model's columns; the two parts of the irradiance on the array are taken together."""
    parts = zip(columns["wm_poa_direct_w_m2"], columns["wm_poa_diffuse_w_m2"], strict=True)
    irradiance = tuple(None if direct is None or diffuse is None else direct + diffuse for direct, diffuse in parts)
    temperature = columns["wm_temperature_c"]
    if all(value is None for value in (*temperature, *irradiance)):
        return None
    return Weather(horizon, temperature, irradiance)
