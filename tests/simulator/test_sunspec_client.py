"""An independent SunSpec client (pysunspec2) discovers, reads and steers the simulated devices over real sockets."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from simulator.meters.connection_point import FIRST_EXPORT_WH, FIRST_IMPORT_WH
from simulator.server import GEN24_METER_UNIT_ID, SimulatedSite
from tests.simulator.sites import Clock, flat_plant

Result = TypeVar("Result")


async def with_client(port: int, use: Callable[[Any], Result], unit_id: int = 1) -> Result:
    """Run ``use`` on a scanned device, in a thread."""

    def run() -> Result:
        device = SunSpecModbusClientDeviceTCP(unit_id, "127.0.0.1", port, timeout=5.0)
        try:
            device.scan()
            return use(device)
        finally:
            device.close()

    return await asyncio.to_thread(run)


def values(device: Any, model_id: int) -> dict[str, Any]:
    model = device.models[model_id][0]
    return {name: point.cvalue for name, point in model.points.items()}


async def test_the_7xx_chain_is_discovered_and_says_what_the_plant_does() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=1000.0, pv_w=3000.0)
    clock.move(1800)
    async with SimulatedSite(plant) as site:
        found = await with_client(
            site.inverter_port,
            lambda device: (
                [number for number in device.models if isinstance(number, int)],
                {number: values(device, number) for number in (1, 701, 702, 704, 713, 714, 802)},
                [{name: one.cvalue for name, one in port.points.items()} for port in device.models[714][0].Prt],
            ),
        )
    models, by_model, ports = found
    state = plant.state
    assert models == [1, 701, 702, 703, 704, 713, 714, 802]
    assert by_model[1]["SN"] == "SIM-7XX-0001"
    assert by_model[701]["W"] == pytest.approx(1000.0)
    assert by_model[701]["WL1"] + by_model[701]["WL2"] + by_model[701]["WL3"] == pytest.approx(1000.0, abs=2)
    assert by_model[701]["TmpAmb"] is None
    assert (by_model[702]["WMaxRtg"], by_model[702]["WChaRteMax"], by_model[702]["WDisChaRteMax"]) == (
        10000,
        5000,
        4000,
    )
    assert by_model[713]["SoC"] == pytest.approx(state.soc_pct, abs=0.005)
    assert by_model[713]["WHAvail"] == pytest.approx(state.stored_wh, abs=1.0)
    assert [(port["PrtTyp"], port["DCW"], port["IDStr"]) for port in ports] == [
        (0, 3000.0, "PV"),
        (1, -2000.0, "Battery"),
    ]
    assert ports[1]["DCWhAbs"] - 312500 == pytest.approx(plant.counters.charge_wh, abs=1.0)
    assert (by_model[802]["W"], by_model[802]["SoC"]) == (-2000.0, pytest.approx(state.soc_pct, abs=0.005))
    assert (by_model[704]["WSetEna"], by_model[704]["VarSetEna"]) == (0, None)


async def test_the_gen24_chain_lies_at_the_vendors_addresses_and_says_what_the_plant_does() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=5000.0, pv_w=2000.0)
    clock.move(600)
    async with SimulatedSite(plant, "gen24") as site:
        addresses, by_model, modules = await with_client(
            site.inverter_port,
            lambda device: (
                {number: device.models[number][0].model_addr for number in device.models if isinstance(number, int)},
                {number: values(device, number) for number in (1, 103, 120, 121, 123, 124)},
                [one.points["DCW"].cvalue for one in device.models[160][0].module],
            ),
        )
        meter = await with_client(site.inverter_port, lambda device: values(device, 203), GEN24_METER_UNIT_ID)
    assert addresses == {
        1: 40002,
        103: 40069,
        120: 40121,
        121: 40149,
        122: 40181,
        123: 40227,
        160: 40253,
        124: 40343,
    }
    assert by_model[1]["L"] == 65
    assert (by_model[103]["W"], by_model[103]["St"]) == (5000.0, 4)
    assert (by_model[120]["DERTyp"], by_model[120]["WHRtg"], by_model[121]["WMax"]) == (82, 10000, 10000)
    assert by_model[124]["ChaState"] == pytest.approx(plant.state.soc_pct, abs=0.005)
    assert (by_model[124]["InOutWRte_RvrtTms"], by_model[124]["StorCtl_Mod"]) == (0, 0)
    assert (by_model[124]["OutWRte"], by_model[124]["ChaSt"], by_model[124]["StorAval"]) == (100.0, 3, None)
    assert modules == pytest.approx([1100.0, 900.0, 0.0, 3000.0])
    assert meter["W"] == pytest.approx(0.0)


async def test_the_meter_counts_import_and_export() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=9000.0, pv_w=0.0)
    async with SimulatedSite(plant) as site:
        clock.move(1800)
        first = await with_client(site.meter_port, lambda device: values(device, 203))
        plant.order(-1000.0, -1000.0)
        clock.move(1800)
        second = await with_client(site.meter_port, lambda device: values(device, 203))
    assert first["W"] == pytest.approx(5000.0)
    assert first["WphA"] + first["WphB"] + first["WphC"] == pytest.approx(5000.0, abs=2)
    assert 225.0 < first["PhVphA"] < 235.0
    assert 49.9 < first["Hz"] < 50.1
    assert second["W"] == pytest.approx(10000.0)
    assert second["TotWhImp"] - FIRST_IMPORT_WH == pytest.approx(2500.0 + 5000.0, abs=1.0)
    assert second["TotWhExp"] == FIRST_EXPORT_WH


def steer_7xx(device: Any) -> None:
    control = device.models[704][0]
    for name, value in (("WSetMod", 1), ("WSet", 1500), ("WSetEnaRvrt", 0), ("WSetRvrtTms", 90), ("WSetEna", 1)):
        control.points[name].cvalue = value
        control.points[name].write()


async def test_wset_steers_and_lapses() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    async with SimulatedSite(plant) as site:
        await with_client(site.inverter_port, steer_7xx)
        clock.move(60)
        held = await with_client(site.inverter_port, lambda device: (values(device, 704), values(device, 701)))
        assert (held[0]["WSetEna"], held[0]["WSet"], held[0]["WSetRvrtRem"]) == (1, 1500, 30)
        assert held[1]["W"] == pytest.approx(4500.0)
        assert plant.state.battery_w == 1500.0
        clock.move(60)
        lapsed = await with_client(site.inverter_port, lambda device: values(device, 704))
        assert (lapsed["WSetEna"], lapsed["WSetRvrtRem"]) == (0, 0)
        assert plant.state.battery_w == -2000.0


def steer_gen24(device: Any) -> None:
    control = device.models[124][0]
    orders = (("ChaGriSet", 1), ("OutWRte", -40.0), ("InWRte", 40.0), ("InOutWRte_RvrtTms", 120), ("StorCtl_Mod", 3))
    for name, value in orders:
        control.points[name].cvalue = value
        control.points[name].write()


async def test_model_124_steers_and_lapses_and_keeps_its_timer() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=1000.0, pv_w=0.0)
    async with SimulatedSite(plant, "gen24") as site:
        await with_client(site.inverter_port, steer_gen24)
        clock.move(60)
        held = await with_client(site.inverter_port, lambda device: values(device, 103))
        assert (held["W"], plant.state.battery_w) == (pytest.approx(-2000.0), -2000.0)
        clock.move(90)
        lapsed = await with_client(site.inverter_port, lambda device: values(device, 124))
    assert (lapsed["StorCtl_Mod"], lapsed["InWRte"], lapsed["InOutWRte_RvrtTms"]) == (0, 100.0, 120)
    assert (plant.state.battery_w, plant.orders[-1].ending) == (1000.0, "lapsed")
