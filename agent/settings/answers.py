"""What people type becomes values of the site file. Pure; every function raises ValueError with one sentence."""

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import combining, normalize

Tables = dict[str, Any]

PHASE_V = 230.0
_AMOUNT = re.compile(r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<kilo>k?)(?P<unit>wh?)?", re.IGNORECASE)
_FUSE = re.compile(r"(?:(?P<phases>[1-3])\s*x\s*)?(?P<amperes>\d+(?:[.,]\d+)?)\s*a", re.IGNORECASE)
_WINDOW = re.compile(r"(?P<start>\d{1,2}:\d\d)\s*-\s*(?P<end>\d{1,2}:\d\d)\s+(?P<price>-?\d+(?:[.,]\d+)?)")
_PLACE = re.compile(r"(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)")


def put(tables: Tables, key: tuple[str, ...], value: Any) -> Tables:
    """``tables`` with ``value`` at ``key``; the sections on the way are made."""
    first, *rest = key
    inner = tables.get(first)
    if rest:
        value = put(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    return {**tables, first: value}


def without(tables: Tables, section: str) -> Tables:
    return {name: table for name, table in tables.items() if name != section}


def number(text: str) -> float:
    """With a point or a comma."""
    try:
        return _whole(float(text.replace(",", ".")))
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None


def amount(text: str) -> float:
    """Watts or watt-hours: ``5000``, ``5 kW``, ``10kWh``."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no amount: write 5000, 5 kW or 10 kWh")
    return _whole(float(found["number"].replace(",", ".")) * (1000.0 if found["kilo"] else 1.0))


def limit(text: str) -> float | str:
    """Watts, or the word "none"."""
    return "none" if text.lower() in ("none", "no") else amount(text)


def fuse(text: str) -> float | str:
    """Watts of a main fuse, ``3x35A`` or ``63A`` at 230 V a phase; or as ``limit``."""
    found = _FUSE.fullmatch(text)
    if found is None:
        return limit(text)
    return _whole(int(found["phases"] or 1) * PHASE_V * float(found["amperes"].replace(",", ".")))


def place(text: str) -> tuple[float, float]:
    """Latitude and longitude."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no place: write latitude and longitude in degrees, such as 52.52, 13.40")
    return float(found[1]), float(found[2])


def zone(text: str, known: Mapping[str, str]) -> str:
    """An IANA name, or the city in it. ``known`` are all names by their lower case."""
    wanted = text.lower().replace(" ", "_")
    if wanted in known:
        return known[wanted]
    cities = sorted(name for lower, name in known.items() if lower.rpartition("/")[2] == wanted)
    if not cities:
        raise ValueError(f"{text!r} is no time zone: write Europe/London, or the city alone")
    return cities[0]


def identity(name: str) -> str:
    """An id made of a name: small letters, digits and hyphens; a letter with an accent is the letter without it."""
    plain = "".join(one for one in normalize("NFKD", name.casefold()) if not combining(one))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-") or "home"


def tariff(text: str) -> Tables:
    """The section [tariff.import] without its prices: ``flat``, ``windows``, ``list`` or ``list prices.csv``."""
    kind, _, file = text.partition(" ")
    match kind.lower():
        case "flat":
            return {"kind": "flat", "price_per_kwh": 0.0}
        case "windows" | "time_of_use":
            return {"kind": "time_of_use", "default_per_kwh": 0.0, "window": windows("00:00-06:00 0")}
        case "list":
            return {"kind": "list", **({"file": file.strip()} if file.strip() else {})}
    raise ValueError(f"{text!r} is no kind of tariff: write flat, windows, list, or list FILE")


def windows(text: str) -> list[Tables]:
    """``00:30-05:30 0.09; 16:00-19:00 0.42``."""
    found = [_window(one.strip()) for one in text.split(";") if one.strip()]
    if not found:
        raise ValueError("write at least one window, such as 00:30-05:30 0.09")
    return found


def _window(text: str) -> Tables:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no window: write 00:30-05:30 0.09")
    return {
        "price_per_kwh": number(found["price"]),
        "from": found["start"].rjust(5, "0"),
        "to": found["end"].rjust(5, "0").replace("24:00", "00:00"),
    }


def _whole(value: float) -> float:
    """Without a fraction where there is none, as people write it."""
    return int(value) if value == int(value) else value
