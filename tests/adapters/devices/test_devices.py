"""All devices behind one door: the slow delay nobody, and every error becomes an outcome or a trouble."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.adapters.devices.site_devices import Devices
from agent.domain.setpoint import Applied, Clamped, Outcome, Refused, Rung, Setpoint, Unreachable
from drivers import device as driver
from drivers.device import Action, ControlState, SteerResult
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, NotApplied, NotSupported
from drivers.errors import Refused as DeviceRefused
from drivers.reading import Quantity, Reading

NOW = datetime(2026, 3, 17, tzinfo=UTC)


class Meter:
    """Answers with a number that counts its reads; waits for ``gate`` first, raises ``error`` instead."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.closed = False

    async def read(self) -> list[Reading]:
        self.reads += 1
        number = self.reads
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [Reading(Quantity.GRID_W, float(number), 0.0)]

    async def close(self) -> None:
        self.closed = True


class Inverter(Meter):
    """Notes what it is told; raises ``steer_error`` instead."""

    reverts = True
    wears = False
    actions = frozenset({Action.SETPOINT})
    longest_hold_s = math.inf

    def __init__(self, name: str = "inverter") -> None:
        super().__init__(name)
        self.persistent_writes: dict[str, int] = {}
        self.written: ControlState | None = None
        self.holds: dict[str, float] = {}
        self.found = {"mode": 2.0}
        self.recalled: dict[str, float] | None = None
        self.told: list[tuple[object, ...]] = []
        self.steer_error: Exception | None = None
        self.result: SteerResult = driver.Applied(1500.0)
        self.steer_gate = asyncio.Event()
        self.steer_gate.set()

    async def _tell(self, *what: object) -> None:
        await self.steer_gate.wait()
        if self.steer_error is not None:
            raise self.steer_error
        self.told.append(what)

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
        await self._tell("power", battery_w, hold_s)
        self._hold({"watts": battery_w})
        return self.result

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        await self._tell("cap", pv_w, hold_s)
        return driver.Applied(pv_w or 0.0)

    async def in_force(self) -> ControlState:
        return ControlState(dict(self.holds), dict(self.holds))

    async def as_found(self) -> dict[str, float]:
        return self.found

    def recall(self, found: Mapping[str, float]) -> None:
        self.recalled = dict(found)

    async def release(self) -> None:
        await self._tell("release")
        self._hold({})

    def _hold(self, order: dict[str, float]) -> None:
        self.holds = order
        self.written = ControlState(dict(order), dict(order))


def setpoint(battery_w: float | None, cap_w: float | None = None) -> Setpoint:
    return Setpoint(NOW, battery_w, 60.0, Rung.PLAN, "a reason", cap_w)


async def test_a_slow_device_keeps_its_old_values_and_delays_nobody() -> None:
    slow, quick, inverter = Meter("slow"), Meter("quick"), Inverter()
    devices = Devices([slow, quick, inverter], "inverter")
    await devices.read(5.0)
    slow.gate.clear()
    for _ in range(3):
        found = await devices.read(0.1)
    assert found["quick"][Quantity.GRID_W].value == 4.0
    assert found["slow"][Quantity.GRID_W].value == 1.0
    assert slow.reads == 2, "a read that is under way is not asked again"
    slow.gate.set()
    found = await devices.read(5.0)
    assert found["slow"][Quantity.GRID_W].value == 2.0
    assert devices.troubles() == {}
    await devices.close()


async def test_a_device_that_fails_keeps_its_old_values_and_has_a_trouble() -> None:
    meter = Meter("meter")
    devices = Devices([meter, Inverter()], "inverter")
    before = await devices.read(5.0)
    meter.error = NoAnswer("unit 1: no answer")
    found = await devices.read(5.0)
    assert found["meter"] == before["meter"]
    assert devices.troubles() == {"meter": "unit 1: no answer"}
    meter.error = None
    await devices.read(5.0)
    assert devices.troubles() == {}
    await devices.close()


async def test_a_device_that_is_busy_is_in_trouble_at_the_third_time_in_a_row() -> None:
    meter = Meter("meter")
    devices = Devices([meter, Inverter()], "inverter")
    meter.error = DeviceRefused(6, "unit 1: reading")
    for _ in range(2):
        for _ in range(2):
            await devices.read(5.0)
            assert devices.troubles() == {}
        meter.error = None
        await devices.read(5.0)
        meter.error = DeviceRefused(6, "unit 1: reading")
    for _ in range(3):
        await devices.read(5.0)
    assert devices.troubles() == {"meter": "unit 1: reading was refused with exception 6 (device busy)"}
    await devices.close()


async def test_a_device_that_was_never_read_has_no_values() -> None:
    meter = Meter("meter")
    meter.error = LinkDown("no connection")
    devices = Devices([meter, Inverter()], "inverter")
    assert (await devices.read(5.0))["meter"] == {}
    await devices.close()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (LinkDown("no connection"), Unreachable("no connection")),
        (NoAnswer("no answer"), Unreachable("no answer")),
        (BadFrame("torn"), Unreachable("torn")),
        (NotApplied("reads 0"), Refused("reads 0")),
        (NotSupported("takes no setpoint"), Refused("takes no setpoint")),
        (DeviceRefused(6, "writing"), Refused("writing was refused with exception 6 (device busy)")),
        (DriverError("something else"), Refused("something else")),
    ],
)
@pytest.mark.parametrize("battery_w", [1500.0, None])
async def test_every_driver_error_is_an_outcome(error: DriverError, outcome: Outcome, battery_w: float | None) -> None:
    inverter = Inverter()
    devices = Devices([inverter], "inverter")
    inverter.steer_error = error
    assert await devices.steer(setpoint(battery_w)) == outcome


