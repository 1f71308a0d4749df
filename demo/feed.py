"""What the central platform sends while the days go by: prices as they are published, and the carbon of the grid."""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from demo.scene import Scene

PUBLISHED_AT_H = 16  # day-ahead prices of Octopus Agile appear about 16:00 local ...
PUBLISHED_UNTIL_H = 23  # ... and reach to 23:00 of the next day


def known_until(scene: Scene, now: datetime) -> datetime:
    """The end of the prices that are public at ``now``: all of a fixed tariff, day-ahead prices as published."""
    if not scene.day_ahead:
        return now + timedelta(days=3)
    local = now.astimezone(ZoneInfo(scene.timezone))
    days = 1 if local.hour >= PUBLISHED_AT_H else 0
    end = local.replace(hour=PUBLISHED_UNTIL_H, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return end if end > local else end + timedelta(days=1)


def tariff_message(scene: Scene, now: datetime) -> dict[str, object] | None:
    """The tariff input, or None for a scene whose prices are in the site file."""
    if not scene.from_file:
        return None
    values = _known(scene, "import_price_per_kwh", now - timedelta(days=2), known_until(scene, now))
    return _message(values, scene.trace.step_s, "import_price") if values else None


def carbon_message(scene: Scene, now: datetime) -> dict[str, object] | None:
    """The carbon input: what the file holds of the last two days and the next, or a plausible daily course."""
    if not scene.from_file:
        hours = [now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=h) for h in range(48)]
        return _message([(at, carbon_of_clock(scene, at)) for at in hours], 3600, "kg_per_kwh")
    values = _known(scene, "carbon_kg_per_kwh", now - timedelta(days=2), now + timedelta(days=1))
    return _message(values, scene.trace.step_s, "kg_per_kwh") if values else None


def carbon_of_clock(scene: Scene, at: datetime) -> float:
    """Low at noon, high in the evening, kg CO2 per kWh: the shape of a grid with much solar power."""
    hour = at.astimezone(ZoneInfo(scene.timezone)).hour
    return round(0.24 - 0.09 * math.exp(-(((hour - 13) / 3.5) ** 2)) + 0.06 * math.exp(-(((hour - 20) / 2.5) ** 2)), 4)


def _known(scene: Scene, column: str, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    series = scene.trace.series(column, start, end)  # type: ignore[arg-type]
    found: list[tuple[datetime, float]] = []
    for at, value in series:
        if value is None:
            break
        found.append((at, value))
    return found


def _message(values: list[tuple[datetime, float]], step_s: int, name: str) -> dict[str, object]:
    return {
        "valid_from": values[0][0].isoformat().replace("+00:00", "Z"),
        "step_s": step_s,
        name: [value for _, value in values],
    }
