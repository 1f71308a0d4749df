"""A site that pays for its highest quarter of an hour: the peak is metered, kept, recalled and held."""

import json
import sqlite3
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.daemon import App
from agent.domain.request import Demand
from agent.domain.setpoint import Rung
from simulator.columns import MeasuredColumn
from simulator.traces import Trace
from tests.scenarios.stage import HonestPlanner, Stage, staged

BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)  # a month begins, and London's clocks show UTC
# Of the night tariff's cheap hours a plan without the charge makes 6 kW of load and 3 kW of charging.
CHARGE = "[demand_charge]\nper_kw = 20.0\ninterval_minutes = 15\n"


def load_of_a_workshop() -> Trace:
    """6 kW, a little rough, without a sun."""
    chance, first = Random(4), int(BEGINNING.timestamp())
    loads = [6000.0 + chance.uniform(-100.0, 100.0) for _ in range(24 * 60)]
    return Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})


def site(folder: Path, charge: str = CHARGE) -> AbstractAsyncContextManager[Stage]:
    return staged(folder, trace=load_of_a_workshop(), beginning=BEGINNING, soc_pct=30.0, cloud=charge)


def kept(stage: Stage) -> dict[str, Any]:
    ((body,),) = stage.rows("SELECT body FROM kept WHERE name = 'demand'")
    found: dict[str, Any] = json.loads(body)
    return found


def asked(stage: Stage) -> Demand:
    assert isinstance(stage.planner, HonestPlanner)
    demand = stage.planner.asked[-1].demand
    assert demand is not None
    return demand


def quarters_w(stage: Stage, last: int) -> list[float]:
    """Mean import of the first quarters of an hour."""
    found = []
    for quarter in range(last):
        moments = stage.between(15.0 * quarter, 15.0 * (quarter + 1))
        found.append(sum(max(0.0, moment.site.grid_w) for moment in moments) / len(moments))
    return found


async def restarted(stage: Stage) -> App:
    await stage.app.stop("the agent was told to stop")
    app = stage.build(cloud=CHARGE)
    await stage.start()
    return app


async def abandon(app: App) -> None:
    """What is left of a process that was killed."""
    await app.devices.close()
    await app.store.close()


async def test_cheap_energy_is_not_bought_above_the_peak(tmp_path: Path) -> None:
    async with site(tmp_path) as stage:
        await stage.play(61.0)
        assert stage.at(61.0).rung is Rung.PLAN
        held = quarters_w(stage, 4)
        assert max(held) < 6300.0
        assert asked(stage).charge.per_kw == 20.0
        assert asked(stage).peak_w == pytest.approx(max(held), rel=0.02)
        assert "peak_unknown" not in {kind for kind, _, _ in await stage.events()}
    (tmp_path / "free").mkdir()
    async with site(tmp_path / "free", "") as stage:
        await stage.play(61.0)
        assert max(quarters_w(stage, 4)) > 8800.0


async def test_hours_that_count_reach_the_planner(tmp_path: Path) -> None:
    """Outside of them import is free, and the battery fills as if nothing were charged."""
    hours = '[[demand_charge.window]]\nfrom = "16:00"\nto = "21:00"\nweekdays = ["sunday", "monday"]\n'
    async with site(tmp_path, CHARGE + hours) as stage:
        await stage.play(61.0)
        assert stage.at(61.0).rung is Rung.PLAN
        assert max(quarters_w(stage, 4)) > 8800.0
        assert asked(stage).peak_w == 0.0


async def test_the_peak_and_the_running_interval_survive_a_restart(tmp_path: Path) -> None:
    async with site(tmp_path) as stage:
        await stage.play(52.0)
        before, running_wh = kept(stage), stage.app.meter and stage.app.meter.interval_wh(stage.clock.now())
        app = await restarted(stage)
        assert app.meter is not None
        assert app.meter.document() == json.dumps(before, separators=(",", ":"))
        assert app.meter.interval_wh(stage.clock.now()) == pytest.approx(running_wh, rel=0.05)
        await stage.play(61.0)
        assert asked(stage).peak_w >= before["peak_w"]
        assert "peak_unknown" not in {kind for kind, _, _ in await stage.events()}


async def test_a_peak_that_was_not_kept_is_made_from_what_was_measured(tmp_path: Path) -> None:
    async with site(tmp_path) as stage:
        await stage.play(52.0)
        before = kept(stage)
        await stage.app.store.tidy(stage.clock.now())  # some of it is in the roll-ups by then
        assert stage.rows("SELECT count(*) > 0 FROM rollup WHERE span = 'quarter'") == [(1,)]
        await abandon(stage.app)
        with closing(sqlite3.connect(stage.store)) as connection, connection:
            connection.execute("DELETE FROM kept WHERE name = 'demand'")
        app = stage.build(cloud=CHARGE)
        await stage.start()
        assert app.meter is not None
        assert app.meter.demand(BEGINNING).peak_w == pytest.approx(before["peak_w"], rel=0.01)
        await stage.play(55.0)
        assert "peak_unknown" not in {kind for kind, _, _ in await stage.events()}


async def test_a_peak_that_is_unknown_after_a_crash_is_told_once_and_held_by_what_is_known(tmp_path: Path) -> None:
    """The store is gone in mid-month, and with it the peak and the past."""
    async with site(tmp_path) as stage:
        await stage.play(61.0)
        await abandon(stage.app)
        for name in ("", "-wal", "-shm"):
            Path(f"{stage.store}{name}").unlink(missing_ok=True)
        stage.build(cloud=CHARGE)
        await stage.start()
        assert stage.app.meter is not None
        assert stage.app.meter.demand(BEGINNING).peak_w == 0.0
        await stage.play(121.0)
        told = [text for kind, _, text in await stage.events() if kind == "peak_unknown"]
        assert told == [
            (
                "the month's highest import is not known, since 0 of its 4 intervals of 15 minutes were measured: "
                "for the demand charge it counts as 0.0 kW"
            )
        ]
        assert max(quarters_w(stage, 8)) < 6300.0
        before_w = stage.app.meter.demand(BEGINNING).peak_w
        assert before_w > 1000.0
        app = await restarted(stage)
        assert app.meter is not None
        assert app.meter.demand(BEGINNING).peak_w == pytest.approx(before_w)
        assert [kind for kind, _, _ in await stage.events()].count("peak_unknown") == 1
