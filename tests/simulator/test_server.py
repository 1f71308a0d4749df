"""What a Modbus client sees of the simulated devices: values, refusals, and each kind of fault. Real sockets."""

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from simulator.faults import Fault, FaultScript, Kind
from simulator.listening import PortTaken
from simulator.plant import Plant
from simulator.server import SimulatedSite
from tests.simulator.sites import BEGINNING, Clock, flat_plant

# GEN24 addresses of Fronius' register map, PDU
AC_W, CAP_PCT, CAP_ENABLE, STORAGE_MODE, SOC, OUT_RATE, IN_RATE, REVERSION_S, GRID_CHARGING = (
    *(40083, 40232, 40236, 40348, 40351, 40355, 40356, 40358, 40360),
)
COMMON_ID = 40002


@asynccontextmanager
async def connected(port: int, timeout: float = 2.0, rtu: bool = False) -> AsyncIterator[AsyncModbusTcpClient]:
    framer = FramerType.RTU if rtu else FramerType.SOCKET
    client = AsyncModbusTcpClient("127.0.0.1", port=port, framer=framer, timeout=timeout, retries=0, reconnect_delay=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


async def holding(client: AsyncModbusTcpClient, address: int, count: int = 1, unit_id: int = 1) -> list[int]:
    answer = await client.read_holding_registers(address, count=count, device_id=unit_id)
    assert not answer.isError(), answer
    return list(answer.registers)


async def write(client: AsyncModbusTcpClient, address: int, *words: int) -> int:
    """The exception code of a write, 0 for none."""
    answer = await client.write_registers(address, [word & 0xFFFF for word in words], device_id=1)
    return answer.exception_code if answer.isError() else 0


def script(kind: Kind, device: str = "inverter", **more: float) -> FaultScript:
    """The fault is active from 60 s to 120 s after the beginning."""
    return FaultScript([Fault(kind, device, BEGINNING + timedelta(seconds=60), 60.0, **more)])  # type: ignore[arg-type]


# ---- the GEN24's controls


async def test_rates_are_inert_until_the_mode_is_written() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    async with SimulatedSite(plant, "gen24") as site, connected(site.inverter_port) as client:
        assert await write(client, OUT_RATE, 3000, -3000) == 0
        clock.move(30)
        assert await holding(client, AC_W) == [1000]
        assert plant.band is None
        assert await write(client, STORAGE_MODE, 3) == 0
        clock.move(30)
        assert await holding(client, AC_W) == [4500]
        assert await write(client, OUT_RATE, 2000, -2000) == 0
        clock.move(30)
        assert await holding(client, AC_W) == [4500]
        assert await write(client, STORAGE_MODE, 3) == 0
        clock.move(30)
        assert await holding(client, AC_W) == [4000]
        assert await write(client, STORAGE_MODE, 0) == 0
        clock.move(30)
        assert await holding(client, AC_W) == [1000]


@pytest.mark.parametrize(
    ("mode", "out_pct", "in_pct", "load_w", "pv_w", "battery_w"),
    [
        (2, 0.0, 100.0, 3000.0, 1000.0, 0.0),  # discharge blocked
        (2, 0.0, 100.0, 1000.0, 3000.0, -2000.0),  # and the sun may still charge
        (1, 100.0, 0.0, 1000.0, 3000.0, 0.0),  # charge blocked
        (3, 10.0, 20.0, 3000.0, 1000.0, 500.0),  # both limited
        (3, 10.0, 20.0, 1000.0, 3000.0, -1000.0),
        (2, -30.0, 100.0, 1000.0, 4000.0, -3000.0),  # charging forced to at least 30 %
        (1, 100.0, -30.0, 1000.0, 4000.0, 1500.0),  # discharging forced
        (3, -40.0, 40.0, 1000.0, 0.0, 0.0),  # exact, but the grid may not charge
    ],
)
async def test_the_modes_of_model_124(
    mode: int, out_pct: float, in_pct: float, load_w: float, pv_w: float, battery_w: float
) -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w, pv_w)
    async with SimulatedSite(plant, "gen24") as site, connected(site.inverter_port) as client:
        await write(client, OUT_RATE, round(out_pct * 100), round(in_pct * 100))
        await write(client, STORAGE_MODE, mode)
        clock.move(30)
        await holding(client, AC_W)
        assert plant.state.battery_w == battery_w


async def test_the_cap_of_model_123_needs_its_enable_and_lapses() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    plant.order(0.0, 0.0)  # all of the sun is delivered
    async with SimulatedSite(plant, "gen24") as site, connected(site.inverter_port) as client:
        assert await write(client, CAP_PCT, 1000, 0, 60) == 0
        clock.move(30)
        await holding(client, AC_W)
        assert plant.state.pv_w == 3000.0
        assert await write(client, CAP_ENABLE, 1) == 0
        clock.move(30)
        await holding(client, AC_W)
        assert plant.state.pv_w == 1000.0
        clock.move(45)
        assert await holding(client, CAP_ENABLE) == [0]
        assert plant.state.pv_w == 3000.0


