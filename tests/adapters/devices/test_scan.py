"""A scan meets real servers on loopback: simulated devices, silent ones, busy ones, and some that answer for others."""

import asyncio
import fcntl
import json
import os
import tty
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from agent.adapters.devices import scan as scan_module
from agent.adapters.devices.device_lock import ENVIRONMENT
from agent.adapters.devices.scan import Findings, NetworkScan, SerialScan
from agent.discovery import probes
from agent.discovery.found import Scan
from agent.discovery.probes import LinkPlan, on_any_port
from drivers.register import WIRE_TYPES, Register
from drivers.registry import FAMILIES
from simulator.faults import Fault, FaultScript
from simulator.listening import LinkTraits
from simulator.meters.profiles import METERS
from simulator.profiles import PROFILES
from simulator.server import SimulatedSite
from simulator.units import Unit
from tests.drivers.wire import SILENT, Reply, registers, rtu, serving, tcp
from tests.dumps.make import FOLDER
from tests.simulator.sites import BEGINNING, Clock, flat_plant
from tests.simulator.street import METER, free_port, street


class Watched:
    """Implements ``Watcher``."""

    def __init__(self) -> None:
        self.count = 0
        self.places: list[str] = []

    def tried(self) -> None:
        self.count += 1

    def asks(self, what: str) -> None:
        self.places.append(what)


def hasty(families: Iterable[str]) -> LinkPlan:
    """The plan of any port, without the pauses that real devices of these families need."""
    return replace(on_any_port(FAMILIES[name] for name in families), settle_s=0.0, gap_s=0.0)


async def scanned(port: int, hosts: Sequence[str], *families: str) -> Scan:
    findings = Findings()
    await NetworkScan({port: hasty(families or FAMILIES)}, FAMILIES, findings, Watched()).run(hosts)
    return findings.scan(hosts, is_whole=True)


def named(scan: Scan) -> Mapping[tuple[str | None, int], str | None]:
    return {(device.place.host, device.place.unit_id): device.family for device in scan.devices}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "ANSWER_S", 0.05)
    monkeypatch.setattr(scan_module, "REST_S", 0.01)


async def test_the_devices_of_a_network_are_found_and_none_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_to_write: list[int] = []
    monkeypatch.setattr(Unit, "write", lambda unit, code, address, words, heeded=True: asked_to_write.append(address))
    async with street({2: "gen24", 3: "kostal", 4: "victron", 5: METER, 6: "sunspec7xx"}) as there:
        found = await scanned(there.port, [f"127.0.0.{number}" for number in range(1, 9)])
    assert named(found) == {
        ("127.0.0.2", 1): "fronius_gen24",
        ("127.0.0.2", 200): "sunspec_meter",
        ("127.0.0.3", 71): "kostal_plenticore",
        ("127.0.0.4", 100): "victron_gx",
        ("127.0.0.5", 1): "sdm630",
        ("127.0.0.6", 1): "sunspec_hybrid",
    }
    assert found.remarks == ()
    assert asked_to_write == []


# What no register of the device tells, by the name of its dump; all others are what their dump says.
NOT_TOLD = {
    "growatt_min": None,  # without VPP there is no register of its type
    "meter_janitza_umg_604": None,  # its list is another than the family's usual one
    "meter_sdm120": "sdm630",  # the simulated one has no meter code
    "meter_sdm72d_m_2": "sdm630",
}


def family_of(dump: str) -> str | None:
    if dump in NOT_TOLD:
        return NOT_TOLD[dump]
    family: str = json.loads((FOLDER / f"{dump}.json").read_text(encoding="utf-8"))["family"]
    return family


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_simulated_inverter_is_recognised(profile: str) -> None:
    async with street({2: profile}) as there:
        there.sites["127.0.0.2"].link = LinkTraits()
        found = await scanned(there.port, ["127.0.0.2"])
        unit_id = next(iter(there.sites["127.0.0.2"].units))
    assert named(found)["127.0.0.2", unit_id] == family_of(profile)
    assert {device.family for device in found.devices} <= {family_of(profile), "sunspec_meter"}


