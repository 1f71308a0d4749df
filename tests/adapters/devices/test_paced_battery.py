"""A device that takes one order a minute: it is not asked in between, and its answer does not prolong what stands."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steered_battery import SteeredBattery
from agent.domain.setpoint import Applied, Clamped, Outcome, Rung, Setpoint
from drivers import device as driver
from drivers.device import Action, ControlState, Later, SteerResult
from drivers.errors import NotSupported
from drivers.reading import Reading

NOW = datetime(2026, 3, 17, tzinfo=UTC)
PACE_S = 60.0
WHY = "it takes one order in 60 s"


class Paced:
    """``asked`` is every request, ``taken`` every order that was written: when, and with how many watts."""

    reverts, wears, actions, longest_hold_s = True, False, frozenset({Action.SETPOINT}), math.inf
    persistent_writes: Mapping[str, int] = {}
    written: ControlState | None = None

    def __init__(self, clock: list[float], name: str = "paced", pace_s: float = PACE_S) -> None:
        self.clock, self.name, self.pace_s = clock, name, pace_s
        self.asked: list[str] = []
        self.taken: list[tuple[float, float]] = []
        self.holds: dict[str, float] = {}
        self.wrote_s = -math.inf

    async def read(self) -> list[Reading]:
        return []

    async def close(self) -> None: ...

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult | Later:
        self.asked.append("power")
        left_s = self.wrote_s + self.pace_s - self.clock[0]
        if left_s > 0.0:
            return Later(self.holds.get("watts"), WHY, left_s)
        self.taken.append((self.clock[0], battery_w))
        self._hold({"watts": battery_w})
        return driver.Applied(battery_w)

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        raise NotSupported("no cap")

    async def in_force(self) -> ControlState:
        self.asked.append("look")
        return ControlState(dict(self.holds), {})

    async def as_found(self) -> dict[str, float]:
        return {}

    def recall(self, found: Mapping[str, float]) -> None: ...

    async def release(self) -> None:
        self.asked.append("release")
        self._hold({})

    def _hold(self, order: dict[str, float]) -> None:
        if order != self.holds:
            self.wrote_s = self.clock[0]
        self.holds, self.written = order, ControlState(dict(order), {})


class Stage:
    def __init__(self) -> None:
        self.clock = [0.0]
        self.device = Paced(self.clock)
        self.battery = SteeredBattery(self.device, 5.0, lambda: self.clock[0])

    async def steer(self, at_s: float, battery_w: float | None, hold_s: float = 600.0) -> Outcome:
        self.clock[0] = at_s
        return await self.battery.steer(Setpoint(NOW, battery_w, hold_s, Rung.PLAN, "a reason"))


async def test_it_is_not_asked_while_its_pace_runs_and_takes_what_is_wanted_then() -> None:
    stage = Stage()
    await stage.steer(0.0, 1000.0)
    assert await stage.steer(10.0, 2000.0) == Clamped(1000.0, WHY, later_s=50.0, unchanged=True)
    stage.device.asked.clear()
    for second in range(11, 60):
        outcome = await stage.steer(float(second), 2000.0 + second)
        assert outcome == Clamped(1000.0, WHY, later_s=60.0 - second, unchanged=True)
    assert stage.device.asked == []
    assert await stage.steer(60.0, 0.0) == Applied(0.0)
    assert stage.device.taken == [(0.0, 1000.0), (60.0, 0.0)]


async def test_a_release_is_written_at_once_and_the_next_order_waits_for_the_pace() -> None:
    stage = Stage()
    await stage.steer(0.0, 1000.0)
    await stage.steer(10.0, 0.0)
    assert await stage.steer(11.0, None) == Applied(None)
    assert stage.device.holds == {}
    for second in (12.0, 70.0):
        assert await stage.steer(second, 500.0) == Clamped(None, WHY, later_s=71.0 - second, unchanged=True)
    assert stage.device.asked.count("power") == 3, "the last time it is known"
    assert await stage.steer(71.0, 500.0) == Applied(500.0)


async def test_what_stands_is_not_prolonged_by_orders_that_come_too_soon() -> None:
    stage = Stage()
    await stage.steer(0.0, 1000.0, 80.0)
    lease, ends_s = stage.battery._lease, stage.battery._ends_s
    for second in range(1, 60):
        await stage.steer(float(second), 2000.0, 80.0)
    assert (stage.battery._lease, stage.battery._ends_s) == (lease, ends_s)
    assert ends_s == 80.0
    await stage.steer(60.0, 2000.0, 80.0)
    assert stage.battery._ends_s == 140.0


async def test_one_that_the_device_has_ended_itself_is_asked_for_again() -> None:
    stage = Stage()
    await stage.steer(0.0, 1000.0)
    await stage.steer(10.0, 2000.0)
    stage.device.asked.clear()
    await stage.device.release()
    outcome = await stage.steer(11.0, 2000.0)
    assert outcome == Clamped(None, WHY, later_s=59.0, unchanged=True), "its answer of before does not count any more"
    assert stage.device.asked == ["release", "look", "power"]


async def test_what_was_lost_stays_lost_until_it_could_be_written_again() -> None:
    stage = Stage()
    await stage.steer(0.0, 1000.0)
    stage.device.holds = {"watts": -700.0}
    stage.clock[0] = 10.0
    await stage.battery.look()
    assert stage.battery.lost
    await stage.steer(10.0, 1000.0)
    assert stage.battery.lost
    assert await stage.steer(60.0, 1000.0) == Applied(1000.0)
    assert not stage.battery.lost


async def test_of_two_batteries_one_takes_its_share_now_and_the_other_later() -> None:
    clock = [0.0]
    slow, quick = Paced(clock, "slow"), Paced(clock, "quick", 0.0)
    devices = Devices([slow, quick], "slow", "quick", monotonic=lambda: clock[0])

    async def steer(at_s: float, slow_w: float, quick_w: float) -> Outcome:
        clock[0] = at_s
        shared = Setpoint(NOW, slow_w + quick_w, 600.0, Rung.PLAN, "a reason")
        return await devices.steer(replace(shared, shares=(("slow", slow_w), ("quick", quick_w))))

    assert await steer(0.0, 1000.0, 1000.0) == Applied(2000.0)
    late = Clamped(3000.0, f"slow: {WHY}", later_s=50.0, standing=(("slow", 1000.0),))
    assert await steer(10.0, 2000.0, 2000.0) == late
    assert await steer(11.0, 2000.0, 2000.0) == replace(late, later_s=49.0, unchanged=True)
    assert await steer(60.0, 2000.0, 2000.0) == Applied(4000.0)
    assert [at_s for at_s, _ in quick.taken] == [0.0, 10.0]


async def test_of_two_batteries_that_were_released_the_slow_one_is_left_to_itself_meanwhile() -> None:
    clock = [0.0]
    slow, quick = Paced(clock, "slow"), Paced(clock, "quick", 0.0)
    devices = Devices([slow, quick], "slow", "quick", monotonic=lambda: clock[0])
    order = Setpoint(NOW, 2000.0, 600.0, Rung.PLAN, "a reason", shares=(("slow", 1000.0), ("quick", 1000.0)))
    await devices.steer(order)
    clock[0] = 10.0
    await devices.steer(Setpoint(NOW, None, 0.0, Rung.RELEASE, "released"))
    clock[0] = 20.0
    late = Clamped(1000.0, f"slow: {WHY}", later_s=50.0, standing=(("slow", None),))
    assert await devices.steer(order) == late
    assert slow.holds == {}


@pytest.mark.parametrize("later_s", [0.0, 5.0])
async def test_a_limit_of_the_device_is_no_pace(later_s: float) -> None:
    class Weak(Paced):
        async def set_power(self, battery_w: float, hold_s: float) -> SteerResult | Later:
            await super().set_power(battery_w, hold_s)
            return Later(500.0, "its pace", later_s) if later_s else driver.Clamped(500.0, "its rating")

    clock = [0.0]
    battery = SteeredBattery(Weak(clock, pace_s=0.0), 5.0, lambda: clock[0])
    outcome = await battery.steer(Setpoint(NOW, 900.0, 60.0, Rung.PLAN, ""))
    assert isinstance(outcome, Clamped)
    assert outcome.unchanged == (later_s > 0.0)
    assert (battery._lease is None) == (later_s > 0.0)