# ---- the 7xx inverter's controls: model 704 lies at 40311 in this chain


async def test_704_restarts_its_timer_and_applies_the_reversion_value() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    async with SimulatedSite(plant) as site, connected(site.inverter_port) as client:
        start = await model_address(client, 704)
        set_battery = [1, 0, 2000, 0, 500, 0, 0, 1, 0, 90]  # WSetMod .. WSetRvrtTms; reverts to 500 W, enabled
        assert await write(client, start + 23, *set_battery) == 0
        assert await write(client, start + 22, 1) == 0
        clock.move(60)
        assert await write(client, start + 24, 0, 2500) == 0
        assert await holding(client, start + 33, 2) == [0, 90]
        clock.move(60)
        assert await holding(client, start + 33, 2) == [0, 30]
        assert plant.state.battery_w == 2500.0
        clock.move(60)
        assert await holding(client, start + 22, 4) == [1, 1, 0, 500]
        assert plant.state.battery_w == 500.0
        assert await write(client, start + 22, 0) == 0
        assert plant.band is None


async def test_704_can_speak_in_percent_and_caps_what_is_delivered() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    async with SimulatedSite(plant) as site, connected(site.inverter_port) as client:
        start = await model_address(client, 704)
        assert await write(client, start + 23, 0) == 0
        assert await write(client, start + 28, -2000) == 0  # -20 % of 10 kW
        assert await write(client, start + 22, 1) == 0
        assert await write(client, start + 15, 500) == 0
        assert await write(client, start + 14, 1) == 0
        clock.move(30)
        await holding(client, start)
        assert (plant.state.battery_w, plant.state.pv_w) == (-2000.0, 2500.0), "2000 W of the sun are charged"
        assert await write(client, start + 14, 0) == 0
        assert plant.cap is None


async def model_address(client: AsyncModbusTcpClient, wanted: int) -> int:
    address = 40002
    while True:
        number, length = await holding(client, address, 2)
        if number == wanted:
            return address
        assert number != 0xFFFF
        address += 2 + length


# ---- refusals


async def test_writes_outside_the_range_or_to_half_a_value_are_refused() -> None:
    plant = flat_plant(Clock())
    async with SimulatedSite(plant) as site, connected(site.inverter_port) as client:
        start = await model_address(client, 704)
        assert await write(client, start + 22, 2) == 3
        assert await write(client, start + 15, 10001) == 3
        assert await write(client, start + 28, 0x8000) == 3
        assert await write(client, start + 25, 7) == 3
        assert await holding(client, start + 22, 4) == [0, 1, 0, 0]


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 2)])
async def test_writes_to_read_only_points_are_ignored_or_refused(strict: bool, code: int) -> None:
    plant = flat_plant(Clock())
    async with SimulatedSite(plant, "gen24", strict_writes=strict) as site, connected(site.inverter_port) as client:
        before = await holding(client, SOC)
        assert await write(client, SOC, 9900) == code
        assert await write(client, 40345, 1) == code  # WChaMax
        assert await holding(client, SOC) == before


async def test_a_single_write_is_echoed_even_when_it_is_ignored() -> None:
    plant = flat_plant(Clock())
    async with SimulatedSite(plant, "gen24") as site, connected(site.inverter_port) as client:
        answer = await client.write_register(SOC, 1234, device_id=1)
        assert answer.registers == [1234]
        assert await holding(client, SOC) == [5000]


async def test_addresses_functions_and_units_that_are_not_there() -> None:
    plant = flat_plant(Clock())
    async with SimulatedSite(plant, "gen24") as site, connected(site.inverter_port) as client:
        assert (await client.read_holding_registers(39999, count=2, device_id=1)).exception_code == 2
        assert (await client.read_holding_registers(40371, count=1, device_id=1)).exception_code == 2
        assert (await client.read_input_registers(40002, count=2, device_id=1)).exception_code == 1
        assert (await client.read_holding_registers(40002, count=2, device_id=77)).exception_code == 11
        assert await holding(client, 40000, 2) == [0x5375, 0x6E53]


async def test_a_taken_port_is_said_and_nothing_is_left_open() -> None:
    async with SimulatedSite(flat_plant(Clock())) as site:
        second = SimulatedSite(flat_plant(Clock()), sdm_port=site.meter_port)
        with pytest.raises(PortTaken, match=f"cannot listen on 127.0.0.1:{site.meter_port}"):
            await second.start()
        assert second._servers == {}


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="'gen25' is not a profile"):
        SimulatedSite(flat_plant(Clock()), "gen25")


