"""OpenEMS Edge against the tables of its Modbus server's code, typed in a second time."""

import struct

import pytest

from drivers.device import Applied, Clamped
from drivers.errors import NotApplied, NotSupported
from drivers.reading import Quantity
from tests.drivers.memory import MemoryTransport
from tests.drivers.reference.rows import Row, differences, image, read, steered, words

Q = Quantity

_SUM, _OPENEMS_COMPONENT, _SYMMETRIC, _ASYMMETRIC, _MANAGED = 0x462B, 0xB3DC, 0x42EE, 0x958F, 0xA3ED
SUM = [
    Row(302, "u16", 61),
    Row(303, "f32", -1200.0),
    Row(315, "f32", 45000.0),
    Row(327, "f32", 90000.0),
    Row(343, "f32", 133800.0),
    Row(359, "f64", 123_456_789_012.0),
    Row(363, "f64", 5000.5),
    *(Row(397 + 2 * i, "f32", raw) for i, raw in enumerate((15000.0, 16000.0, 14000.0))),
    Row(415, "f32", -3200.0),
    Row(417, "u16", 1),
    Row(420, "f32", 22000.0),
]
READ = {
    Q.SOC_PCT: 61,
    Q.AC_W: -1200,
    Q.GRID_W: 45000,
    Q.PV_W: 90000,
    Q.LOAD_W: 133800,
    Q.IMPORT_WH: 123_456_789_012,
    Q.EXPORT_WH: 5000.5,
    Q.GRID_L1_W: 15000,
    Q.GRID_L2_W: 16000,
    Q.GRID_L3_W: 14000,
    Q.BATTERY_W: -3200,
    Q.RATED_WH: 22000,
}
SUN_W = 2000.0  # of a hybrid: at the terminals and not from the battery


def text(address: int, letters: str) -> dict[int, int]:
    found = struct.unpack(">16H", letters.encode().ljust(32, b"\0"))
    return dict(enumerate(found, start=address))


def edge(*changed: Row, phases: bool) -> MemoryTransport:
    """``phases``: the storage has the nature AsymmetricEss before the one that steers it."""
    natures = [(520, _OPENEMS_COMPONENT, 80), (600, _SYMMETRIC, 100)]
    natures += [(700, _ASYMMETRIC, 100), (800, _MANAGED, 100)] if phases else [(700, _MANAGED, 100)]
    managed = natures[-1][0]
    heads = [(220, _OPENEMS_COMPONENT, 80), (300, _SUM, 220), *natures]
    rows = [
        Row(0, "u16", 0x6201),
        Row(1, "u16", 199),
        Row(216, "u16", 300),
        Row(516, "u16", 300 + 100 * phases - 20),
        *(Row(at, "u16", code) for at, code, _ in heads),
        *(Row(at + 1, "u16", size) for at, _, size in heads),
        *SUM,
        Row(618, "f32", 12000.0),
        Row(managed + 2, "f32", -9000.0),
        Row(managed + 4, "f32", 10000.0),
        *changed,
    ]
    undefined = dict.fromkeys(range(1000), 0xFFFF)
    return MemoryTransport(undefined | text(200, "_sum") | text(500, "ess0") | image(rows))


@pytest.mark.parametrize("phases", [False, True])
async def test_it_reads(*, phases: bool) -> None:
    assert differences(await read(steered("fenecon_openems", edge(phases=phases), rated_w=12000)), READ) == {}


@pytest.mark.parametrize("phases", [False, True])
@pytest.mark.parametrize(("power_w", "first"), [(-2000.0, 10), (2000.0, 10), (0.0, 10), (-5000.0, 14)])
async def test_both_bounds_are_the_power_at_the_terminals(power_w: float, first: int, *, phases: bool) -> None:
    transport = edge(phases=phases)
    device = steered("fenecon_openems", transport)
    assert await device.set_power(power_w, 60) == Applied(power_w)
    managed = 800 if phases else 700
    value = words("f32", power_w + SUN_W)
    assert transport.writes == [(managed + first, value), (managed + 24 - first, value)]
    await device.release()
    assert transport.writes[2:] == [(managed + 10, words("f32", 12000.0)), (managed + 14, words("f32", -12000.0))]


async def test_it_lasts_a_minute() -> None:
    device = steered("fenecon_openems", edge(phases=False))
    assert (device.longest_hold_s, device.reverts) == (60, True)


async def test_what_the_storage_takes_now_is_the_most() -> None:
    transport = edge(phases=False)
    result = await steered("fenecon_openems", transport).set_power(-20000, 60)
    assert isinstance(result, Clamped)
    assert result.battery_w == -9000 - SUN_W
    assert {tuple(found) for _, found in transport.writes} == {tuple(words("f32", -9000.0))}


async def test_off_grid_nothing_is_held() -> None:
    transport = edge(Row(417, "u16", 2), phases=False)
    with pytest.raises(NotApplied, match="the grid is lost"):
        await steered("fenecon_openems", transport).set_power(0, 60)
    assert [address for address, _ in transport.writes] == [710, 714], "opened"


async def test_values_that_are_not_defined_are_missing() -> None:
    undefined = [Row(row.address, row.kind, 0xFFFF if row.kind == "u16" else float("nan")) for row in SUM]
    found = await read(steered("fenecon_openems", edge(*undefined, phases=False)))
    assert [quantity.value for quantity, value in found.items() if value is not None] == []


@pytest.mark.parametrize(
    ("place", "length", "sentence"),
    [(1, 0xFFF0, "no component _sum"), (216, 0xFF00, None), (221, 0xFE00, "no component _sum")],
)
async def test_a_length_that_cannot_be_ends_the_map(place: int, length: int, sentence: str | None) -> None:
    transport = edge(Row(place, "u16", length), phases=False)
    transport.tables["holding"] = {**dict.fromkeys(range(0x10000), 0x1234), **transport.words}
    device = steered("fenecon_openems", transport)
    if sentence is None:
        assert (await read(device))[Q.GRID_W] == 45000
        return
    with pytest.raises(NotSupported, match=sentence):
        await device.read()
