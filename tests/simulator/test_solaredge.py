"""The family ``solaredge_storedge`` meets a simulated Home Hub."""

import struct

import pytest

from drivers.device import Action, Applied, Clamped
from drivers.endpoint import TcpEndpoint
from drivers.errors import LinkDown, NotSupported, Refused
from drivers.identity import Found
from drivers.modbus import Bus
from drivers.reading import Quantity
from drivers.registry import FAMILIES
from simulator.faults import Fault, FaultScript, Kind
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import Met, met

MODE, POLICY, DEFAULT, TIMEOUT, COMMAND = 0xE004, 0xE005, 0xE00A, 0xE00B, 0xE00D
CHARGE, DISCHARGE = 0xE00E, 0xE010
READY = [(DEFAULT, [7]), (MODE, [4]), (TIMEOUT, [300, 0])]
FROM_GRID: dict[str, object] = {"charge_from_grid": True}
VOLATILE: dict[str, object] = {"persistent_setpoints": False, "charge_from_grid": True}


def watts(value: float) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [low, high]


def all_the_time(kind: Kind) -> FaultScript:
    return FaultScript((Fault(kind, "inverter", BEGINNING, 3600.0),))


async def in_use(one: Met) -> None:
    """Under remote control, with the owner's settings remembered."""
    await one.device.as_found()
    await one.device.set_power(-3500, 300)
    one.written()


@pytest.mark.parametrize("profile", ["solaredge", "solaredge_second_block"])
@pytest.mark.parametrize(
    ("load_w", "pv_w", "battery_w", "grid_w"), [(8000.0, 1000.0, 4000.0, 3000.0), (1000.0, 7500.0, -5000.0, 0.0)]
)
async def test_it_reads_as_it_is(profile: str, load_w: float, pv_w: float, battery_w: float, grid_w: float) -> None:
    async with met("solaredge_storedge", profile, load_w=load_w, pv_w=pv_w) as one:
        one.clock.move(600)
        found = await one.values()
        sun_w = one.plant.state.pv_w
        assert found[Quantity.BATTERY_W] == battery_w
        assert found[Quantity.GRID_W] == pytest.approx(grid_w, abs=1)
        assert found[Quantity.GRID_L1_W] == pytest.approx(0.42 * grid_w, abs=1)
        assert found[Quantity.AC_W] == pytest.approx(battery_w + sun_w, abs=1)
        assert found[Quantity.PV_W] == pytest.approx(sun_w, abs=1), "at the DC terminals the battery is in it"
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.01)
        assert found[Quantity.IMPORT_WH] == pytest.approx(2_350_000 + one.plant.counters.import_wh, abs=1)
        assert (found[Quantity.RATED_CHARGE_W], found[Quantity.RATED_DISCHARGE_W]) == (5000.0, 4000.0)
        assert None not in found.values()


async def test_the_export_of_the_meter_is_negative() -> None:
    async with met("solaredge_storedge", "solaredge", load_w=1000.0, pv_w=5000.0, soc_pct=100.0) as one:
        one.clock.move(600)
        found = await one.values()
        assert found[Quantity.GRID_W] == pytest.approx(-4000.0, abs=1)
        current_a = found[Quantity.CURRENT_L1_A]
        assert current_a is not None
        assert current_a < 0


@pytest.mark.parametrize(
    ("power_w", "begin"),
    [
        (-3500.0, [(CHARGE, watts(3500)), (COMMAND, [3])]),
        (1500.0, [(DISCHARGE, watts(1500)), (COMMAND, [4])]),
        (0.0, [(CHARGE, watts(0)), (DISCHARGE, watts(0)), (COMMAND, [7])]),
    ],
)
async def test_what_is_written_for_an_order(power_w: float, begin: list[tuple[int, list[int]]]) -> None:
    async with met("solaredge_storedge", "solaredge", options=FROM_GRID) as one:
        assert await one.device.set_power(power_w, 300) == Applied(power_w)
        assert one.written() == [*READY[:2], (POLICY, [1]), READY[2], *begin]
        assert await one.battery_w(280) == power_w
        assert await one.battery_w(60) == -2000.0, "the command has run out"


async def test_the_charge_policy_is_the_owner_s() -> None:
    async with met("solaredge_storedge", "solaredge") as one:
        result = await one.device.set_power(-3500, 300)
        assert result == Clamped(-3500, "the inverter's AC charge policy lets it charge from the sun only")
        assert one.written() == [*READY, (CHARGE, watts(3500)), (COMMAND, [3])]
        assert await one.battery_w() == -3000.0, "that is the sun"


@pytest.mark.parametrize(("asked_w", "held_w"), [(-9000.0, -5000.0), (9000.0, 4000.0)])
async def test_the_battery_s_own_limits_cut(asked_w: float, held_w: float) -> None:
    async with met("solaredge_storedge", "solaredge", options=FROM_GRID) as one:
        result = await one.device.set_power(asked_w, 300)
        assert isinstance(result, Clamped)
        assert result.battery_w == held_w


async def test_a_release_gives_the_owner_s_settings_back() -> None:
    async with met("solaredge_storedge", "solaredge", options=FROM_GRID) as one:
        await in_use(one)
        await one.device.release()
        given_back = [(DEFAULT, [1]), (TIMEOUT, [3600, 0]), (POLICY, [0]), (MODE, [1])]
        assert one.written() == [(COMMAND, [7]), (CHARGE, watts(5000)), *given_back]
        assert (await one.device.in_force()).order == {}
        assert await one.battery_w() == -2000.0
        await one.device.release()
        assert one.written() == []


