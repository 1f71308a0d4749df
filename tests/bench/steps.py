"""A load that steps up by 2 kW, before each steerable simulated device with the whole agent, on the virtual clock."""

import asyncio
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from drivers.dumps.dump import Dump
from drivers.dumps.dump_file import read_dump
from drivers.registry import FAMILIES
from simulator.columns import MeasuredColumn
from simulator.profiles import PROFILES
from simulator.traces import Trace
from tests.bench.figures import Figure, Samples
from tests.dumps.make import FOLDER
from tests.scenarios.stage import MIDNIGHT, Stage, playing
from tests.site_files import FLAT_TARIFF

TABLE = Path("docs/steps.md")
BEFORE_W, STEP_W = 1100.0, 2000.0
SETTLED_W = 50.0
SOC_PCT, USABLE_WH = 50.0, 40_000.0
STEP_AT, END = 3, 6  # minutes
# What an owner would set in the site file besides what reading the device needs: it has no registers for the window.
OPTIONS: Mapping[str, Mapping[str, object]] = {"sma_tripower": {"steered_by": "setpoint"}}
METER_LAGS_S = (0.0, 5.0)
COLUMNS = {
    "family": "---",
    "simulated": "---",
    "steered by": "---",
    "dead time, s": "---:",
    "ramp, %/s": "---:",
    "meter late, s": "---:",
    "settled after, s": "---:",
    "error at the end, W": "---:",
    "overshoot, W": "---:",
    "writes": "---:",
}
HEAD = f"""# A step of {STEP_W / 1000.0:g} kW, by family

Made by `python -m tests.bench --only steps`: the load of a home rises by {STEP_W:g} W, without sun, under one flat
price, and the agent with its own drivers steers each simulated device on the virtual clock, every second. Dead time
and ramp (of the rating) are those of the simulated device, from an order to its power. Settled is when the grid is
within {SETTLED_W:g} W and stays there for the rest of {END - STEP_AT} minutes; overshoot is the most export meanwhile.
All are seen at the agent's control steps. Writes are the requests that wrote to the device after the step, renewals
included. "Its own rule": the family says so where not each of its devices takes a setpoint. That of Growatt's SPA, SPH
and MIN covers the load whatever discharging was ordered; MOD and TL-XH2 take a power. Deye's covers no more of it than
the newest order allows, and one order is taken in 60 s: what is wanted within a minute of an order comes after it. An
order there is whole amperes of battery current, rounded down so that no limit is passed: at the 400 V of a high-voltage
battery the grid gives up to 400 W of the load, here 3.1 kW become 7 A. MOD and TL-XH2 take whole percent of the rating.

| {" | ".join(COLUMNS)} |
|{"|".join(COLUMNS.values())}|
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the grid did after the step. ``settled_s`` is None where it did not come to rest."""

    settled_s: float | None
    last_w: float
    overshoot_w: float
    writes: int
    dead_time_s: float
    pct_per_s: float
    orders: int


def measure(table: Path = TABLE) -> list[Figure]:
    """One figure a simulated device and lag of the meter, and ``table``, which holds them all."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rows, figures = [], []
    for profile in PROFILES:
        dump = read_dump(FOLDER / f"{profile}.json")
        for lag_s in METER_LAGS_S:
            with tempfile.TemporaryDirectory(prefix="bench-steps-") as folder:
                answer = asyncio.run(answer_of(Path(folder), profile, dump, lag_s))
            rows.append(_row(dump.family, profile, lag_s, answer))
            figures.append(_figure(dump.family, profile, lag_s, answer))
    structlog.reset_defaults()
    table.write_text(HEAD + "\n".join(sorted(rows)) + "\n", "utf-8")
    return figures


async def answer_of(folder: Path, profile: str, dump: Dump, meter_lag_s: float) -> Answer:
    """Play the step before one device."""
    options = {f"options.{name}": value for name, value in {**dump.options, **OPTIONS.get(profile, {})}.items()}
    inverter = {"family": dump.family, "unit_id": dump.unit_id, **options}
    words: dict[str, Any] = {
        "step_s": 1,
        "hold_s": 60,
        "stale_s": 15,
        "import_tariff": FLAT_TARIFF,
        "inverter": inverter,
    }
    stage = Stage(folder, _trace(), SOC_PCT, USABLE_WH, MIDNIGHT, profile)
    # Pauses of a link are waited in real time, which the virtual clock does not know.
    stage.site.link = replace(stage.site.link, settle_s=0.0, answer_s=0.0)
    async with playing(stage, **words):
        stage.site.meter_lag_s = meter_lag_s
        await stage.play(float(STEP_AT))
        written, orders = _requests(stage), len(stage.plant.orders)
        await stage.play(float(END))
        errors_w = [(60.0 * (moment.minute - STEP_AT), moment.site.grid_w) for moment in stage.between(STEP_AT, END)]
        away_s = [at_s for at_s, grid_w in errors_w if abs(grid_w) >= SETTLED_W]
        settled_s = 0.0 if not away_s else next((at_s for at_s, _ in errors_w if at_s > away_s[-1]), None)
        return Answer(
            settled_s,
            errors_w[-1][1],
            max(0.0, -min(grid_w for _, grid_w in errors_w)),
            _requests(stage) - written,
            stage.plant.ramp.dead_time_s,
            stage.plant.ramp.pct_per_s,
            len(stage.plant.orders) - orders,
        )


def _requests(stage: Stage) -> int:
    return sum(len(unit.requests) for unit in stage.site.units.values())


def _trace() -> Trace:
    first = int(MIDNIGHT.timestamp())
    loads = [BEFORE_W] * STEP_AT + [BEFORE_W + STEP_W] * (24 * 60 - STEP_AT)
    return Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})


def _row(family: str, profile: str, lag_s: float, answer: Answer) -> str:
    steering = FAMILIES[family].steering
    assert steering is not None
    by = "setpoint" if FAMILIES[family].feeds_grid else "its own rule"
    settled = "never" if answer.settled_s is None else f"{answer.settled_s:.0f}"
    reaction = f"{answer.dead_time_s:g} | {answer.pct_per_s:g} | {lag_s:g}"
    came = f"{settled} | {answer.last_w:.0f} | {answer.overshoot_w:.0f} | {answer.writes}"
    return f"| `{family}` | {profile} | {by} | {reaction} | {came} |"


def _figure(family: str, profile: str, lag_s: float, answer: Answer) -> Figure:
    span_s = 60.0 * (END - STEP_AT)
    settled_s = span_s if answer.settled_s is None else answer.settled_s
    note = f"overshoot {answer.overshoot_w:.0f} W, {answer.writes} writes"
    note += "" if answer.settled_s is not None else f"; never: {answer.last_w:.0f} W at the end"
    what = f"{profile} ({family}), meter {lag_s:g} s late: a step of {STEP_W:g} W until within {SETTLED_W:g} W"
    return Figure(what, "s", Samples((settled_s,)), note=note)
