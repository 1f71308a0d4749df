"""Meters of every number format, and of both signs."""

import pytest

from drivers.errors import NotSupported
from drivers.reading import Quantity
from drivers.registry import build
from tests.drivers.memory import COMMON, MemoryTransport, SunSpecMap

Q = Quantity
POWER = {"W": -1500, "WphA": -500, "WphB": -400, "WphC": -600, "AphA": -2.5, "PhVphA": 231.0, "Hz": 50.0}
ENERGY = {"TotWhImp": 42000, "TotWhExp": 9000}
FACTORS = {"W_SF": 0, "A_SF": -1, "V_SF": -1, "Hz_SF": -2, "TotWh_SF": 0}


def meter(model_id: int) -> SunSpecMap:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(model_id, {**POWER, **ENERGY, **(FACTORS if model_id < 210 else {})})
    return layout


async def values(transport: MemoryTransport, **options: object) -> dict[Quantity, float | None]:
    return {r.quantity: r.value for r in await build("sunspec_meter", "m", transport, options).read()}


@pytest.mark.parametrize("model_id", [201, 202, 203, 204, 211, 212, 213, 214])
async def test_every_model(model_id: int) -> None:
    found = await values(meter(model_id).end().transport())
    assert (found[Q.GRID_W], found[Q.GRID_L1_W], found[Q.GRID_L3_W]) == (-1500, -500, -600)
    assert (found[Q.CURRENT_L1_A], found[Q.VOLTAGE_L1_V], found[Q.FREQUENCY_HZ]) == (-2.5, 231.0, 50.0)
    assert (found[Q.IMPORT_WH], found[Q.EXPORT_WH]) == (42000, 9000)


async def test_a_meter_that_counts_export_as_positive() -> None:
    found = await values(meter(203).end().transport(), sign=-1)
    assert (found[Q.GRID_W], found[Q.CURRENT_L1_A], found[Q.VOLTAGE_L1_V]) == (1500, 2.5, 231.0)
    assert (found[Q.IMPORT_WH], found[Q.EXPORT_WH]) == (42000, 9000)


async def test_the_second_meter_of_a_chain() -> None:
    layout = meter(203)
    layout.add(201, {"W": 7, "W_SF": 0})
    transport = layout.end().transport()
    assert (await values(transport, number=2))[Q.GRID_W] == 7
    with pytest.raises(NotSupported, match="1, 203, 201"):
        await values(transport, number=3)


async def test_energy_by_phase_where_the_total_is_not_counted() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    phases = {"TotWhImpPhA": 1, "TotWhImpPhB": 2, "TotWhImpPhC": 4}
    layout.add(203, {"W": 1, **FACTORS, **phases})
    assert (await values(layout.end().transport()))[Q.IMPORT_WH] == 7


async def test_a_scale_factor_of_minus_32768_makes_the_group_missing() -> None:
    layout = meter(203)
    transport = layout.end().transport()
    transport.words[layout.address(203, "TotWh_SF")] = 0x8000
    found = await values(transport)
    assert (found[Q.IMPORT_WH], found[Q.GRID_W]) == (None, -1500)


async def test_a_scale_factor_that_changes_is_followed() -> None:
    layout = meter(203)
    transport = layout.end().transport()
    device = build("sunspec_meter", "m", transport, {})
    await device.read()
    transport.words[layout.address(203, "W")] = 0xFF6A
    transport.words[layout.address(203, "W_SF")] = 1
    assert {r.quantity: r.value for r in await device.read()}[Q.GRID_W] == -1500
