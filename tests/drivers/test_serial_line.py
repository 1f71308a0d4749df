"""Several units on one serial line: simulated devices behind a real RTU server, over pseudo-terminals."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import cycle

import pytest

from drivers import registry
from drivers.device import Span
from drivers.endpoint import Parity, SerialEndpoint
from drivers.errors import BadFrame, DriverError, NoAnswer
from drivers.modbus import Bus
from drivers.reading import Quantity
from simulator.faults import Device, Fault, FaultScript, Kind
from simulator.null_modem import NullModem, Spoil, unspoiled
from simulator.server import SimulatedSite
from tests.drivers.wire import VirtualClock
from tests.simulator.sites import BEGINNING, Clock, flat_plant

SERIAL = {"inverter": (1, "sunspec_hybrid"), "meter": (2, "sunspec_meter"), "sdm630": (3, "sdm630")}
MARKER = Span("holding", 40000, 2)  # "SunS" at the inverter and the meter
SUNS = [0x5375, 0x6E53]
VOLTS = Span("input", 0, 2)  # of the SDM630, and nothing that changes


@asynccontextmanager
async def line(
    faults: FaultScript | None = None,
    *,
    to_near: Spoil = unspoiled,
    echoes: bool = False,
    echo: bool = False,
    timeout_s: float = 0.3,
    clock: VirtualClock | None = None,
) -> AsyncIterator[tuple[Bus, NullModem, SimulatedSite]]:
    """A bus on one end of a cable and a simulated site on its other. The pauses are on a virtual clock."""
    clock = clock or VirtualClock()
    async with (
        SimulatedSite(flat_plant(Clock()), "gen24", faults) as site,
        NullModem(to_near=to_near, echoes=echoes) as modem,
    ):
        await site.join_line(modem.far)
        endpoint = SerialEndpoint(modem.near, 9600, echo=echo)
        bus = Bus(
            endpoint,
            timeout_s=timeout_s,
            monotonic=clock.monotonic,
            sleep=clock.sleep,
            jitter=lambda: 1.0,
        )
        yield bus, modem, site
        bus._hang_up()


def always(device: Device, kind: Kind, **more: float) -> FaultScript:
    return FaultScript([Fault(kind, device, BEGINNING - timedelta(hours=1), 1e6, **more)])  # type: ignore[arg-type]


async def test_three_devices_of_three_families_share_one_line() -> None:
    async with line() as (bus, _, site):
        devices = {
            name: registry.build(family, name, bus.transport(unit_id), {}) for name, (unit_id, family) in SERIAL.items()
        }
        found = {name: {one.quantity: one.value for one in await device.read()} for name, device in devices.items()}
        state = site.plant.state
        assert found["inverter"][Quantity.SOC_PCT] == pytest.approx(state.soc_pct, abs=0.01)
        assert found["meter"][Quantity.GRID_W] == pytest.approx(state.grid_w, abs=1.0)
        assert found["sdm630"][Quantity.GRID_W] == pytest.approx(state.grid_w, abs=1.0)


async def test_silent_units_take_about_a_tenth_of_a_line() -> None:
    """Three are asked every second for ten minutes; after each silence the line waits for a late answer."""
    clock = VirtualClock()
    faults = FaultScript([*always("meter", "no_answer").faults, *always("sdm630", "no_answer").faults])
    async with line(faults, timeout_s=0.1, clock=clock) as (bus, _, _):
        dead, alive = (bus.transport(2), bus.transport(3)), bus.transport(1)
        begun = clock.now
        while clock.now < begun + 600.0:
            second = clock.now
            for transport in dead:
                with pytest.raises(NoAnswer):
                    await transport.read(MARKER)
            assert await alive.read(MARKER) == SUNS
            clock.now = max(clock.now, second + 1.0)
        pauses = [slept for slept in clock.slept if slept > 1.0]
        assert sum(pauses) + 0.1 * len(pauses) < 0.13 * 600.0


async def test_an_echo_is_recognised_and_named() -> None:
    async with line(echoes=True) as (bus, modem, _):
        with pytest.raises(BadFrame, match=f"{modem.near} sends back what is sent to it: it needs echo = true"):
            await bus.transport(1).read(MARKER)


async def test_an_echo_that_is_expected_is_no_answer() -> None:
    async with line(echoes=True, echo=True) as (bus, _, site):
        inverter = bus.transport(1, single_write_fc6=True)
        assert await inverter.read(MARKER) == SUNS
        await inverter.write(40236, [1])
        assert await inverter.read(Span("holding", 40236, 1)) == [1]
        assert await bus.transport(3).read(Span("input", 52, 2))
        site.faults.add(always("inverter", "no_answer").faults[0])
        with pytest.raises(NoAnswer):  # the echo of FC6 is byte for byte its answer
            await inverter.write(40236, [0])


async def test_a_device_that_is_said_to_echo_and_does_not_is_no_answer() -> None:
    async with line(echo=True, timeout_s=0.1) as (bus, _, _):
        with pytest.raises(NoAnswer):
            await bus.transport(1).read(MARKER)


def losing(chance: random.Random) -> Spoil:
    """Every third piece loses a byte."""
    return lambda data: data if chance.random() > 0.33 or not data else cut_out(data, chance.randrange(len(data)))


def cut_out(data: bytes, place: int) -> bytes:
    return data[:place] + data[place + 1 :]


def adding(chance: random.Random) -> Spoil:
    """Every third piece has noise before and after it."""
    return lambda data: data if chance.random() > 0.33 else chance.randbytes(2) + data + chance.randbytes(2)


@pytest.mark.parametrize("bad", [losing, adding])
async def test_a_bad_line_gives_no_wrong_value_and_recovers(bad: Callable[[random.Random], Spoil]) -> None:
    clock = VirtualClock()
    results: Counter[str] = Counter()
    async with line(to_near=bad(random.Random(5)), timeout_s=0.15, clock=clock) as (bus, modem, _):
        transports = {unit_id: bus.transport(unit_id) for unit_id in (1, 2)}
        for _ in range(30):
            for transport in transports.values():
                try:
                    assert await transport.read(MARKER) == SUNS
                    results["right"] += 1
                except DriverError:
                    results["none"] += 1
                clock.now += 10.0
        assert results["right"] > 20
        assert results["none"] > 5
        modem.to_near = unspoiled
        clock.now += 60.0
        assert [await transport.read(MARKER) for transport in transports.values()] == [SUNS, SUNS]


async def test_the_simulator_echoes_too() -> None:
    async with line(always("inverter", "echo"), echo=True) as (bus, _, _):
        assert await bus.transport(1).read(MARKER) == SUNS
    async with line(always("inverter", "echo")) as (bus, _, _):
        with pytest.raises(BadFrame, match="needs echo = true"):
            await bus.transport(1).read(MARKER)


@pytest.mark.parametrize("kind", ["noise", "lost_bytes"])
async def test_the_simulator_makes_bad_lines_too(kind: Kind) -> None:
    async with line(always("inverter", kind, share=1.0), timeout_s=0.2) as (bus, _, _):
        with pytest.raises(DriverError):
            await bus.transport(1).read(MARKER)
        assert await bus.transport(2).read(MARKER) == SUNS


async def test_late_answers_on_a_serial_line_are_nobodys() -> None:
    """Each second answer of the inverter comes while the meter is asked, and is as long as the meter's."""
    held: list[bytes] = []
    late = cycle((True, False, False))

    def hold_back(data: bytes) -> bytes:
        if next(late):
            held.append(data)
            return b""
        earlier, held[:] = b"".join(held), []
        return earlier + data

    async with line(to_near=hold_back, timeout_s=0.1) as (bus, _, _):
        one, three = bus.transport(1), bus.transport(3)
        for _ in range(4):
            found: list[list[int] | None] = []
            for transport, span in ((one, MARKER), (three, VOLTS)):
                with suppress(DriverError):
                    found.append(await transport.read(span))
                    assert (found[-1] == SUNS) is (transport is one)


