"""Guesses at what was meant: a key with another unit, a key misspelt, a number in another unit."""

from collections.abc import Iterable
from typing import Any

# A word in a key that was written, the word that is right, and what the number is multiplied by.
_UNITS = {
    ("kw", "w"): 1000.0,
    ("mw", "w"): 1_000_000.0,
    ("kwh", "wh"): 1000.0,
    ("mwh", "wh"): 1_000_000.0,
    ("mwh", "kwh"): 0.001,
    ("wh", "kwh"): 1000.0,  # of a price or an intensity, which are per energy
    ("ms", "s"): 0.001,
    ("min", "s"): 60.0,
    ("minutes", "s"): 60.0,
    ("seconds", "s"): 1.0,
    ("sec", "s"): 1.0,
    ("h", "s"): 3600.0,
    ("hours", "s"): 3600.0,
    ("hours", "h"): 1.0,
    ("days", "h"): 24.0,
    ("min", "h"): 1 / 60,
    ("s", "h"): 1 / 3600,
    ("gb", "mb"): 1000.0,
    ("kb", "mb"): 0.001,
    ("percent", "pct"): 1.0,
    ("g", "kg"): 0.001,
}
_WRITTEN = {"kw": "kW", "mw": "MW", "kwh": "kWh", "mwh": "MWh", "wh": "Wh", "percent": "%"}
SECRETS = frozenset({"password", "passwd", "passphrase", "secret", "token", "api_key", "private_key", "psk", "key"})


def number(value: float) -> str:
    """A number as it is written in the file."""
    return format(value, ".10g")


def key_in_another_unit(written: str, value: Any, known: Iterable[str]) -> tuple[str, str] | None:
    """The known key that ``written`` is but for its unit, and a sentence with the number converted."""
    parts = written.lower().split("_")
    for name in known:
        right = name.split("_")
        if len(right) != len(parts):
            continue
        places = [index for index, (one, other) in enumerate(zip(parts, right, strict=True)) if one != other]
        if len(places) == 1 and (parts[places[0]], right[places[0]]) in _UNITS:
            unit, factor = parts[places[0]], _UNITS[parts[places[0]], right[places[0]]]
            hint = f"did you mean {name}?"
            if type(value) in (int, float):
                per = "per " if places[0] and parts[places[0] - 1] == "per" else ""
                hint += f" {number(value)} {per}{_WRITTEN.get(unit, unit)} is written {number(value * factor)}"
            return name, hint
    return None


def nearest(written: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like ``written``."""
    from difflib import get_close_matches  # only a wrong file needs it

    by_lower = {word.lower(): word for word in known}
    found = get_close_matches(written.lower(), by_lower, n=1, cutoff=0.6)
    if found:
        return by_lower[found[0]]
    begins = [word for lower, word in by_lower.items() if lower.split("_")[0] == written.lower()]
    return begins[0] if len(begins) == 1 else None


def number_in_another_unit(key: str, value: float, low: float, high: float) -> str | None:
    """A sentence when ``value`` is outside ``low``..``high``, but would be inside in the unit that ``key`` names."""
    for ending, factor, unit in (
        ("_w", 1000.0, "power is written in watts"),
        ("_wh", 1000.0, "energy is written in watt-hours"),
        ("_pct", 100.0, "it is a percentage"),
        ("efficiency", 0.01, "it is a fraction"),
        ("weight", 0.01, "it is a fraction"),
        ("kg_per_kwh", 0.001, "it is written in kilograms"),
        ("_s", 0.001, "it is written in seconds"),
    ):
        if key.endswith(ending) and low <= value * factor <= high:
            return f"{unit}: did you mean {number(value * factor)}?"
    return None
