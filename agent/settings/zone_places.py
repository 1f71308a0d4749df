"""Where on the earth a time zone is kept: the principal place of each zone in the time zone database.

Source: ``zone.tab`` of the IANA time zone database, which comes with the package ``tzdata``.
"""

import math
import re
from importlib.resources import files

EARTH_KM = 6371.0
# Kashgar is 4,100 km from Shanghai, whose clock it keeps; no other zone reaches as far from its principal place.
FARTHEST_KM = 4500.0
# A mistake of signs or of order is asked about from here on, when the place it should be is much nearer.
NOTICEABLE_KM = 1500.0
MUCH_NEARER = 0.4
_ISO_6709 = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")

Place = tuple[float, float]


def place_of(zone: str) -> Place | None:
    """Latitude and longitude of the principal place of ``zone``; None for one that has none, such as ``UTC``."""
    try:
        text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    except (ModuleNotFoundError, OSError):
        return None  # a machine that has only its own database: what cannot be judged is not doubted
    for line in text.splitlines():
        columns = line.split("\t")
        if len(columns) >= 3 and columns[2] == zone and (found := _ISO_6709.fullmatch(columns[1])) is not None:
            return _degrees(found, 1), _degrees(found, 5)
    return None


def correction(zone: str, latitude: float, longitude: float) -> tuple[float, str] | None:
    """How far the place is from the zone's, km, and what may be meant; None for a place that may be."""
    there = place_of(zone)
    if there is None:
        return None
    away_km = distance_km((latitude, longitude), there)
    guesses: list[tuple[float, str]] = []
    for place, what in (
        ((latitude, -longitude), f"longitude = {-longitude:.10g}? East is positive"),
        ((-latitude, longitude), f"latitude = {-latitude:.10g}? North is positive"),
        ((-latitude, -longitude), f"latitude = {-latitude:.10g} and longitude = {-longitude:.10g}?"),
        ((longitude, latitude), f"latitude = {longitude:.10g} and longitude = {latitude:.10g}?"),
    ):
        if abs(place[0]) <= 90.0:
            guesses.append((distance_km(place, there), what))
    near_km, what = min(guesses)
    if away_km > NOTICEABLE_KM and near_km < MUCH_NEARER * away_km and near_km < FARTHEST_KM:
        return away_km, f"did you mean {what}"
    return None if away_km <= FARTHEST_KM else (away_km, "correct the coordinates or the time zone")


def distance_km(one: Place, other: Place) -> float:
    """Along the great circle."""
    (a, b), (c, d) = (tuple(map(math.radians, place)) for place in (one, other))
    chord = math.sin((c - a) / 2.0) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2.0) ** 2
    return 2.0 * EARTH_KM * math.asin(math.sqrt(min(1.0, chord)))


def _degrees(found: re.Match[str], group: int) -> float:
    degrees = int(found[group + 1]) + int(found[group + 2]) / 60.0 + int(found[group + 3] or 0) / 3600.0
    return -degrees if found[group] == "-" else degrees
