"""A folder of measured sites as the backtest reads it, made for tests."""

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import cos, pi
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HEADER = ("timestamp", "load_kw", "pv_kw", "import_price_per_kwh", "carbon_kg_per_kwh")
DESCRIBED: dict[str, Any] = {
    "lat": 50.0,
    "lon": 4.0,
    "timezone": "Europe/Brussels",
    "cadence_min": 60,
    "currency": "EUR",
    "price": "a tariff",
    "pv_kwp": 5,
    "battery": {"capacity_kwh": 10, "power_kw": 4, "roundtrip": 0.81, "soc_min": 0.1, "soc_max": 0.9},
    "export_price": [0.05, 0.0],
}

Cells = Sequence[object]


def hour(index: int) -> Cells:
    """One hour of a house: more load in the evening, sun at noon, three prices that are the same every day."""
    of_day = index % 24
    load = 1.0 + 0.3 * (index % 7) / 7 + (1.5 if 17 <= of_day < 22 else 0.0)
    sun = max(0.0, 3.0 * cos((of_day - 12) * pi / 12)) * (0.5 + 0.5 * ((index // 24) % 3) / 2)
    price = 0.1 if of_day < 5 else 0.5 if 17 <= of_day < 21 else 0.25
    return (load, round(sun, 3), price, 0.2)


def write(
    folder: Path,
    days: int = 16,
    names: Sequence[str] = ("house",),
    row: Callable[[int], Cells] = hour,
    cadence_min: int = 60,
    **changed: object,
) -> Path:
    """``folder`` with the same site under every name; ``changed`` goes over sites.json, None leaves out."""
    described = {k: v for k, v in {**DESCRIBED, "cadence_min": cadence_min, **changed}.items() if v is not None}
    (folder / "sites").mkdir(parents=True, exist_ok=True)
    (folder / "sites.json").write_text(json.dumps({"format": 1, "sites": dict.fromkeys(names, described)}))
    step = timedelta(minutes=cadence_min)
    lines = [",".join(HEADER)]
    for index in range(days * 24 * 60 // cadence_min):
        at = (START + step * index).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(",".join([at, *("" if cell is None else str(cell) for cell in row(index))]))
    for name in names:
        write_lines(folder, name, lines)
    return folder


def write_lines(folder: Path, name: str, lines: Sequence[str]) -> None:
    with gzip.open(folder / "sites" / f"{name}.csv.gz", "wt") as file:
        file.write("\n".join(lines) + "\n")
