"""SunSpec chains as they are in the field, over real sockets: what is read stays what the plant does, or is missing."""

from datetime import timedelta

import pytest

from drivers.device import Applied, Readable, Remarked, Steerable
from drivers.errors import BadFrame, Refused
from drivers.reading import Quantity
from simulator.chain_unit import ChainOptions, Profile
from simulator.faults import Fault, FaultScript, Kind
from simulator.plant import Plant
from simulator.server import SimulatedSite
from tests.simulator.sites import BEGINNING, Clock, built, discharging, values
from tests.simulator.test_sunspec_client import with_client

Q = Quantity
FAULT_S = 600.0


def during(kind: Kind, device: str = "inverter", **words: int) -> FaultScript:
    return FaultScript([Fault(kind, device, BEGINNING, FAULT_S, **words)])  # type: ignore[arg-type]


def codes(device: Readable) -> list[str]:
    assert isinstance(device, Remarked)
    return [remark.code for remark in device.remarks]


async def check_discharging(device: Readable) -> None:
    found = await values(device)
    powers = found[Q.AC_W], found[Q.PV_W], found[Q.BATTERY_W]
    assert powers == pytest.approx((4000.0, 1000.0, 3000.0), abs=10.0)


async def check_steered(device: Readable, plant: Plant, clock: Clock) -> None:
    assert isinstance(device, Steerable)
    assert await device.set_power(-2000.0, 90.0) == Applied(-2000.0)
    clock.move(30)
    assert (await values(device))[Q.BATTERY_W] == pytest.approx(-2000.0)
    await device.release()
    clock.move(30)
    assert plant.mode() == "self-consumption"


@pytest.mark.parametrize(
    ("profile", "declared", "counts_header"),
    [("gen24", 66, False), ("gen24", 67, True), ("sunspec7xx", 67, False), ("sunspec7xx", 68, True)],
)
async def test_a_common_model_that_is_shorter_than_it_says(
    profile: Profile, declared: int, counts_header: bool
) -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, ChainOptions(profile, common_length=declared)) as site:
        device = built("sunspec_hybrid", site.inverter_port)
        await check_discharging(device)
        assert isinstance(device, Remarked)
        (remark,) = device.remarks
        assert remark.code == "chain_irregular"
        assert f"model 1 at 40002 says that {declared} registers" in remark.text
        assert ("counts the header" in remark.text) is counts_header
        await check_steered(device, plant, clock)
        await device.close()


@pytest.mark.parametrize(
    ("family", "chain"),
    [
        ("fronius_gen24", ChainOptions("gen24")),
        ("fronius_gen24", ChainOptions("gen24", numbers="float")),
        ("sunspec_hybrid", ChainOptions("gen24", numbers="float", base=0)),
        ("sunspec_hybrid", ChainOptions("gen24", split=True)),
        ("sunspec_hybrid", ChainOptions("sunspec7xx", split=True, base=50000)),
    ],
    ids=str,
)
async def test_floats_bases_and_repeated_models(family: str, chain: ChainOptions) -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, chain) as site:
        device = built(family, site.inverter_port)
        await check_discharging(device)
        found = await values(device)
        assert found[Q.SOC_PCT] == pytest.approx(plant.state.soc_pct, abs=0.01)
        assert (found[Q.RATED_W], found[Q.RATED_WH]) == (10000.0, 10000.0)
        assert codes(device) == []
        await check_steered(device, plant, clock)
        await device.close()


async def test_an_independent_client_finds_the_float_chain_ten_registers_further() -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, ChainOptions("gen24", numbers="float", split=True)) as site:
        address, power_w, inputs = await with_client(
            site.inverter_port,
            lambda device: (
                device.models[120][0].model_addr,
                device.models[113][0].points["W"].cvalue,
                [[one.points["DCW"].cvalue for one in model.module] for model in device.models[160]],
            ),
        )
        grid_w = await with_client(site.meter_port, lambda device: device.models[213][0].points["W"].cvalue)
        meter = built("sunspec_meter", site.meter_port)
        assert (await values(meter))[Q.GRID_W] == pytest.approx(grid_w)
        await meter.close()
    assert address == 40131
    assert power_w == pytest.approx(4000.0)
    assert inputs == [pytest.approx([550.0, 450.0]), pytest.approx([0.0, 3000.0])]
    assert grid_w == pytest.approx(0.0, abs=1e-3)


async def test_of_two_chains_the_one_with_the_battery_is_read() -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, ChainOptions("gen24", base=50000, decoy_base=40000)) as site:
        device = built("sunspec_hybrid", site.inverter_port)
        await check_discharging(device)
        assert isinstance(device, Remarked)
        assert [remark.text for remark in device.remarks] == [
            "sunspec_hybrid: there is another chain at 40000 with models 1, which holds less of what is needed"
        ]
        await check_steered(device, plant, clock)
        await device.close()


