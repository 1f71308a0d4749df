"""A small folder of measured sites, written for a test."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

START = datetime(2023, 5, 1, tzinfo=UTC)
DESCRIBED = {"lat": 52.2, "lon": 0.12, "timezone": "Europe/London", "cadence_min": 60, "pv_kwp": 10.0}


def write_folder(folder: Path, sites: Mapping[str, Mapping[str, Any]], tables: Mapping[str, str]) -> Path:
    """``sites.json`` with ``sites`` and a packed CSV file for each of ``tables``."""
    (folder / "sites").mkdir(parents=True, exist_ok=True)
    (folder / "sites.json").write_text(json.dumps({"sites": sites}))
    for name, table in tables.items():
        with gzip.open(folder / "sites" / f"{name}.csv.gz", "wt", newline="") as file:
            file.write(table)
    return folder


def table_of(columns: Mapping[str, Sequence[object]]) -> str:
    """CSV text of columns, hourly from START."""
    steps = len(next(iter(columns.values())))
    times = [(START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in range(steps)]
    lines = [",".join(["timestamp", *columns])]
    lines += [
        ",".join([at, *map(str, row)]) for at, row in zip(times, zip(*columns.values(), strict=True), strict=True)
    ]
    return "\n".join(lines) + "\n"


def workshop(days: int, seed: int = 1) -> dict[str, list[float]]:
    """A load with working hours and an array under changing skies, kW, with a weather model's word."""
    random = np.random.default_rng(seed)
    hour = np.arange(days * 24)
    work = (hour % 24 >= 8) & (hour % 24 < 18) & ((hour // 24) % 7 < 5)
    load = 2.0 + 6.0 * work + 0.4 * random.normal(size=hour.size)
    sun = np.maximum(0.0, np.sin((hour % 24 - 4.0) * np.pi / 16.0)) * (hour % 24 >= 4) * (hour % 24 < 20)
    light = sun * np.repeat(random.uniform(0.2, 1.0, days), 24)
    temperature = 12.0 + 5.0 * sun + random.normal(size=hour.size)
    return {
        "load_kw": np.maximum(load, 0.1).round(4).tolist(),
        "pv_kw": (8.0 * light).round(4).tolist(),
        "wm_temperature_c": temperature.round(3).tolist(),
        "wm_poa_direct_w_m2": (600.0 * light).round(2).tolist(),
        "wm_poa_diffuse_w_m2": (200.0 * light).round(2).tolist(),
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_workshops(folder: Path, names: Sequence[str], described: Mapping[str, Any], days: int) -> Path:
    """Sites of one description, each with a weather of its own that was measured as it was foretold."""
    tables = {}
    for seed, name in enumerate(names):
        columns = workshop(days, seed)
        columns["temperature_c"] = columns["wm_temperature_c"]
        columns["ghi_w_m2"] = columns["wm_poa_direct_w_m2"]
        tables[name] = table_of(columns)
    return write_folder(folder, dict.fromkeys(names, described), tables)
