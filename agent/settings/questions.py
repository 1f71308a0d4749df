"""The questions that no device answers: what each fills in the site file, what is proposed, when it is asked. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from agent.settings import answers
from agent.settings.answers import Tables, put, without
from agent.settings.checks import check
from agent.settings.explain import findings
from agent.settings.load import schema
from agent.settings.problems import Finding, Key, Problem
from agent.settings.schema import Settings
from agent.settings.schema_lookup import Catalogue
from agent.settings.zone_places import place_of

_CURRENCIES = {
    "Europe/London": "GBP",
    "Europe/Zurich": "CHF",
    "Europe/Stockholm": "SEK",
    "Europe/Copenhagen": "DKK",
    "Europe/Oslo": "NOK",
    "Europe/Warsaw": "PLN",
    "Europe/Prague": "CZK",
    "Europe/Budapest": "HUF",
}
_ELSEWHERE = {"America": "USD", "Australia": "AUD"}


@dataclass(frozen=True, slots=True)
class Question:
    """``fill`` puts an answer into the tables, or raises ValueError with a sentence.

    ``keys`` are what it fills: what is then found wrong there is wrong with the answer. ``proposal`` is the answer
    that Enter gives, None where a person must know.
    """

    words: str
    keys: tuple[Key, ...]
    fill: Callable[[Tables, str], Tables]
    proposal: Callable[[Tables], str | None] = lambda tables: None
    applies: Callable[[Tables], bool] = lambda tables: True


def answered(question: Question, tables: Tables, text: str, folder: Path) -> Tables:
    """``tables`` with the answer. Raises ValueError with one sentence for one that cannot be."""
    filled = question.fill(tables, text)
    wrong = [finding for finding in mistakes(filled, folder) if belongs(finding, question)]
    if wrong:
        raise ValueError(sentence(wrong[0], filled))
    return filled


def mistakes(tables: Tables, folder: Path) -> list[Finding]:
    """Everything that ``check`` would find in a site file with these tables in ``folder``."""
    try:
        return check(Settings.model_validate(tables, context={"folder": folder}))
    except ValidationError as error:
        return findings(error, tables, Catalogue(schema(), tables))


def belongs(finding: Finding, question: Question) -> bool:
    return any(finding.key[: len(key)] == key for key in question.keys)


def sentence(finding: Finding, tables: Tables) -> str:
    name = Catalogue(schema(), tables).name(finding.key)
    return str(Problem(None, name, finding.reason, finding.remedy))


def first_tables(zone: str, ratings: Mapping[str, float], devices: Sequence[Mapping[str, Any]]) -> Tables:
    """A whole file before the first answer. ``ratings`` are what the battery's device told, by the key they fill."""
    latitude, longitude = _principal_place(zone)
    names = [one["name"] for one in devices if "battery" in one["roles"]]
    tables: Tables = {
        "site": {
            "id": "home",
            "name": "Home",
            "latitude": latitude,
            "longitude": longitude,
            "timezone": zone,
            "currency": _currency(zone),
        },
        "connection": {"import_limit_w": "none", "export_limit_w": "none"},
        "battery": {
            "device": names[0] if names else "",
            "usable_wh": ratings.get("usable_wh", 10000),
            "charge_w": ratings.get("charge_w", 5000),
            "discharge_w": ratings.get("discharge_w", 5000),
            "soc_min_pct": 10,
            "soc_max_pct": 95,
            "reserve_pct": 20,
        },
        "tariff": {"import": {"kind": "flat", "price_per_kwh": 0.0}, "export": {"kind": "flat", "price_per_kwh": 0.0}},
        "device": [dict(one) for one in devices],
    }
    return put(tables, ("solar", "rated_w"), 10000) if any("solar" in one["roles"] for one in devices) else tables


def questions(ratings: Mapping[str, float]) -> tuple[Question, ...]:
    """In the order in which they are asked."""
    known = {name.lower(): name for name in available_timezones()}
    return (
        Question("Name of the site, for people", (("site", "name"),), _name, lambda tables: "Home"),
        Question(
            "Its id towards the platform: small letters, digits, hyphens",
            (("site", "id"),),
            lambda tables, text: put(tables, ("site", "id"), text),
            lambda tables: answers.identity(tables["site"]["name"]),
        ),
        Question(
            "Time zone, or the city that it is named after",
            (("site", "timezone"),),
            lambda tables, text: _zone(tables, answers.zone(text, known)),
            lambda tables: str(tables["site"]["timezone"]),
        ),
        Question(
            "Latitude and longitude in degrees, north and east are positive",
            (("site", "latitude"), ("site", "longitude")),
            _place,
            lambda tables: f"{tables['site']['latitude']:.4g}, {tables['site']['longitude']:.4g}",
        ),
        Question(
            "Currency of all prices, three letters",
            (("site", "currency"),),
            lambda tables, text: put(tables, ("site", "currency"), text.upper()),
            lambda tables: _currency(str(tables["site"]["timezone"])),
        ),
        *_powers(ratings),
        *_money(),
    )