async def test_a_device_that_never_takes_the_setpoint_is_unreachable() -> None:
    inverter = Inverter()
    devices = Devices([inverter], "inverter", steer_deadline_s=0.05)
    inverter.steer_gate.clear()
    outcome = await devices.steer(setpoint(1500.0))
    assert outcome == Unreachable("inverter did not take the setpoint within 0.05 s")
    assert inverter.told == []


async def test_a_setpoint_is_a_power_with_a_hold_time_and_none_is_a_release() -> None:
    inverter = Inverter()
    devices = Devices([inverter], "inverter")
    assert await devices.steer(setpoint(1500.0)) == Applied(1500.0)
    inverter.result = driver.Clamped(1200.0, "its rating")
    assert await devices.steer(setpoint(1500.0)) == Clamped(1200.0, "its rating")
    assert await devices.steer(setpoint(None)) == Applied(None)
    assert inverter.told == [("power", 1500.0, 60.0), ("power", 1500.0, 60.0), ("release",)]


async def test_a_cap_is_set_with_its_setpoint_and_lifted_once() -> None:
    inverter = Inverter()
    devices = Devices([inverter], "inverter")
    for cap_w in (None, 2000.0, 1800.0, None, None):
        await devices.steer(setpoint(0.0, cap_w))
    caps = [told for told in inverter.told if told[0] == "cap"]
    assert caps == [("cap", 2000.0, 60.0), ("cap", 1800.0, 60.0), ("cap", None, 60.0)]


async def test_a_battery_that_cannot_be_steered_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="meter is of a family that cannot be steered"):
        Devices([Meter("meter")], "meter")


async def test_closing_ends_the_reads_under_way_and_closes_everything() -> None:
    slow, inverter = Meter("slow"), Inverter()
    devices = Devices([slow, inverter], "inverter")
    slow.gate.clear()
    await devices.read(0.1)
    async with asyncio.timeout(5.0):
        await devices.close()
    assert slow.closed
    assert inverter.closed


async def test_a_defect_in_one_driver_does_not_take_the_others_with_it() -> None:
    meter, inverter = Meter("meter"), Inverter()
    devices = Devices([meter, inverter], "inverter")
    meter.error = ZeroDivisionError("a defect")
    for _ in range(2):
        found = await devices.read(5.0)
    assert found["inverter"][Quantity.GRID_W].value == 2.0
    assert "a defect" in devices.troubles()["meter"]
    await devices.close()


async def test_a_device_with_a_pace_is_asked_no_more_often_whether_it_answers_or_not() -> None:
    now = [0.0]
    slow, quick = Meter("slow"), Meter("quick")
    devices = Devices([slow, quick], monotonic=lambda: now[0], poll_s={"slow": 5.0})
    for second in range(21):
        now[0] = second + 0.01 * (second % 3)  # a step is never on the dot
        slow.error = NoAnswer("no answer") if second == 10 else None
        found = await devices.read(5.0)
        assert slow.reads == 1 + second // 5
        assert found["slow"][Quantity.GRID_W].value == (slow.reads if second < 10 or second >= 15 else 2.0)
    assert quick.reads == 21
    devices.poll_s = {"slow": 2.0}
    now[0] = 22.0
    await devices.read(5.0)
    assert slow.reads == 6
    await devices.close()


async def test_two_batteries_take_their_shares_side_by_side_and_one_that_fails_is_named() -> None:
    one, other = Inverter("one"), Inverter("other")
    now = [0.0]
    devices = Devices([one, other], "one", "other", monotonic=lambda: now[0])
    shared = replace(setpoint(3000.0), shares=(("one", 1500.0), ("other", 1500.0)))
    assert await devices.steer(shared) == Applied(3000.0)
    now[0] = 10.0
    assert await devices.steer(shared) == Applied(3000.0)
    assert one.told == other.told == [("power", 1500.0, 60.0)], "what is in force is not written again"
    now[0] = 20.0
    other.steer_error = NoAnswer("no answer")
    assert await devices.steer(shared) == Clamped(1500.0, "other: no answer", ("other",))


async def test_a_release_reaches_every_battery_and_counts_only_when_all_took_it() -> None:
    one, other = Inverter("one"), Inverter("other")
    devices = Devices([one, other], "one", "other")
    one.steer_error = NoAnswer("no answer")
    assert await devices.steer(setpoint(None)) == Unreachable("one: no answer")
    assert other.told == [("release",)]
    one.steer_error = None
    assert await devices.steer(setpoint(None)) == Applied(None)
    assert one.told == [("release",)]


async def test_a_battery_without_a_share_is_released_once() -> None:
    one, other = Inverter("one"), Inverter("other")
    devices = Devices([one, other], "one", "other")
    for watts in (1000.0, 1200.0, 1400.0):
        await devices.steer(replace(setpoint(watts), shares=(("one", watts),)))
    assert other.told == [("release",)]


async def test_a_cap_is_parted_among_the_inverters_that_have_sun() -> None:
    one, other = Inverter("one"), Inverter("other")
    devices = Devices([one, other], "one", "other")
    shared = replace(setpoint(0.0, 4000.0), shares=(("one", 0.0), ("other", 0.0)))
    await devices.steer(replace(shared, suns=("one",)))
    assert [told[1] for told in one.told if told[0] == "cap"] == [4000.0]
    assert [told for told in other.told if told[0] == "cap"] == []
    await devices.steer(shared)
    assert [told[1] for inverter in (one, other) for told in inverter.told if told[0] == "cap"] == [
        4000.0,
        2000.0,
        2000.0,
    ]
