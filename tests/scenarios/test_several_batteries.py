"""Two hybrid inverters behind one meter: steered as one, shared by headroom, one of them lost and found again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.domain.setpoint import Rung
from simulator.columns import MeasuredColumn
from simulator.faults import Fault, FaultScript
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.server import SimulatedSite
from simulator.traces import Moment, Trace
from tests import site_files
from tests.scenarios.stage import LOAD_W, MIDNIGHT, Stage, heavy_night

USABLE_WH, SECOND_W = 40_000.0, 4000.0
FURTHER = f"""
[[battery.further]]
device = "inverter_2"
usable_wh = {USABLE_WH}
charge_w = {SECOND_W}
discharge_w = {SECOND_W}
"""
SECOND_INVERTER = """
[[device]]
name = "inverter_2"
family = "sunspec_hybrid"
roles = ["battery"]
host = "127.0.0.1"
port = {port}
timeout_s = 0.1
"""


class Beside(Trace):
    """A load that another battery on the same busbar covers a part of, as the first inverter and the meter see it."""

    def __init__(self, whole: Trace, other: Plant) -> None:
        super().__init__(whole.columns)
        self._other = other

    def at(self, when: datetime) -> Moment:
        moment = super().at(when)
        return replace(moment, load_w=moment.load_w - self._other.advance(when).battery_w)


@dataclass
class Pair:
    """The stage with its own inverter, and the second one beside it. Faults of both are scripted alike."""

    stage: Stage
    second: Plant
    second_faults: FaultScript

    def fault(self, kind: Any, device: str, minute: float, minutes: float) -> None:
        faults = self.second_faults if device == "inverter_2" else self.stage.faults
        faults.add(Fault(kind, "inverter", MIDNIGHT + timedelta(minutes=minute), 60.0 * minutes))

    def powers_w(self) -> tuple[float, float]:
        """What both batteries really deliver now."""
        return self.stage.plant.bring_to_now().battery_w, self.second.bring_to_now().battery_w


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[Pair]:
    """70 % in the first and 50 % in the second, and a load between what one and what both can cover."""
    stage = Stage(folder, heavy_night(), 70.0, USABLE_WH, MIDNIGHT)
    first = int(MIDNIGHT.timestamp())
    nothing = Trace(
        {"load_w": MeasuredColumn(first, 3600, [0.0] * 24), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)}
    )
    second = Plant(nothing, BatterySpec(USABLE_WH, SECOND_W, SECOND_W), 1.0, stage.clock.now, soc_pct=50.0)
    stage.plant.trace = Beside(stage.plant.trace, second)
    faults = FaultScript()
    async with stage.site, SimulatedSite(second, faults=faults) as other:
        more = {"further": FURTHER, "more_devices": SECOND_INVERTER.format(port=other.inverter_port)}
        stage.build(import_tariff=site_files.FLAT_TARIFF, **more)
        await stage.start()
        try:
            yield Pair(stage, second, faults)
        finally:
            await stage.app.stop("the scenario ends")
        stage.plant.bring_to_now()


async def test_both_are_steered_as_one_and_shared_by_headroom(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.stage.play(6.0)
        first_w, second_w = both.powers_w()
        assert both.stage.at(6.0).rung is Rung.PLAN
        assert first_w + second_w == pytest.approx(LOAD_W, abs=250.0)
        # 60 points above the reserve in the first and 40 in the second
        assert first_w / second_w == pytest.approx(1.5, rel=0.05)
        assert both.stage.plant.mode().startswith("setpoint")
        assert both.second.mode().startswith("setpoint")


@pytest.mark.parametrize(
    ("kind", "lost", "left_w"),
    [("no_answer", "inverter_2", LOAD_W), ("reboot", "inverter_2", LOAD_W), ("reboot", "inverter", SECOND_W)],
)
async def test_one_that_dies_is_replaced_within_the_limits_of_the_other(
    tmp_path: Path, kind: str, lost: str, left_w: float
) -> None:
    async with pair(tmp_path) as both:
        both.fault(kind, lost, 5.1, 6.0)
        await both.stage.play(10.5)
        powers = dict(zip(("inverter", "inverter_2"), both.powers_w(), strict=True))
        left = "inverter" if lost == "inverter_2" else "inverter_2"
        assert powers[left] == pytest.approx(left_w, abs=250.0)
        assert all(moment.rung is Rung.PLAN for moment in both.stage.between(1.3, 10.5))
        await both.stage.play(16.0)
        first_w, second_w = both.powers_w()
        assert first_w / second_w == pytest.approx(1.5, rel=0.06)
        events = [kind for kind, severity, _ in await both.stage.events() if severity == "alarm"]
        assert events.count(f"device_lost/{lost}") == 1
        assert "setpoint_failed" not in events


async def test_one_that_refuses_its_share_is_named_once_and_taken_up_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        both.fault("refused_write", "inverter_2", 5.1, 6.0)
        await both.stage.play(10.5)
        assert both.powers_w()[0] == pytest.approx(LOAD_W, abs=250.0)
        await both.stage.play(16.0)
        first_w, second_w = both.powers_w()
        assert first_w / second_w == pytest.approx(1.5, rel=0.06)
        told = [
            (level, text) for kind, level, text in await both.stage.events() if kind == "setpoint_failed/inverter_2"
        ]
        assert [level for level, _ in told] == ["alarm", "info"]
        assert told[0][1].startswith("inverter_2: ")


@pytest.mark.parametrize(("kind", "told"), [("no_answer", "device_lost"), ("sentinel", "battery_power_missing")])
async def test_one_that_is_left_out_for_long_is_an_alarm_that_stands(tmp_path: Path, kind: str, told: str) -> None:
    """The other one goes on, so nothing else would show it. "sentinel": its inverter answers, its battery is away."""
    async with pair(tmp_path) as both:
        both.fault(kind, "inverter_2", 3.1, 10.0)
        await both.stage.play(12.0)
        assert both.powers_w()[0] == pytest.approx(LOAD_W, abs=250.0)
        standing = {(one.kind, one.subject) for one in both.stage.app.outlet.view.alarms}
        assert (told, "inverter_2") in standing
        assert {subject for _, subject in standing} == {"inverter_2"}
        assert ("soc_missing", "inverter_2") not in standing, "one cause, one alarm"
        await both.stage.play(15.0)
        assert both.stage.app.outlet.view.alarms == ()
        events = [severity for kind, severity, _ in await both.stage.events() if kind == f"{told}/inverter_2"]
        assert events == ["alarm", "info"]


async def test_both_are_released_at_the_end(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        await both.stage.play(3.0)
    for plant in (both.stage.plant, both.second):
        assert plant.mode() == "self-consumption"
        assert plant.orders[-1].ending == "released"


async def test_the_other_is_released_at_the_end_when_one_does_not_answer(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        both.fault("no_answer", "inverter", 2.9, 60.0)
        await both.stage.play(3.0)
    assert both.second.mode() == "self-consumption"
    assert both.second.orders[-1].ending == "released"
