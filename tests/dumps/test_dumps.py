"""Every dump in this folder, served again: the driver of its family reads what it is expected to read.

A dump of a real device becomes a test by being put here.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.dumps.dump import Dump
from drivers.dumps.dump_file import parsed, read_dump, written
from drivers.endpoint import TcpEndpoint
from drivers.modbus import Bus
from drivers.registry import FAMILIES, build
from simulator.meters.profiles import METERS
from simulator.profiles import PROFILES
from simulator.replay import Replayed, server_of
from simulator.server import SimulatedSite
from tests.dumps.make import FOLDER, captured, files, made
from tests.simulator.sites import Clock, flat_plant
from tests.simulator.vendors import NoWait

LARGEST = 20_000
SIMULATED = [*PROFILES, *(f"meter_{meter}" for meter in METERS)]


async def read_again(dump: Dump) -> dict[str, float | None]:
    """What the driver of the family reads of the registers of the round that is expected of."""
    assert dump.expected is not None
    began_s = dump.offsets_ms[dump.expected.round] / 1000.0
    unit = Replayed(dump, lambda: began_s, "hold")
    server = server_of(dump, unit, "127.0.0.1", 0)
    await server.begin()
    try:
        transport = Bus(TcpEndpoint("127.0.0.1", server.port), timeout_s=5.0).transport(dump.unit_id)
        device = build(dump.family, dump.family, transport, dump.options)
        readings = await device.read()
        await device.close()
    finally:
        await server.shutdown()
    assert not unit.writes
    return {reading.quantity.value: reading.value for reading in readings}


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
async def test_it_is_read_as_it_stands_in_the_file(path: Path) -> None:
    dump = read_dump(path)
    assert dump.expected is not None, "a driver that could not read it is told what it should read by hand"
    assert await read_again(dump) == pytest.approx(dump.expected.values)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_it_is_small(path: Path) -> None:
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("name", SIMULATED)
def test_there_is_one_of_each_simulated_device_in_our_signs(name: str) -> None:
    expected = read_dump(FOLDER / f"{name}.json").expected
    assert expected is not None
    flows_w = {"grid_w": 2500.0, "pv_w": 1500.0, "battery_w": 4000.0}  # imported, produced, discharged
    seen_w = {flow: value for flow in flows_w if (value := expected.values.get(flow)) is not None}
    assert seen_w
    assert seen_w == pytest.approx({flow: flows_w[flow] for flow in seen_w}, abs=25.0)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_it_tells_no_serial_number(path: Path) -> None:
    dump = read_dump(path)
    identity = FAMILIES[dump.family].identity
    found = None
    if identity is not None and identity.serial is not None:
        words = {table: {at: series.at(0) for at, series in there.items()} for table, there in dump.words.items()}
        found = identity.serial.read(words)
    assert not set(found or "X") - {"X", " "}


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_capture_writes_nothing_and_is_read_as_the_device_is(profile: str) -> None:
    clock = Clock()
    site = SimulatedSite(flat_plant(clock, load_w=8000.0, pv_w=1500.0), profile)
    site.link = replace(site.link, settle_s=0.0)
    clock.move(60)
    async with site:
        unit_id, unit = next(iter(site.units.items()))
        pace = NoWait(clock)
        bus = Bus(TcpEndpoint("127.0.0.1", site.inverter_port), monotonic=pace.monotonic, sleep=pace.sleep)
        transport = bus.transport(unit_id)
        dump = await captured(profile, transport, unit_id, pace)
        await transport.close()
    assert not unit.requests
    assert dump.expected is not None
    assert await read_again(dump) == pytest.approx(dump.expected.values)


async def test_a_second_run_of_one_device_gives_a_file_that_can_be_compared() -> None:
    first, second = [[written(dump) async for _, dump in made("kostal")] for _ in range(2)]
    assert first == second
    (text,) = first
    assert written(parsed(text)) == text