def _powers(ratings: Mapping[str, float]) -> tuple[Question, ...]:
    told = {key: f"{value:g}" for key, value in ratings.items()}
    return (
        Question(
            "Main fuse: 3x35A, 63A, watts such as 17 kW, or none",
            (("connection", "import_limit_w"),),
            lambda tables, text: put(tables, ("connection", "import_limit_w"), answers.fuse(text)),
        ),
        Question(
            "Most power that may be fed into the grid: watts such as 5 kW, or none",
            (("connection", "export_limit_w"),),
            lambda tables, text: put(tables, ("connection", "export_limit_w"), answers.limit(text)),
        ),
        Question(
            "Usable energy of the battery: 10 kWh, or in Wh",
            (("battery", "usable_wh"),),
            lambda tables, text: put(tables, ("battery", "usable_wh"), answers.amount(text)),
            lambda tables: told.get("usable_wh"),
        ),
        Question(
            "Most power that charges it: 5 kW, or in watts",
            (("battery", "charge_w"),),
            lambda tables, text: put(tables, ("battery", "charge_w"), answers.amount(text)),
            lambda tables: told.get("charge_w"),
        ),
        Question(
            "Most power that it gives: 5 kW, or in watts",
            (("battery", "discharge_w"),),
            lambda tables, text: put(tables, ("battery", "discharge_w"), answers.amount(text)),
            lambda tables: told.get("discharge_w", f"{tables['battery']['charge_w']:g}"),
        ),
        Question(
            "Kept for outages, percent; 0 for nothing",
            (("battery", "reserve_pct"),),
            lambda tables, text: put(tables, ("battery", "reserve_pct"), answers.number(text.rstrip("% "))),
            lambda tables: "20",
        ),
        Question(
            "Rated power of all solar together: 8 kW, or in watts",
            (("solar", "rated_w"),),
            lambda tables, text: put(tables, ("solar", "rated_w"), answers.amount(text)),
            applies=lambda tables: "solar" in tables,
        ),
    )


def _money() -> tuple[Question, ...]:
    def has(kind: str) -> Callable[[Tables], bool]:
        return lambda tables: bool(tables["tariff"]["import"]["kind"] == kind)

    return (
        Question(
            "Central platform: name of its MQTT broker, or none",
            (("cloud", "host"),),
            lambda tables, text: (
                without(tables, "cloud") if text.lower() == "none" else put(tables, ("cloud", "host"), text)
            ),
            lambda tables: "none",
        ),
        Question(
            "Price of energy from the grid: flat, windows (by the clock), or list FILE (CSV);\n"
            "list alone where the platform sends prices",
            (("tariff", "import", "kind"), ("tariff", "import", "file"), ("tariff", "import")),
            lambda tables, text: put(tables, ("tariff", "import"), answers.tariff(text)),
            lambda tables: "flat",
        ),
        Question(
            "Price of a kWh, such as 0.28",
            (("tariff", "import", "price_per_kwh"),),
            lambda tables, text: put(tables, ("tariff", "import", "price_per_kwh"), answers.number(text)),
            applies=has("flat"),
        ),
        Question(
            "Price of a kWh outside all windows, such as 0.28",
            (("tariff", "import", "default_per_kwh"),),
            lambda tables, text: put(tables, ("tariff", "import", "default_per_kwh"), answers.number(text)),
            applies=has("time_of_use"),
        ),
        Question(
            "The windows with their prices: 00:30-05:30 0.09; 16:00-19:00 0.42",
            (("tariff", "import", "window"),),
            lambda tables, text: put(tables, ("tariff", "import", "window"), answers.windows(text)),
            applies=has("time_of_use"),
        ),
        Question(
            "Paid for a kWh that is fed into the grid; 0 for nothing",
            (("tariff", "export"),),
            lambda tables, text: put(tables, ("tariff", "export", "price_per_kwh"), answers.number(text)),
            lambda tables: "0",
        ),
    )


def _name(tables: Tables, text: str) -> Tables:
    return put(tables, ("site", "name"), text)


def _zone(tables: Tables, zone: str) -> Tables:
    """With the zone's principal place, until a person says where the site is."""
    latitude, longitude = _principal_place(zone)
    moved = put(put(tables, ("site", "latitude"), latitude), ("site", "longitude"), longitude)
    return put(moved, ("site", "timezone"), zone)


def _principal_place(zone: str) -> tuple[float, float]:
    """In degrees, to ten metres."""
    latitude, longitude = place_of(zone) or (0.0, 0.0)
    return round(latitude, 4), round(longitude, 4)


def _place(tables: Tables, text: str) -> Tables:
    latitude, longitude = answers.place(text)
    return put(put(tables, ("site", "latitude"), latitude), ("site", "longitude"), longitude)


def _currency(zone: str) -> str:
    return _CURRENCIES.get(zone) or _ELSEWHERE.get(zone.partition("/")[0], "EUR")