@pytest.mark.parametrize("meter", METERS)
async def test_every_simulated_meter_is_recognised(meter: str) -> None:
    async with SimulatedSite(flat_plant(Clock()), host="127.0.0.2", meter_profile=meter) as there:
        found = await scanned(there.meter_port, ["127.0.0.2"])
    assert named(found) == {("127.0.0.2", 1): family_of(f"meter_{meter}")}


async def test_only_reads_go_over_the_wire() -> None:
    async with serving(by_unit({1: no_registers, 2: no_registers}, absent=11)) as server:
        await scanned(server.port, ["127.0.0.1"])
    assert server.requests
    assert {request[7] for request in server.requests} == {3, 4}


async def test_one_request_at_a_time_by_one_connection() -> None:
    waiting, most = 0, 0

    def counted(request: bytes) -> tuple[float, bytes]:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        asyncio.get_running_loop().call_later(0.005, answered)
        return 0.005, tcp(request, no_registers(request))

    def answered() -> None:
        nonlocal waiting
        waiting -= 1

    async with serving(counted) as server:
        await scanned(server.port, ["127.0.0.1"], "sdm630")
    assert most == 1
    assert server.connections == 2, "one to see whether it listens, one to ask"


async def test_an_address_where_nobody_listens_is_passed_over() -> None:
    watched, findings = Watched(), Findings()
    await NetworkScan({free_port(): hasty(FAMILIES)}, FAMILIES, findings, watched).run(["127.0.0.1", "127.0.0.2"])
    assert findings == Findings()
    assert (watched.count, watched.places) == (2, [])


async def test_a_host_that_takes_connections_and_is_silent_is_told(impatient: None) -> None:
    async with serving(lambda request: SILENT) as server:
        found = await scanned(server.port, ["127.0.0.1"], "sdm630")
    assert found.devices == ()
    assert found.remarks == (f"127.0.0.1:{server.port} takes connections, and no unit id answers there",)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lambda request: SILENT, "takes connections, and no unit id answers there in 1 s"),
        (lambda request: (0.4, tcp(request, no_registers(request))), "is too slow: not every unit id was asked"),
    ],
)
async def test_a_host_that_is_too_slow_does_not_hold_up_the_scan(
    reply: Reply, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "HOST_S", 1.0)
    monkeypatch.setattr(scan_module, "REST_S", 0.01)
    async with serving(reply) as server:
        found = await scanned(server.port, ["127.0.0.1"], "sdm630")
    assert found.remarks == (f"127.0.0.1:{server.port} {words}",)


async def test_a_place_that_another_program_has_is_told(impatient: None) -> None:
    async with street({2: "kostal"}) as there:
        _, other = await asyncio.open_connection("127.0.0.2", there.port)
        found = await scanned(there.port, ["127.0.0.2"], "kostal_plenticore", "sdm630", "victron_gx")
        other.close()
        await other.wait_closed()
    assert found.devices == ()
    (remark,) = (one for one in found.remarks if "held by another program" in one)
    assert remark.startswith(f"no connection to 127.0.0.2:{there.port}")


async def test_a_device_with_one_client_is_asked_once_and_let_go() -> None:
    async with street({2: "kostal"}) as there:
        assert named(await scanned(there.port, ["127.0.0.2"])) == {("127.0.0.2", 71): "kostal_plenticore"}
        assert named(await scanned(there.port, ["127.0.0.2"])) == {("127.0.0.2", 71): "kostal_plenticore"}


async def test_a_unit_that_signs_as_another_is_not_taken(impatient: None) -> None:
    wrong = {2: FaultScript((Fault("wrong_unit", "sdm630", BEGINNING, 3600.0),))}
    async with street({2: METER}, wrong) as there:
        found = await scanned(there.port, ["127.0.0.2"], "sdm630")
    assert found.devices == ()
    assert "no unit id answers there" in found.remarks[0]


