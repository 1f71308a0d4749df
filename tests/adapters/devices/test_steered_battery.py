"""What a steered battery remembers, sees and holds back, with a device that does as it is told."""

import asyncio
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from agent.adapters.devices.steered_battery import SteeredBattery
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Applied, Refused, Rung, Setpoint, Unreachable
from agent.ports import StoreFailure
from drivers import device as driver
from drivers.device import Action, ControlState, SteerResult
from drivers.errors import NoAnswer, NotSupported
from drivers.reading import Reading

NOW = datetime(2026, 3, 17, tzinfo=UTC)
OWNERS = {"mode": 3.0, "limit": 60.0}


class Inverter:
    """Holds an order, tells what it was told, and fails when it is made to."""

    name, reverts, wears = "inverter", True, False
    actions, longest_hold_s = frozenset({Action.SETPOINT}), math.inf
    persistent_writes: Mapping[str, int] = {}

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.holds: dict[str, float] = {}
        self.written: ControlState | None = None
        self.silent = False
        self.write_fails = self.only_reads_fail = False
        self.recalled: dict[str, float] | None = None
        self.held_s: list[float] = []

    async def read(self) -> list[Reading]:
        return []

    async def close(self) -> None: ...

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
        self.held_s.append(hold_s)
        self._hold("power", {"watts": battery_w})
        return driver.Applied(battery_w)

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        raise NotSupported("no cap")

    async def in_force(self) -> ControlState:
        if self.silent:
            raise NoAnswer("silent")
        return ControlState(dict(self.holds), {})

    async def as_found(self) -> dict[str, float]:
        self.log.append("found")
        return OWNERS

    def recall(self, found: Mapping[str, float]) -> None:
        self.recalled = dict(found)

    async def release(self) -> None:
        self._hold("released", {})

    def _hold(self, word: str, order: dict[str, float]) -> None:
        self.written = None
        if (self.silent and not self.only_reads_fail) or self.write_fails:
            raise NoAnswer("silent")
        self.log.append(word)
        self.holds, self.written = order, ControlState(dict(order), {})


class Stage:
    """``log`` is what happened, in order: reads of what was found, kept documents, writes."""

    def __init__(self, document: str | None = None) -> None:
        self.log: list[str] = []
        self.documents: list[str] = []
        self.failure: Exception | None = None
        self.delay_s = 0.0
        self.now_s = 0.0
        self.inverter = Inverter(self.log)
        self.memory = SteeringMemory(self.write)
        self.memory.recall(document)
        terms = SteeringTerms("at 1", WriteBudget(), self.memory, lambda: NOW)
        self.battery = SteeredBattery(self.inverter, 5.0, lambda: self.now_s, terms)

    async def write(self, document: str) -> None:
        await asyncio.sleep(self.delay_s)
        if self.failure is not None:
            raise self.failure
        self.log.append("kept")
        self.documents.append(document)

    async def steer(self, battery_w: float | None) -> object:
        return await self.battery.steer(Setpoint(NOW, battery_w, 60.0, Rung.PLAN, "a reason"))

    async def look(self, seconds_later: float = 5.0) -> None:
        self.now_s += seconds_later
        await self.battery.look()


async def test_what_was_found_is_kept_before_the_first_write_and_once() -> None:
    stage = Stage()
    await stage.steer(1000.0)
    await stage.steer(1500.0)
    assert stage.log == ["found", "kept", "power", "power"]
    kept = json.loads(stage.documents[0])["at 1"]
    assert (kept["steering"], kept["found"]) == (True, OWNERS)
    await stage.steer(None)
    await stage.memory.settle(1.0)
    assert stage.log[4:] == ["released", "kept"]
    assert json.loads(stage.documents[1])["at 1"]["steering"] is False


async def test_a_release_comes_whole_after_the_order_that_is_under_way() -> None:
    stage = Stage()
    stage.delay_s = 0.05
    await asyncio.gather(stage.steer(1000.0), stage.steer(None))
    assert [word for word in stage.log if word in ("power", "released")] == ["power", "released"]
    assert stage.inverter.holds == {}


async def test_it_is_read_anew_each_time_the_battery_was_given_back() -> None:
    stage = Stage()
    for _ in range(2):
        await stage.steer(1000.0)
        await stage.steer(None)
    assert stage.log.count("found") == 2


@pytest.mark.parametrize("first", [None, 1000.0])
async def test_what_an_earlier_process_found_is_given_back_and_not_what_it_left(first: float | None) -> None:
    before = Stage()
    await before.steer(1000.0)
    after = Stage(before.documents[-1])
    await after.steer(first)
    assert after.inverter.recalled == OWNERS
    assert "found" not in after.log


