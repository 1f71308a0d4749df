"""A solar inverter beside the battery that sleeps at night: its power is 0 and the load is known."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drivers.reading import Quality
from simulator.columns import MeasuredColumn
from simulator.faults import Fault, FaultScript
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.server import SimulatedSite
from simulator.traces import Trace
from tests.scenarios.stage import MIDNIGHT, Stage, staged

BEGINNING = datetime(2026, 3, 17, 5, 50, tzinfo=UTC)  # at 51.5 north; the sun passes -1 degree at about 06:10
WAKES, WOKEN_W = 45.0, 700.0  # minute, watts
ROOF = """
[[device]]
name = "roof"
family = "sunspec_hybrid"
roles = ["solar"]
host = "127.0.0.1"
port = {port}
timeout_s = 0.05
"""
SLOW: dict[str, Any] = {"step_s": 60, "hold_s": 240, "stale_s": 150}


@asynccontextmanager
async def with_roof(folder: Path, code: int, wakes: bool) -> AsyncIterator[Stage]:
    """A roof that is asleep from before the start of the agent until its sun comes, if it ever does."""
    first, dark = int(MIDNIGHT.timestamp()), 350 + int(WAKES)
    sun = [0.0] * dark + [WOKEN_W if wakes else 0.0] * (24 * 60 - dark)
    trace = Trace({"load_w": MeasuredColumn(first, 3600, [0.0] * 24), "pv_w": MeasuredColumn(first, 60, sun)})
    clock: list[Stage] = []
    plant = Plant(trace, BatterySpec(1000.0, 1.0, 1.0), 3000.0, lambda: clock[0].clock.now() if clock else BEGINNING)
    asleep = Fault("night_sleep", "inverter", BEGINNING - timedelta(hours=1), 86_400.0, code=code)
    async with SimulatedSite(plant, faults=FaultScript([asleep])) as roof:
        more = ROOF.format(port=roof.inverter_port)
        async with staged(folder, beginning=BEGINNING, more_devices=more, **SLOW) as stage:
            clock.append(stage)
            yield stage


@pytest.mark.parametrize("code", [0, 4, 11])
async def test_a_night_has_a_known_load_and_no_alarm(tmp_path: Path, code: int) -> None:
    async with with_roof(tmp_path, code, wakes=True) as stage:
        await stage.play(WAKES + 20.0)
        for moment in stage.between(0.0, WAKES - 1.0):
            assert (moment.state.pv_w.known, moment.state.load_w.usable) == (0.0, True)
        woken = stage.at(WAKES + 15.0).state
        assert woken.pv_w.quality is Quality.GOOD
        assert woken.pv_w.known == pytest.approx(WOKEN_W, abs=5.0)
        assert not [kind for kind, _, _ in await stage.events() if kind.startswith(("device_lost", "frozen"))]
        rows = stage.rows("SELECT pv_w, load_w, covered_s FROM minute ORDER BY seq")[1:40]
        assert {(pv_w, covered_s) for pv_w, _, covered_s in rows} == {(0.0, 60.0)}
        assert all(load_w == pytest.approx(6000.0, abs=150.0) for _, load_w, _ in rows)


async def test_one_that_is_still_silent_an_hour_after_sunrise_is_lost(tmp_path: Path) -> None:
    async with with_roof(tmp_path, 0, wakes=False) as stage:
        await stage.play(70.0)
        assert not [kind for kind, _, _ in await stage.events() if kind == "device_lost/roof"]
        await stage.play(90.0)
        assert [severity for kind, severity, _ in await stage.events() if kind == "device_lost/roof"] == ["alarm"]
        assert stage.at(90.0).state.load_w.known is None