async def test_a_meter_that_answers_to_any_unit_id_is_one_meter() -> None:
    async with serving(lambda request: (0.0, tcp(request, sdm630(request)))) as server:
        found = await scanned(server.port, ["127.0.0.1"], "sdm630")
    assert named(found) == {("127.0.0.1", 1): "sdm630"}
    assert found.devices[0].remark == "answers to every unit id"


async def test_meters_behind_a_gateway_are_several() -> None:
    async with serving(by_unit({2: sdm630, 7: sdm630}, absent=11)) as server:
        found = await scanned(server.port, ["127.0.0.1"], "sdm630", "sunspec_meter")
    assert named(found) == {("127.0.0.1", 2): "sdm630", ("127.0.0.1", 7): "sdm630"}


async def test_a_stranger_is_listed() -> None:
    async with serving(by_unit({1: no_registers}, absent=11)) as server:
        (device,) = (await scanned(server.port, ["127.0.0.1"])).devices
    assert (device.family, device.place.unit_id, device.remark) == (None, 1, "answers Modbus, not known")


async def test_what_an_agent_of_this_machine_steers_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    async with street({2: "kostal"}) as there:
        name = sha256(f"127.0.0.2 port {there.port} unit 71".encode()).hexdigest()[:20]
        with (tmp_path / f"enalysis-edge-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = await scanned(there.port, ["127.0.0.2"])
        assert found.devices == ()
        steered = f"127.0.0.2:{there.port} is steered by an agent that runs on this machine, and is not asked"
        assert found.remarks == (steered,)
        assert len((await scanned(there.port, ["127.0.0.2"])).devices) == 1, "once it has ended"


async def test_a_device_that_has_become_another_is_named_anew() -> None:
    port, names = free_port(), list[str | None]()
    for profile in ("kostal", "victron"):
        async with street({2: profile}, port=port):
            names += named(await scanned(port, ["127.0.0.2"])).values()
    assert names == ["kostal_plenticore", "victron_gx"]


async def test_a_serial_port_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    findings = Findings()
    await SerialScan(FAMILIES, findings, Watched()).run(str(tmp_path / "ttyUSB7"))
    (remark,) = findings.remarks
    assert "ttyUSB7" in remark
    assert "there is no such serial port" in remark
    assert findings.unopened == [str(tmp_path / "ttyUSB7")]


async def test_a_meter_on_a_serial_line_is_found_with_the_setting_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "SERIAL_UNITS", (1, 3))
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def answer() -> None:
        request = os.read(ours, 260)
        if request[0] == 3:
            os.write(ours, rtu(3, sdm630(bytes(6) + request)))

    asyncio.get_running_loop().add_reader(ours, answer)
    findings = Findings()
    try:
        await SerialScan(FAMILIES, findings, Watched()).run(os.ttyname(theirs))
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
        os.close(theirs)
    (device,) = findings.devices
    place = device.place
    assert (device.family, place.unit_id, place.baud, place.parity, place.stop_bits) == ("sdm630", 3, 9600, "N", 1)
    assert (findings.remarks, findings.unopened) == ([], [])


def no_registers(request: bytes) -> bytes:
    return bytes([request[7] | 0x80, 2])


def sdm630(request: bytes) -> bytes:
    """The registers by which a meter without a name is known; the others are refused."""
    address, count = (int.from_bytes(request[at : at + 2], "big") for at in (8, 10))
    shown = {0x46: 50.0, 0x00: 231.0}
    if request[7] != 4 or count != 2 or address not in shown:
        return no_registers(request)
    return registers(4, Register("shown", address, WIRE_TYPES["float32"], "input").encode(shown[address]))


def by_unit(units: Mapping[int, Callable[[bytes], bytes]], absent: int | None = None) -> Reply:
    """A gateway: other unit ids have exception ``absent``, or silence."""

    def reply(request: bytes) -> tuple[float, bytes]:
        answer = units.get(request[6])
        if answer is not None:
            return 0.0, tcp(request, answer(request))
        return SILENT if absent is None else (0.0, tcp(request, bytes([request[7] | 0x80, absent])))

    return reply