# ---- the SDM630


def floats(words: list[int]) -> list[float]:
    return list(struct.unpack(f">{len(words) // 2}f", b"".join(word.to_bytes(2, "big") for word in words)))


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
async def test_the_sdm630_serves_floats_with_its_own_limits(framing: str) -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=9000.0, pv_w=0.0)
    clock.move(3600)
    async with (
        SimulatedSite(plant, sdm_framing=framing) as site,  # type: ignore[arg-type]
        connected(site.sdm_port, rtu=framing == "rtu") as client,
    ):
        answer = await client.read_input_registers(0, count=80, device_id=1)
        found = floats(list(answer.registers))
        assert found[0x34 // 2] == pytest.approx(5000.0)
        assert sum(found[6:9]) == pytest.approx(5000.0)
        assert found[0x46 // 2] == pytest.approx(50.0, abs=0.1)
        assert found[0x48 // 2] == pytest.approx(4215.0, abs=0.01)
        assert found[0x4A // 2] == pytest.approx(1930.0, abs=0.01)
        answer = await client.read_input_registers(0x156, count=2, device_id=1)
        assert floats(list(answer.registers)) == pytest.approx([6145.0], abs=0.01)
        for address, count, code in ((1, 2, 2), (0, 3, 2), (0, 82, 3), (0x180, 2, 2)):
            assert (await client.read_input_registers(address, count=count, device_id=1)).exception_code == code
        assert (await client.read_holding_registers(0, count=2, device_id=1)).exception_code == 1


# ---- faults


@asynccontextmanager
async def faulty(
    faults: FaultScript, clock: Clock, timeout: float = 0.15
) -> AsyncIterator[tuple[Plant, AsyncModbusTcpClient]]:
    plant = flat_plant(clock)
    async with SimulatedSite(plant, "gen24", faults) as site, connected(site.inverter_port, timeout) as client:
        assert await holding(client, AC_W) == [1000 + 2000]  # before the first step the battery rests
        clock.move(30)
        assert await holding(client, AC_W) == [1000]
        clock.move(40)
        yield plant, client


async def test_no_answer() -> None:
    clock = Clock()
    async with faulty(script("no_answer"), clock) as (_, client):
        with pytest.raises(ModbusException):
            await client.read_holding_registers(AC_W, count=1, device_id=1)
        clock.move(60)
        assert await client.connect()
        assert await holding(client, AC_W) == [1000]


async def test_a_late_answer_is_of_its_own_question() -> None:
    clock = Clock()
    async with faulty(script("late_answer", seconds=0.4), clock, timeout=0.25) as (_, client):
        with pytest.raises(ModbusException):
            await client.read_holding_registers(AC_W, count=1, device_id=1)
        assert await client.connect()
        client.ctx.comm_params.timeout_connect = 5.0
        assert await holding(client, COMMON_ID, 2) == [1, 65]  # the first answer has come in between


async def test_sentinels_stand_for_measurements_and_for_nothing_else() -> None:
    clock = Clock()
    async with faulty(script("sentinel"), clock) as (_, client):
        assert await holding(client, AC_W, 2) == [0x8000, 0]
        assert await holding(client, 40093, 2) == [0, 0]  # WH: an accumulator's
        assert await holding(client, STORAGE_MODE) == [0]
        assert await holding(client, SOC) == [0xFFFF]
        assert await holding(client, COMMON_ID, 2) == [1, 65]
        clock.move(60)
        assert await holding(client, AC_W) == [1000]


async def test_frozen_measurements_stay_to_the_last_digit_while_orders_are_obeyed() -> None:
    clock = Clock()
    async with faulty(script("frozen"), clock) as (plant, client):
        before = await holding(client, 40071, 50)
        assert await write(client, OUT_RATE, 3000, -3000) == 0
        assert await write(client, STORAGE_MODE, 3) == 0
        clock.move(40)
        assert await holding(client, 40071, 50) == before
        assert await holding(client, STORAGE_MODE) == [3]
        assert plant.state.battery_w == 1500.0
        clock.move(40)
        assert await holding(client, AC_W) == [4500]


@pytest.mark.parametrize("code", [4, 6])
async def test_refused_writes_and_reads(code: int) -> None:
    clock = Clock()
    async with faulty(script("refused_write", code=code), clock) as (plant, client):
        assert await write(client, STORAGE_MODE, 3) == code
        assert plant.band is None
        assert await holding(client, STORAGE_MODE) == [0]
        clock.move(60)
        assert await write(client, STORAGE_MODE, 3) == 0
    clock = Clock()
    async with faulty(script("refused_read", code=code), clock) as (_, client):
        assert (await client.read_holding_registers(AC_W, count=1, device_id=1)).exception_code == code
        assert await write(client, STORAGE_MODE, 3) == 0


async def test_an_ignored_write_does_not_read_back() -> None:
    async with faulty(script("ignored_write"), Clock()) as (plant, client):
        assert await write(client, STORAGE_MODE, 3) == 0
        assert await holding(client, STORAGE_MODE) == [0]
        assert plant.band is None


async def test_an_unheeded_write_reads_back_and_the_power_does_not_follow() -> None:
    clock = Clock()
    async with faulty(script("unheeded_write"), clock) as (plant, client):
        assert await write(client, OUT_RATE, 3000, -3000) == 0
        assert await write(client, STORAGE_MODE, 3) == 0
        clock.move(20)
        assert await holding(client, STORAGE_MODE) == [3]
        assert await holding(client, AC_W) == [1000]
        assert plant.band is None


async def test_a_wrong_unit_id_comes_back() -> None:
    clock = Clock()
    async with faulty(script("wrong_unit"), clock) as (_, client):
        with pytest.raises(ModbusException):
            await client.read_holding_registers(AC_W, count=1, device_id=1)


@pytest.mark.parametrize("profile", ["gen24", "sunspec7xx"])
async def test_a_reboot_drops_connections_forgets_orders_and_gives_no_power(profile: str) -> None:
    clock = Clock()
    plant = flat_plant(clock)
    async with SimulatedSite(plant, profile, script("reboot")) as site:  # type: ignore[arg-type]
        async with connected(site.inverter_port, 0.3) as client:
            if profile == "gen24":
                assert await write(client, REVERSION_S, 3600) == 0
                assert await write(client, OUT_RATE, 3000, -3000) == 0
                assert await write(client, STORAGE_MODE, 3) == 0
            else:
                start = await model_address(client, 704)
                assert await write(client, start + 24, 0, 1500) == 0
                assert await write(client, start + 22, 1) == 0
            clock.move(59)
            await holding(client, COMMON_ID)
            assert plant.state.battery_w == 1500.0
            clock.move(31)
            with pytest.raises(ModbusException):
                await client.read_holding_registers(COMMON_ID, count=1, device_id=1)
            assert not client.connected
        assert (plant.state.pv_w, plant.state.battery_w, plant.mode()) == (0.0, 0.0, "off")
        assert (plant.orders[-1].ending, plant.orders[-1].ended) == ("reboot", BEGINNING + timedelta(seconds=60))
        clock.move(60)
        async with connected(site.inverter_port) as client:
            if profile == "gen24":
                assert await holding(client, STORAGE_MODE) == [0]
                assert await holding(client, REVERSION_S) == [3600]
            else:
                assert await holding(client, start + 22, 4) == [0, 1, 0, 0]
        assert (plant.state.pv_w, plant.state.battery_w) == (3000.0, -2000.0)


async def test_a_fault_of_one_device_leaves_the_others_alone() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    clock.move(90)
    async with SimulatedSite(plant, "sunspec7xx", script("refused_read", "meter")) as site:
        async with connected(site.meter_port) as client:
            assert (await client.read_holding_registers(40000, count=2, device_id=1)).exception_code == 4
        async with connected(site.inverter_port) as client:
            assert await holding(client, 40000, 2) == [0x5375, 0x6E53]
        async with connected(site.sdm_port) as client:
            assert not (await client.read_input_registers(0x34, count=2, device_id=1)).isError()


async def test_a_battery_that_gives_nothing_still_charges() -> None:
    clock = Clock()
    async with faulty(script("gives_nothing"), clock) as (plant, client):
        assert await write(client, OUT_RATE, 3000, -3000) == 0
        assert await write(client, STORAGE_MODE, 3) == 0
        clock.move(20)
        await holding(client, AC_W)
        assert plant.state.battery_w == 0.0
        assert await write(client, STORAGE_MODE, 0) == 0
        clock.move(20)
        await holding(client, AC_W)
        assert plant.state.battery_w == -2000.0  # the sun that is left over


async def test_gauges_counters_and_powers_that_are_shown_wrong() -> None:
    clock = Clock()
    async with faulty(script("wrong_gauge", share=0.25), clock) as (_, client):
        assert await holding(client, SOC) == [2500]
        clock.move(60)
        assert 5000 <= (await holding(client, SOC))[0] <= 5100
    async with faulty(script("scaled_power", factor=-1.0), Clock()) as (_, client):
        assert await holding(client, AC_W) == [0x10000 - 1000]
    async with faulty(script("zero_counter"), Clock()) as (_, client):
        assert await holding(client, 40093, 2) == [0, 0]


async def test_a_device_sleeps_only_while_there_is_no_sun() -> None:
    async with faulty(script("night_sleep"), Clock()) as (_, client):
        assert await holding(client, AC_W) == [1000]  # there is sun in this plant