async def test_an_answer_has_its_time_on_the_line_beside_the_timeout() -> None:
    """At 1200 baud 100 registers take 1.8 s; the pieces come as they would."""
    endpoint = SerialEndpoint("p", 1200)
    assert endpoint.transfer_s(213) == pytest.approx(1.775)
    async with NullModem() as modem, SimulatedSite(flat_plant(Clock())) as site:
        await site.join_line(modem.far)
        site.faults.add(always("inverter", "late_answer", seconds=0.6).faults[0])
        slow = Bus(SerialEndpoint(modem.near, 1200), timeout_s=0.1).transport(1)
        assert len(await slow.read(Span("holding", 40000, 100))) == 100
        await slow.close()
        fast = Bus(SerialEndpoint(modem.near, 115200), timeout_s=0.1).transport(1)
        with pytest.raises(NoAnswer):
            await fast.read(Span("holding", 40000, 100))
        await fast.close()


SILENCES = [
    (2400, "N", 1, 35 / 2400),
    (9600, "N", 1, 35 / 9600),
    (9600, "E", 1, 38.5 / 9600),
    (19200, "N", 2, 38.5 / 19200),
    (38400, "N", 1, 0.00175),
    (115200, "E", 1, 0.00175),
]


@pytest.mark.parametrize(("baud", "parity", "stop_bits", "silence_s"), SILENCES)
def test_three_and_a_half_characters(baud: int, parity: Parity, stop_bits: int, silence_s: float) -> None:
    assert SerialEndpoint("p", baud, parity, stop_bits).silence_s == pytest.approx(silence_s)


@pytest.mark.parametrize(("baud", "silence_s"), [(2400, 35 / 2400), (9600, 35 / 9600), (115200, 0.00175)])
async def test_the_gap_is_never_less_than_three_and_a_half_characters(baud: int, silence_s: float) -> None:
    clock = VirtualClock()
    async with SimulatedSite(flat_plant(Clock())) as site, NullModem() as modem:
        await site.join_line(modem.far)
        endpoint = SerialEndpoint(modem.near, baud)
        for asked_s, kept_s in ((0.0, silence_s), (0.1, 0.1), (None, 0.06)):
            clock.slept.clear()
            bus = Bus(endpoint, gap_s=asked_s, monotonic=clock.monotonic, sleep=clock.sleep)
            transport = bus.transport(1)
            await transport.read(MARKER)
            await transport.read(MARKER)
            await transport.close()
            assert clock.slept == pytest.approx([kept_s])