async def test_what_was_given_back_in_order_is_nobodys_any_more() -> None:
    before = Stage()
    await before.steer(1000.0)
    await before.steer(None)
    await before.memory.settle(1.0)
    after = Stage(before.documents[-1])
    await after.steer(None)
    assert after.inverter.recalled is None
    assert "found" in after.log


@pytest.mark.parametrize("document", ["", "no json", "[]", '{"at 1": 3}', '{"at 1": {"steering": true, "found": 7}}'])
async def test_a_document_that_cannot_be_read_is_none(document: str) -> None:
    stage = Stage(document)
    assert await stage.steer(1000.0) == Applied(1000.0)
    assert stage.inverter.recalled is None


async def test_a_store_that_fails_is_told_and_steered_without() -> None:
    stage = Stage()
    stage.failure = StoreFailure("the disk is full")
    assert await stage.steer(1000.0) == Applied(1000.0)
    assert stage.memory.trouble == "what was found at the steered devices is not kept: the disk is full"
    stage.failure = None
    await stage.steer(None)
    await stage.memory.settle(1.0)
    assert stage.memory.trouble is None


async def test_a_store_that_hangs_does_not_hold_up_the_battery() -> None:
    stage = Stage()
    stage.delay_s = 30.0
    async with asyncio.timeout(4.0):
        assert await stage.steer(1000.0) == Applied(1000.0)
        assert await stage.steer(None) == Applied(None)
    assert stage.log == ["found", "power", "released"]


async def test_a_failed_look_says_nothing() -> None:
    stage = Stage()
    await stage.steer(1000.0)
    stage.inverter.silent = True
    await stage.look()
    assert not stage.battery.lost
    assert stage.battery.foreign is None


async def test_a_write_that_failed_leaves_nothing_to_compare_with() -> None:
    stage = Stage()
    await stage.steer(1000.0)
    stage.inverter.write_fails = True
    assert isinstance(await stage.steer(2000.0), Unreachable)
    stage.inverter.write_fails, stage.inverter.holds = False, {"watts": 2000.0}
    await stage.look()
    assert stage.battery.foreign is None


async def test_a_lapsed_order_is_lost_and_what_was_found_is_no_stranger() -> None:
    for holds in ({}, {"limit": 60.0}):
        stage = Stage()
        await stage.steer(1000.0)
        stage.inverter.holds = dict(holds)
        await stage.look()
        assert stage.battery.lost
        assert stage.battery.foreign is None
        await stage.steer(1000.0)
        assert not stage.battery.lost


async def test_a_release_is_tried_though_nothing_can_be_read() -> None:
    stage = Stage()
    await stage.steer(1000.0)
    stage.inverter.silent, stage.inverter.only_reads_fail = True, True
    assert await stage.steer(None) == Applied(None)
    assert stage.inverter.holds == {}


async def test_who_takes_a_battery_that_we_had_given_back_is_told_of_and_not_undone() -> None:
    stage = Stage()
    await stage.steer(None)
    stage.inverter.holds = {"watts": -700.0}
    await stage.look()
    assert stage.battery.foreign is not None
    assert not stage.battery.lost
    for _ in range(2):
        await stage.look()
    assert stage.battery.left_alone is not None, "the third time, also without a write of ours"


async def test_it_is_looked_at_every_five_seconds_and_before_each_write() -> None:
    stage = Stage()
    await stage.steer(1000.0)
    stage.inverter.holds = {"watts": -700.0}
    await stage.look(1.0)
    assert stage.battery.lost
    told = "something else steers this battery: inverter holds watts -700, and what we wrote was watts 1000"
    assert stage.battery.foreign == told
    await stage.steer(1000.0)
    stage.inverter.holds = {"watts": -700.0}
    await stage.look(4.0)
    assert not stage.battery.lost, "not yet"
    await stage.steer(1500.0)
    stage.inverter.holds = {"watts": -700.0}
    refused = await stage.steer(1500.0)
    assert isinstance(refused, Refused), "the third time"
    assert refused.reason == f"left alone for ten minutes: {stage.battery.foreign}"
    writes = list(stage.log)
    assert isinstance(await stage.steer(None), Refused), "not even a release"
    assert stage.log == writes
    stage.now_s += 600.0
    assert await stage.steer(1500.0) == Applied(1500.0)


async def test_a_lease_is_never_longer_than_the_device_keeps_it() -> None:
    log: list[str] = []
    inverter = Inverter(log)
    inverter.longest_hold_s = 30.0
    now = [0.0]
    battery = SteeredBattery(inverter, 5.0, lambda: now[0])
    setpoint = Setpoint(NOW, 1500.0, 600.0, Rung.PLAN, "")
    await battery.steer(setpoint)
    now[0] = 7.0
    assert battery.holds(setpoint)
    now[0] = 7.5
    assert not battery.holds(setpoint)
    assert await battery.steer(setpoint) == Applied(1500.0)
    assert inverter.held_s == [30.0, 30.0]
