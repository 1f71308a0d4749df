"""The simulated meters on real sockets: what raw requests and the drivers' families see is the plant."""

import struct
from contextlib import suppress
from dataclasses import dataclass

import pytest
from pymodbus.client import AsyncModbusTcpClient

from drivers import registry
from drivers.device import Table, Transport
from drivers.endpoint import TcpEndpoint
from drivers.errors import Refused
from drivers.identity import Found, Identity
from drivers.modbus import Bus
from drivers.reading import Quality, Quantity, Reading
from simulator.mains import LOAD_SHARES
from simulator.meters.connection_point import FIRST_EXPORT_WH, FIRST_IMPORT_WH
from simulator.meters.profiles import METERS, SUNSPEC
from simulator.server import SimulatedSite
from tests.simulator.sites import Clock, flat_plant
from tests.simulator.test_server import connected, script

Q = Quantity
IMPORT_W, EXPORT_W = 3000.0, -1000.0
HALF_AN_HOUR_S = 1800.0


@dataclass(frozen=True)
class Documented:
    """Where a meter's document has its power, import and export, and how: function, struct code, watts or Wh a step."""

    function: int
    power: tuple[int, str, float]
    imported: tuple[int, str, float]
    exported: tuple[int, str, float]
    low_word_first: bool = False


EASTRON = Documented(4, (0x34, "f", 1.0), (0x48, "f", 1000.0), (0x4A, "f", 1000.0))
ABB = Documented(3, (0x5B14, "i", 0.01), (0x5000, "Q", 10.0), (0x5004, "Q", 10.0))
DOCUMENTED = {
    "sdm630": EASTRON,
    "sdm72d_m_2": EASTRON,
    "sdm120": Documented(4, (0x0C, "f", 1.0), (0x48, "f", 1000.0), (0x4A, "f", 1000.0)),
    "carlo_gavazzi_em24": Documented(3, (0x28, "i", 0.1), (0x3E, "i", 100.0), (0x5C, "i", 100.0), True),
    "carlo_gavazzi_em340": Documented(4, (0x28, "i", 0.1), (0x34, "i", 100.0), (0x4E, "i", 100.0), True),
    "schneider_iem3000": Documented(3, (3059, "f", 1000.0), (3203, "q", 1.0), (3207, "q", 1.0)),
    "janitza_umg_96rm": Documented(3, (19026, "f", 1.0), (19068, "f", 1.0), (19076, "f", 1.0)),
    "janitza_umg_604": Documented(4, (1369, "f", 1.0), (9851, "f", 1.0), (9863, "f", 1.0)),
    "abb_b21": ABB,
    "abb_b23": ABB,
}
FAMILY_OF = {
    "janitza_umg_96rm": ("janitza_umg", {}),
    "janitza_umg_604": ("janitza_umg", {"list": "native"}),
    **{name: ("abb_b2x", {}) for name in ("abb_b21", "abb_b23", "abb_b23_steel")},
}
both_ways = pytest.mark.parametrize(("load_w", "pv_w", "grid_w"), [(8000.0, 1000.0, IMPORT_W), (0.0, 6000.0, EXPORT_W)])


def site_with(meter: str, load_w: float, pv_w: float) -> SimulatedSite:
    """After half an hour of constant flow, in which the battery does all that it can."""
    clock = Clock()
    plant = flat_plant(clock, load_w=load_w, pv_w=pv_w)
    clock.move(HALF_AN_HOUR_S)
    return SimulatedSite(plant, meter_profile=meter)


def energies_wh(site: SimulatedSite) -> tuple[float, float]:
    counters = site.plant.counters
    return FIRST_IMPORT_WH + counters.import_wh, FIRST_EXPORT_WH + counters.export_wh