async def test_a_command_that_an_earlier_controller_left_is_nobody_s() -> None:
    async with met("solaredge_storedge", "solaredge") as one:
        for address, words in ((MODE, [4]), (POLICY, [1]), (CHARGE, watts(3500)), (COMMAND, [3])):
            one.unit.write(16, address, words)
        one.written()
        assert (await one.device.in_force()).order["Remote command mode"] == 3
        assert "Remote command mode" not in await one.device.as_found()
        await one.device.release()
        assert one.written() == [(COMMAND, [7]), (CHARGE, watts(5000))]
        assert await one.battery_w() == -2000.0


async def test_an_hour_wears_little() -> None:
    async with met("solaredge_storedge", "solaredge", options=FROM_GRID) as one:
        for _ in range(4):
            await one.device.set_power(-2000, 1800)
            one.clock.move(900)
        assert one.device.wears
        once = dict.fromkeys(("default", "mode", "policy", "timeout_s", "charge_w"), 1)
        assert one.unit.wear == {**once, "command": 4}, "an order is renewed by its command alone"
        assert sorted(one.device.persistent_writes.values()) == sorted(one.unit.wear.values())
        assert await one.battery_w(800) == -2000.0


async def test_registers_that_do_not_wear_are_written_each_time() -> None:
    async with met("solaredge_storedge", "solaredge", options=VOLATILE) as one:
        await one.device.set_power(-2000, 300)
        one.written()
        await one.device.set_power(-2000, 300)
        assert one.written() == [READY[2], (CHARGE, watts(2000)), (COMMAND, [3])]
        assert not one.device.wears


async def test_a_profile_that_takes_over_is_seen() -> None:
    """A leader with a time-of-use profile overwrites the mode of its followers."""
    async with met("solaredge_storedge", "solaredge", options=FROM_GRID) as one:
        await in_use(one)
        assert one.device.written == await one.device.in_force()
        one.unit.write(16, MODE, [2])
        assert (await one.device.in_force()).order == {}


@pytest.mark.parametrize("mode", [0, 3])
async def test_a_battery_that_is_off_or_for_backup_is_left_alone(mode: int) -> None:
    async with met("solaredge_storedge", "solaredge") as one:
        one.unit.image.put("mode", mode)
        with pytest.raises(NotSupported, match=f"control mode reads {mode}: the owner keeps the battery off or for"):
            await one.device.set_power(-2000, 300)
        assert one.written() == []


async def test_ratings_that_nobody_tells_hold_every_order_back() -> None:
    async with met("solaredge_storedge", "solaredge") as one:
        one.unit.image.put("most_charge_w", None)
        with pytest.raises(NotSupported, match="give rated_charge_w and rated_discharge_w in the site file"):
            await one.device.set_power(-2000, 300)
        assert one.written() == []


async def test_the_site_file_may_tell_the_ratings() -> None:
    options: dict[str, object] = {"rated_charge_w": 2500.0}
    async with met("solaredge_storedge", "solaredge", options=options) as one:
        one.unit.image.put("most_charge_w", None)
        result = await one.device.set_power(-3500, 300)
        assert isinstance(result, Clamped)
        assert result.battery_w == -2500.0


async def test_limits_are_opened_also_when_the_battery_has_fallen_silent() -> None:
    async with met("solaredge_storedge", "solaredge") as one:
        one.unit.write(16, MODE, [4])
        await one.device.as_found()
        await one.device.set_power(0, 300)
        one.unit.image.put_all({"most_charge_w": None, "most_discharge_w": None})
        one.clock.move(10)
        one.written()
        await one.device.release()
        assert one.written() == [(CHARGE, watts(5000)), (DISCHARGE, watts(4000)), (DEFAULT, [1]), (TIMEOUT, [3600, 0])]
        assert await one.battery_w() == -2000.0


async def test_the_lowest_float_is_missing() -> None:
    async with met("solaredge_storedge", "solaredge", faults=all_the_time("sentinel")) as one:
        found = await one.values()
        assert [found[quantity] for quantity in (Quantity.BATTERY_W, Quantity.SOC_PCT, Quantity.PV_W)] == [None] * 3


async def test_a_refused_write_is_told() -> None:
    async with met("solaredge_storedge", "solaredge", faults=all_the_time("refused_write")) as one:
        with pytest.raises(Refused, match="exception 4"):
            await one.device.set_power(-2000, 300)


async def test_a_second_client_is_hung_up_on() -> None:
    async with met("solaredge_storedge", "solaredge") as one:
        await one.values()
        bus = one.device._transport._bus  # type: ignore[attr-defined]  # the port is known to it alone
        second = Bus(TcpEndpoint("127.0.0.1", bus.endpoint.port), timeout_s=0.5, retries=0).transport(1)
        with pytest.raises(LinkDown):
            await second.read(FAMILIES["solaredge_storedge"].identity.spans[0])  # type: ignore[union-attr]
        await second.close()
        assert Quantity.BATTERY_W in await one.values()


async def test_it_is_recognised() -> None:
    identity = FAMILIES["solaredge_storedge"].identity
    assert identity is not None
    async with met("solaredge_storedge", "solaredge") as one:
        transport = one.device._transport
        words = {span.address + i: word for span in identity.spans for i, word in enumerate(await transport.read(span))}
    assert identity.recognise({"holding": words}) == Found("SolarEdge", "SE10K-RWS", "7F123456", "0004.0018.0518")


def test_it_says_what_it_can() -> None:
    family = FAMILIES["solaredge_storedge"]
    assert family.steering is not None
    assert family.steering.actions == set(Action) - {Action.CURTAIL}
    assert (family.link.ports, family.link.single_client) == ((1502, 502), True)
