"""One use of each library as this project makes it, with whatever is installed."""

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import structlog
from rich.console import Console
from rich.table import Table
from sqlite_utils import Database

import exported_models
from agent.adapters.host.clock import SystemClock
from agent.adapters.host.timetable import Timetable
from agent.adapters.models.onnx_models import open_model
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch
from agent.planning.highs import LinearProgram, solve
from agent.ports import Job
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, regular_site

SHIPPED = Path(exported_models.__file__).parent


def test_a_shipped_model_forecasts() -> None:
    """It passes its own self-test when it is opened."""
    model = open_model(SHIPPED / "consumption", "load_w", CAMBRIDGE, RATED_W)
    (day,) = model.predict(regular_site(CAMBRIDGE), [NOW], 900, 96)
    assert np.isfinite(day).all()
    assert day[len(day) // 2].max() > 2.0 * day[len(day) // 2].min()  # nights of 2 kW, working days of 8


def test_highs_solves() -> None:
    """min x + 2 y with x + y >= 3, 0 <= x <= 2, 0 <= y <= 5: one more unit on the right side takes one more y."""
    columns, rows = np.array([0, 1, 2], dtype=np.int32), np.zeros(2, dtype=np.int32)
    cost, lower, upper = np.array([1.0, 2.0]), np.zeros(2), np.array([2.0, 5.0])
    programme = LinearProgram(cost, lower, upper, np.array([3.0]), np.array([np.inf]), columns, rows, np.ones(2))
    solution = solve(programme, 5.0)
    assert solution.values == pytest.approx([2.0, 1.0])
    assert solution.row_duals == pytest.approx([2.0])


async def test_apscheduler_runs_jobs_again_and_again() -> None:
    runs, thrice = [0], asyncio.Event()

    async def run() -> None:
        runs[0] += 1
        if runs[0] >= 3:
            thrice.set()

    timetable = Timetable([Job("often", 1, run, aligned=True)], SystemClock())
    timetable.start()
    await asyncio.wait_for(thrice.wait(), 10)
    await timetable.stop()


async def test_sqlite_utils_reads_a_store(tmp_path: Path) -> None:
    """For people who look into one: the daemon writes it with the standard library."""
    store = SqliteStore(tmp_path / "site.sqlite3", ZoneInfo("UTC"), lambda: NOW)
    await store.open()
    await store.write(Batch(kept=(("note", "{}"),)))
    await store.close()
    assert [row["body"] for row in Database(tmp_path / "site.sqlite3")["kept"].rows] == ["{}"]


def test_structlog_writes_one_line() -> None:
    said = io.StringIO()
    renderer = structlog.processors.KeyValueRenderer(sort_keys=True)
    log = structlog.wrap_logger(structlog.PrintLogger(said), processors=[renderer], wrapper_class=structlog.BoundLogger)
    log.warning("no_answer", device="meter")
    assert said.getvalue() == "device='meter' event='no_answer'\n"


def test_rich_prints_a_table() -> None:
    table = Table("day", "saved")
    table.add_row("Monday", "1.25")
    said = io.StringIO()
    Console(file=said, width=60).print(table)
    assert "Monday" in said.getvalue()


def test_tzdata_serves_where_the_system_has_no_zones() -> None:
    code = "from zoneinfo import ZoneInfo, TZPATH; assert not TZPATH; print(ZoneInfo('Europe/Berlin').key)"
    environment = {**os.environ, "PYTHONTZPATH": ""}
    answer = subprocess.run((sys.executable, "-c", code), env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout == "Europe/Berlin\n"