async def raw(client: AsyncModbusTcpClient, document: Documented, row: tuple[int, str, float]) -> float:
    address, code, step = row
    ask = client.read_input_registers if document.function == 4 else client.read_holding_registers
    answer = await ask(address, count=struct.calcsize(f">{code}") // 2, device_id=1)
    assert not answer.isError(), answer
    words = list(answer.registers)[::-1] if document.low_word_first else list(answer.registers)
    (number,) = struct.unpack(f">{code}", b"".join(word.to_bytes(2, "big") for word in words))
    return float(number) * step


async def readings(site: SimulatedSite, meter: str, **options: object) -> dict[Quantity, Reading]:
    family, needed = FAMILY_OF.get(meter, (meter, {}))
    transport = Bus(TcpEndpoint("127.0.0.1", site.meter_port)).transport(1)
    device = registry.build(family, meter, transport, {**needed, **options})
    try:
        return {reading.quantity: reading for reading in await device.read()}
    finally:
        await device.close()


@both_ways
@pytest.mark.parametrize("meter", DOCUMENTED)
async def test_a_raw_request_sees_the_plant(meter: str, load_w: float, pv_w: float, grid_w: float) -> None:
    document = DOCUMENTED[meter]
    async with site_with(meter, load_w, pv_w) as site, connected(site.meter_port) as client:
        assert await raw(client, document, document.power) == pytest.approx(grid_w, abs=0.1)
        import_wh, export_wh = energies_wh(site)
        assert await raw(client, document, document.imported) == pytest.approx(import_wh, abs=document.imported[2])
        assert await raw(client, document, document.exported) == pytest.approx(export_wh, abs=document.exported[2])
        assert (import_wh > FIRST_IMPORT_WH + 1000.0) is (grid_w > 0)
        assert (export_wh > FIRST_EXPORT_WH + 400.0) is (grid_w < 0)


@both_ways
@pytest.mark.parametrize("meter", [name for name in METERS if name not in (SUNSPEC, "abb_b23_steel")])
async def test_its_family_sees_the_plant(meter: str, load_w: float, pv_w: float, grid_w: float) -> None:
    async with site_with(meter, load_w, pv_w) as site:
        found = await readings(site, meter)
        import_wh, export_wh = energies_wh(site)
    assert found[Q.GRID_W].value == pytest.approx(grid_w, abs=0.1)
    assert found[Q.IMPORT_WH].value == pytest.approx(import_wh, abs=50.0)
    assert found[Q.EXPORT_WH].value == pytest.approx(export_wh, abs=50.0)
    assert found[Q.VOLTAGE_L1_V].value == pytest.approx(230.0, abs=5.0)
    assert found[Q.FREQUENCY_HZ].value == pytest.approx(50.0, abs=0.1)
    if Q.GRID_L1_W in found and meter != "abb_b21":
        phases = [found[phase].value or 0.0 for phase in (Q.GRID_L1_W, Q.GRID_L2_W, Q.GRID_L3_W)]
        assert phases == pytest.approx([share * grid_w for share in LOAD_SHARES], abs=0.1)
    if Q.POWER_FACTOR in found:
        assert 0.93 <= (found[Q.POWER_FACTOR].value or 0.0) <= 0.99
    if Q.VOLTAGE_THD_PCT in found:
        assert 1.2 <= (found[Q.VOLTAGE_THD_PCT].value or 0.0) <= 2.4
        assert 6.0 <= (found[Q.CURRENT_THD_PCT].value or 0.0) <= 14.0


async def test_a_meter_mounted_the_other_way_round_is_turned_by_its_option() -> None:
    async with site_with("carlo_gavazzi_em340", 8000.0, 1000.0) as site:
        found = await readings(site, "carlo_gavazzi_em340", sign=-1)
        import_wh, _ = energies_wh(site)
    assert found[Q.GRID_W].value == -IMPORT_W
    assert found[Q.EXPORT_WH].value == pytest.approx(import_wh, abs=50.0)


async def test_a_b21_has_totals_and_one_phase() -> None:
    async with site_with("abb_b21", 8000.0, 1000.0) as site:
        found = await readings(site, "abb_b21")
    missing = {quantity for quantity, reading in found.items() if reading.quality is Quality.MISSING}
    phases = {Q.GRID_L1_W, Q.GRID_L2_W, Q.GRID_L3_W}
    assert missing == phases | {Q.VOLTAGE_L2_V, Q.VOLTAGE_L3_V, Q.CURRENT_L2_A, Q.CURRENT_L3_A}
    assert found[Q.GRID_W].value == IMPORT_W


async def test_a_meter_without_an_export_counter_has_none() -> None:
    async with site_with("abb_b23_steel", 0.0, 6000.0) as site, connected(site.meter_port) as client:
        found = await readings(site, "abb_b23_steel")
        answer = await client.read_holding_registers(0x5004, count=4, device_id=1)
    assert answer.registers == [0xFFFF] * 4
    assert found[Q.EXPORT_WH].quality is Quality.MISSING
    assert found[Q.GRID_W].value == EXPORT_W


@pytest.mark.parametrize("meter", [name for name in METERS if name != SUNSPEC])
async def test_not_available_is_missing_over_the_wire(meter: str) -> None:
    clock = Clock()
    clock.move(90)
    async with SimulatedSite(flat_plant(clock), "gen24", script("sentinel", "meter"), meter_profile=meter) as site:
        found = await readings(site, meter)
    assert {reading.quality for reading in found.values()} == {Quality.MISSING}


@pytest.mark.parametrize(
    ("meter", "function", "address", "count", "code"),
    [
        ("sdm72d_m_2", 4, 0, 60, 0),
        ("sdm72d_m_2", 4, 0, 62, 3),
        ("sdm120", 4, 0x0D, 2, 2),
        ("sdm120", 4, 0x0C, 1, 2),
        ("sdm120", 3, 0x0C, 2, 1),
        ("carlo_gavazzi_em340", 3, 0, 50, 0),
        ("carlo_gavazzi_em340", 4, 0, 51, 3),
        ("carlo_gavazzi_em24", 4, 0x10, 51, 3),
        ("schneider_iem3000", 3, 2999, 6, 0),
        ("schneider_iem3000", 3, 2999, 8, 2),
        ("schneider_iem3000", 4, 2999, 2, 1),
        ("janitza_umg_96rm", 4, 19000, 122, 0),
        ("janitza_umg_604", 3, 19026, 2, 2),
        ("abb_b23", 3, 0x5B00, 62, 0),
        ("abb_b23", 4, 0x5B14, 2, 1),
    ],
)
async def test_limits_are_those_of_the_device(meter: str, function: int, address: int, count: int, code: int) -> None:
    async with site_with(meter, 8000.0, 1000.0) as site, connected(site.meter_port) as client:
        ask = client.read_input_registers if function == 4 else client.read_holding_registers
        answer = await ask(address, count=count, device_id=1)
        assert (answer.exception_code if answer.isError() else 0) == code


@pytest.mark.parametrize(
    ("meter", "family", "model", "serial"),
    [
        ("sdm630", "sdm630", None, None),
        ("carlo_gavazzi_em340", "carlo_gavazzi_em340", None, "SIM340"),
        ("carlo_gavazzi_em24", "carlo_gavazzi_em24", None, "SIM340"),
        ("schneider_iem3000", "schneider_iem3000", None, None),
        ("janitza_umg_96rm", "janitza_umg", None, None),
        ("abb_b21", "abb_b2x", "B21", None),
        ("abb_b23", "abb_b2x", "B23", None),
    ],
)
async def test_a_meter_is_recognised_as_what_it_is(
    meter: str, family: str, model: str | None, serial: str | None
) -> None:
    told: dict[str, Found] = {}
    async with site_with(meter, 8000.0, 1000.0) as site:
        transport = Bus(TcpEndpoint("127.0.0.1", site.meter_port)).transport(1)
        for name, one in registry.FAMILIES.items():
            found = None if one.identity is None else one.identity.recognise(await words_of(transport, one.identity))
            told |= {} if found is None else {name: found}
        await transport.close()
    assert told.keys() == {family}
    assert (told[family].model, told[family].serial) == (model, serial)


async def words_of(transport: Transport, identity: Identity) -> dict[Table, dict[int, int]]:
    """What the device gives of that which the identity asks for."""
    words: dict[Table, dict[int, int]] = {"holding": {}, "input": {}}
    for span in identity.spans:
        with suppress(Refused):
            words[span.table].update(enumerate(await transport.read(span), start=span.address))
    return words


async def test_the_gen24_keeps_its_own_meter_beside_another() -> None:
    plant = flat_plant(Clock())
    async with SimulatedSite(plant, "gen24", meter_profile="abb_b23") as site, connected(site.inverter_port) as client:
        answer = await client.read_holding_registers(40000, count=2, device_id=200)
        assert answer.registers == [0x5375, 0x6E53]


def test_an_unknown_meter_is_refused() -> None:
    with pytest.raises(ValueError, match="'em341' is not a meter; there are sunspec, sdm630"):
        SimulatedSite(flat_plant(Clock()), meter_profile="em341")
