"""Measured sites read from a folder: one ``sites.json`` that describes them, one CSV file a site.

Powers are kW in the files and W from here on. Every column but the time is optional, though a site has a load or a
solar output.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.domain.weather import Weather
from site_data.site_csv import Column, Wanted, watts
from site_data.sites_json import SiteFacts, described_sites
from site_data.unreadable import SitesUnreadable
from training.sites.holidays import holidays

WeatherKind = Literal["model", "measured", "none"]
"""Whose word about the weather a site is given: a weather model's, its own measurements (``perfect``), or nobody's."""

_TRAINABLE = {
    "ucam": "Cambridge Estates Building Energy Archive v2.1 (doi 10.5281/zenodo.10955332), MIT",
    "fontana": "EPRI zero-net-energy homes as published with CityLearn (doi 10.18738/T8/0YLJ6Q), MIT",
}
_WANTED = Wanted(
    columns=(
        "load_kw",
        "pv_kw",
        "temperature_c",
        "ghi_w_m2",
        "poa_proxy_w_m2",
        "wm_temperature_c",
        "wm_poa_direct_w_m2",
        "wm_poa_diffuse_w_m2",
        "clearsky_ghi_w_m2",
    )
)


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


def read_site(folder: Path, name: str, weather: WeatherKind = "model") -> MeasuredSite:
    """One site of the folder with the weather of one kind. Raises SitesUnreadable."""
    found = described_sites(folder)
    if name not in found:
        raise SitesUnreadable(f"{folder} has no site {name}; it has {', '.join(found)}")
    facts = SiteFacts(folder / "sites.json", name, found[name])
    rows = facts.rows(_WANTED)
    columns = rows.columns
    horizon = Horizon(rows.start, rows.step_s, len(columns["load_kw"]))
    load_w, pv_w = (watts(columns[column]) for column in ("load_kw", "pv_kw"))
    history = History(horizon, load_w, pv_w, (False,) * horizon.steps, _weather(horizon, columns, weather))
    source = _TRAINABLE.get(name.split("_", maxsplit=1)[0])
    start, end = facts.test_start(), facts.test_end()
    if (start or horizon.start) >= min(end or horizon.end, horizon.end):
        raise SitesUnreadable(f"{facts.path}: the test period of {name} is not within its rows")
    clear = columns["clearsky_ghi_w_m2"]
    sky = clear if _any(clear) else ()
    return MeasuredSite(name, _place(facts), _rated_w(facts, pv_w), history, source, start, end, sky)


def _place(facts: SiteFacts) -> Place:
    zone, listed = facts.timezone(), facts.holidays()
    kept = holidays(zone) if listed is None else listed
    return Place(facts.latitude(), facts.longitude(), zone, kept)


def _rated_w(facts: SiteFacts, pv_w: Column) -> float:
    """The nameplate; where none is given, the highest output ever seen, which an installer would know."""
    rated_w = facts.pv_rated_w()
    return max((value for value in pv_w if value is not None), default=0.0) if rated_w is None else rated_w


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
