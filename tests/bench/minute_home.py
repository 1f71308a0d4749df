"""``python -m tests.bench.minute_home --out DIR``: homes by the minute, for ``backtest --data DIR --settle 60``.

The demo's measured home, whose minutes the simulator draws around its measured hours as the demo plays them, and
synthetic homes of the seeds that are named, which are drawn in minutes: those of ``tests.bench.seeds``.
"""

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.scene import HOME_FILE, home_scene
from simulator.traces import Trace
from site_data.sites_json import read_descriptions
from tests.bench.seeds import SOLD, ZONE, price_at, seed_trace

MINUTE = timedelta(minutes=1)
HEADER = ("timestamp", "load_kw", "pv_kw", "import_price_per_kwh", "carbon_kg_per_kwh")
SEED_CARBON = 0.25

Prices = Callable[[datetime], float]


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    described = {HOME_FILE.stem: home(asked.out)}
    for seed in asked.seeds:
        described[f"seed_{seed}"] = synthetic_home(asked.out, seed, asked.days)
    (asked.out / "sites.json").write_text(json.dumps({"format": 1, "sites": described}, indent=1), "utf-8")
    print(f"{asked.out}: {', '.join(described)}")
    return 0


def home(folder: Path) -> dict[str, Any]:
    """Writes the demo's home, all of its days, and returns what ``sites.json`` says of it."""
    described = read_descriptions(HOME_FILE.parent.parent / "sites.json")[HOME_FILE.stem]
    _write(folder, HOME_FILE.stem, home_scene(days=1).trace, None)
    return {**described, "cadence_min": 1}


def synthetic_home(folder: Path, seed: int, days: int) -> dict[str, Any]:
    """As ``home``: four weeks to learn from and ``days`` days of a seed."""
    zone = ZoneInfo(ZONE)
    _write(folder, f"seed_{seed}", seed_trace(seed, days), lambda at: price_at(at.astimezone(zone).hour))
    return {
        "lat": 52.0,
        "lon": 5.0,
        "timezone": ZONE,
        "cadence_min": 1,
        "currency": "EUR",
        "price": "a tariff",
        "pv_kwp": 4.0,
        "battery": {"capacity_kwh": 10.0, "power_kw": 5.0, "roundtrip": 0.9025, "soc_min": 0.1, "soc_max": 0.95},
        "export_price": [SOLD],
    }


def _write(folder: Path, name: str, trace: Trace, prices: Prices | None) -> None:
    """Every minute of ``trace``; ``prices`` where it has none of its own."""
    (folder / "sites").mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "sites" / f"{name}.csv.gz", "wt", newline="", encoding="utf-8", compresslevel=1) as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(HEADER)
        for i in range((trace.end - trace.start) // MINUTE):
            at = trace.start + MINUTE * i
            now = trace.at(at)
            price = prices(at) if prices is not None else now.import_price_per_kwh
            carbon = SEED_CARBON if prices is not None else now.carbon_kg_per_kwh
            kilowatts = (f"{watts / 1000.0:.4f}" for watts in (now.load_w, now.pv_available_w))
            lines.writerow([at.astimezone(UTC).isoformat(), *kilowatts, price, carbon])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.minute_home", description="Homes by the minute.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of sites that is written")
    parser.add_argument("--seeds", type=int, nargs="*", default=(), metavar="N", help="synthetic homes beside it")
    parser.add_argument("--days", type=int, default=28, metavar="N", help="days of a seed after four weeks of history")
    return parser


if __name__ == "__main__":
    sys.exit(main())