@pytest.mark.parametrize("kind", ["late_blocks", "absent_modules"])
async def test_modules_that_come_up_later_are_found_without_a_restart(kind: Kind) -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, "gen24", during(kind)) as site:
        device = built("fronius_gen24", site.inverter_port)
        found = await values(device)
        assert found[Q.BATTERY_W] is None
        assert (found[Q.AC_W], found[Q.PV_W]) == pytest.approx((4000.0, 1000.0))
        assert found[Q.SOC_PCT] == pytest.approx(plant.state.soc_pct, abs=0.01)
        assert codes(device) == ["battery_power_missing"]
        clock.move(FAULT_S)
        await check_discharging(device)
        assert codes(device) == []
        await device.close()


@pytest.mark.parametrize("profile", ["gen24", "sunspec7xx"])
async def test_a_scale_factor_that_changes_between_reads_is_never_an_old_one(profile: Profile) -> None:
    clock = Clock()
    plant = discharging(clock)
    faults = FaultScript([Fault("shifted_scale", "inverter", clock.at, 60.0)])
    async with SimulatedSite(plant, profile, faults) as site:
        device = built("sunspec_hybrid", site.inverter_port)
        for _ in range(3):
            await check_discharging(device)
            clock.move(40)
        await device.close()


@pytest.mark.parametrize("profile", ["gen24", "sunspec7xx"])
async def test_a_scale_factor_that_is_not_implemented_makes_powers_missing(profile: Profile) -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, profile, during("no_scale")) as site:
        device = built("sunspec_hybrid", site.inverter_port)
        found = await values(device)
        assert [found[quantity] for quantity in (Q.AC_W, Q.PV_W, Q.BATTERY_W)] == [None] * 3
        assert found[Q.SOC_PCT] == pytest.approx(plant.state.soc_pct, abs=0.01)
        assert codes(device) == ["battery_power_missing"]
        clock.move(FAULT_S)
        await check_discharging(device)
        await device.close()


async def test_a_negative_counter_is_missing_and_the_other_is_not() -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, faults=during("negative_counter", "meter")) as site:
        device = built("sunspec_meter", site.meter_port)
        raw_wh = await with_client(site.meter_port, lambda device: device.models[203][0].points["TotWhExp"].cvalue)
        found = await values(device)
        await device.close()
    assert raw_wh == 2**32 - 500_000
    assert found[Q.EXPORT_WH] is None
    assert found[Q.IMPORT_WH] == pytest.approx(4_210_000.0, abs=1.0)


@pytest.mark.parametrize("forwards", [True, False])
@pytest.mark.parametrize("profile", ["gen24", "sunspec7xx"])
async def test_a_chain_that_moves_is_found_again_and_nothing_is_written_in_between(
    profile: Profile, forwards: bool
) -> None:
    clock = Clock()
    plant = discharging(clock)
    start = clock.at + timedelta(seconds=FAULT_S if forwards else 0.0)
    faults = FaultScript([Fault("moved_chain", "inverter", start, FAULT_S)])
    async with SimulatedSite(plant, profile, faults) as site:
        device = built("sunspec_hybrid", site.inverter_port)
        assert isinstance(device, Steerable)
        await check_discharging(device)
        clock.move(FAULT_S)
        orders = len(plant.orders)
        with pytest.raises((BadFrame, Refused), match=r"is not at|illegal address"):
            await device.set_power(-2000.0, 90.0)
        assert (len(plant.orders), plant.mode()) == (orders, "self-consumption")
        await check_discharging(device)
        await check_steered(device, plant, clock)
        await device.close()


async def test_readings_of_a_chain_that_has_moved_are_an_error_and_never_its_neighbours_values() -> None:
    clock = Clock()
    plant = discharging(clock)
    faults = FaultScript([Fault("moved_chain", "inverter", clock.at + timedelta(seconds=60), FAULT_S)])
    async with SimulatedSite(plant, "gen24", faults) as site:
        device = built("fronius_gen24", site.inverter_port)
        await check_discharging(device)
        for _ in range(2):
            clock.move(60 if faults.kinds("inverter", clock.at) == frozenset() else FAULT_S)
            with pytest.raises(BadFrame, match="not those of this device"):
                await device.read()
            await check_discharging(device)
        await device.close()


async def test_a_release_finds_a_chain_that_has_moved_by_itself() -> None:
    clock = Clock()
    plant = discharging(clock)
    faults = FaultScript([Fault("moved_chain", "inverter", clock.at, 60.0)])
    async with SimulatedSite(plant, "gen24", faults) as site:
        device = built("fronius_gen24", site.inverter_port)
        assert isinstance(device, Steerable)
        await device.set_power(-2000.0, 900.0)
        clock.move(60)
        assert plant.mode() != "self-consumption"
        await device.release()
        clock.move(30)
        assert plant.mode() == "self-consumption"
        await device.close()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [({"decoy_base": 40000}, "cannot both be at 40000"), ({"common_length": 70000}, "cannot declare 70000 registers")],
)
def test_a_chain_that_cannot_be_laid_out_is_refused(words: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ChainOptions(**words)  # type: ignore[arg-type]
