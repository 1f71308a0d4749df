"""Deye on the wire, against the simulated inverters of all three maps."""

from collections.abc import Mapping

import pytest

from drivers.device import Action, Applied, Clamped
from drivers.errors import NotApplied, NotSupported
from drivers.reading import Quantity
from drivers.registry import FAMILIES, build
from simulator.faults import Fault, FaultScript
from simulator.physics import BatterySpec
from tests.drivers.memory import MemoryTransport
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import Met, met

MAPS = ("deye_1p", "deye_3p", "deye_3p_hv")
AMP_W: Mapping[str, float] = {"deye_1p": 52.0, "deye_3p": 52.0, "deye_3p_hv": 400.0}
# Half full: 52 V, or 400 V. The inverters came with 120 A (40 A) both ways, grid charging off with 40 A below 30 %, the
# timer on for every day, its six targets at 20 % and no flag.
CHARGE: Mapping[str, list[tuple[int, list[int]]]] = {
    "deye_1p": [(230, [10]), (268, [100] * 6), (274, [1] * 6), (232, [1])],
    "deye_3p": [(128, [10]), (127, [100]), (146, [0xFE]), (130, [1])],
    "deye_3p_hv": [(128, [10]), (127, [100]), (146, [0xFE]), (130, [1])],
}
HOLD: Mapping[str, list[tuple[int, list[int]]]] = {
    "deye_1p": [(232, [0]), (211, [0])],
    "deye_3p": [(130, [0]), (109, [0])],
    "deye_3p_hv": [(130, [0]), (109, [0])],
}
LIMIT: Mapping[str, list[tuple[int, list[int]]]] = {
    "deye_1p": [(248, [0xFE]), (211, [5])],
    "deye_3p": [(109, [5])],
    "deye_3p_hv": [(109, [5])],
}
RELEASE: Mapping[str, list[tuple[int, list[int]]]] = {
    "deye_1p": [(248, [0xFF]), (230, [40]), (268, [20] * 6), (274, [0] * 6), (211, [120])],
    "deye_3p": [(146, [0xFF]), (128, [40]), (127, [30]), (109, [120])],
    "deye_3p_hv": [(146, [0xFF]), (128, [40]), (127, [30]), (109, [40])],
}


@pytest.mark.parametrize("profile", MAPS)
async def test_what_is_written(profile: str) -> None:
    amp_w = AMP_W[profile]
    async with met("deye_hybrid", profile) as site:
        found = await site.device.as_found()
        assert await site.device.set_power(-10.5 * amp_w, 600) == Applied(-10 * amp_w)
        assert site.written() == CHARGE[profile]
        site.clock.move(60)
        assert await site.device.set_power(0, 600) == Applied(0)
        assert site.written() == HOLD[profile]
        site.clock.move(60)
        limited = await site.device.set_power(5.5 * amp_w, 600)
        assert isinstance(limited, Clamped)
        assert limited.battery_w == pytest.approx(5 * amp_w, rel=0.01)
        assert "covers the house by its own rule" in limited.reason
        assert site.written() == LIMIT[profile]
        await site.device.release()
        assert site.written() == RELEASE[profile]
        assert await site.device.as_found() == found


@pytest.mark.parametrize("profile", MAPS)
async def test_what_is_read(profile: str) -> None:
    tens = 10.0 if profile == "deye_3p_hv" else 1.0
    async with met("deye_hybrid", profile, load_w=8000.0, pv_w=1000.0) as site:
        site.clock.move(600)
        found = await site.values()
    assert found[Quantity.GRID_W] == pytest.approx(3000.0, abs=1.0)
    assert found[Quantity.BATTERY_W] == pytest.approx(4000.0, abs=2 * tens)
    assert found[Quantity.PV_W] == pytest.approx(1000.0, abs=2 * tens)
    assert found[Quantity.AC_W] == pytest.approx(5000.0, abs=1.0)
    assert found[Quantity.LOAD_W] == pytest.approx(8000.0, abs=1.0)
    assert found[Quantity.SOC_PCT] == pytest.approx(site.plant.soc_pct, abs=0.5)
    assert found[Quantity.BATTERY_V] == pytest.approx(AMP_W[profile], rel=0.01)
    assert found[Quantity.TEMPERATURE_C] == pytest.approx(41.5)
    assert found[Quantity.IMPORT_WH] == pytest.approx(8_250_500.0, abs=100.0), "over 65535 tenths of a kWh"
    assert found[Quantity.RATED_W] == 10000.0
    assert found[Quantity.FREQUENCY_HZ] == pytest.approx(50.0, abs=0.2)


@pytest.mark.parametrize("profile", MAPS)
async def test_export_and_charging_are_negative(profile: str) -> None:
    async with met("deye_hybrid", profile, load_w=100.0, pv_w=6000.0) as site:
        site.clock.move(600)
        found = await site.values()
    assert found[Quantity.GRID_W] == pytest.approx(-900.0, abs=1.0)
    assert found[Quantity.BATTERY_W] == pytest.approx(-5000.0, abs=10.0)
    assert found[Quantity.EXPORT_WH] == pytest.approx(1_930_150.0, abs=100.0)


async def test_over_32_kw_both_words_count() -> None:
    async with met("deye_hybrid", "deye_3p_hv", load_w=45000.0, pv_w=0.0, inverter_w=50000.0) as site:
        site.clock.move(600)
        found = await site.values()
    assert found[Quantity.GRID_W] == pytest.approx(41000.0, abs=1.0)
    assert found[Quantity.LOAD_W] == pytest.approx(45000.0, abs=1.0)


async def test_the_transformer_sees_the_load_beyond_the_port() -> None:
    async with (
        met("deye_hybrid", "deye_1p") as site,
        met("deye_hybrid", "deye_1p", options={"grid_at": "port"}) as port,
    ):
        for one in (site, port):
            one.unit.image.put("work_mode", 1)
            one.plant.order(0.0, 0.0)
            one.clock.move(600)
        assert (await site.values())[Quantity.GRID_W] == pytest.approx(-2000.0, abs=1.0)
        assert (await port.values())[Quantity.GRID_W] == pytest.approx(-2300.0, abs=1.0)


@pytest.mark.parametrize("profile", MAPS)
async def test_the_battery_follows_and_stays_there_in_silence(profile: str) -> None:
    amp_w = AMP_W[profile]
    async with met("deye_hybrid", profile, load_w=2000.0, pv_w=0.0) as site:
        await site.device.as_found()
        assert await site.battery_w(60) == pytest.approx(2000.0, abs=10.0)
        charging = await site.device.set_power(-5.5 * amp_w, 60)
        assert await site.battery_w(60) == pytest.approx(charging.battery_w, rel=0.02)
        assert not site.device.reverts
        assert await site.battery_w(1800) == pytest.approx(charging.battery_w, rel=0.02), "it has no timeout"
        await site.device.set_power(0, 60)
        assert await site.battery_w(60) == 0.0
        limited = await site.device.set_power(3.5 * amp_w, 60)
        assert await site.battery_w(60) == pytest.approx(limited.battery_w, rel=0.02)
        await site.device.release()
        assert await site.battery_w(60) == pytest.approx(2000.0, abs=10.0)


async def test_while_held_the_sun_may_charge() -> None:
    async with met("deye_hybrid", "deye_3p") as site:
        await site.device.set_power(0, 600)
        assert await site.battery_w(60) == pytest.approx(-2000.0, abs=1.0)


@pytest.mark.parametrize("profile", MAPS)
async def test_what_another_controller_left_is_not_given_back(profile: str) -> None:
    async with met("deye_hybrid", profile) as site:
        image = site.unit.image
        forced = {"deye_1p": {f"target_{i}": 100.0 for i in range(6)} | {f"flag_{i}": 1.0 for i in range(6)}}
        image.put_all({"max_discharge": 0, "grid_charge": 1})
        image.put_all(forced.get(profile, {"start_soc": 95.0, "timer": 0xFE}))
        state = await site.device.in_force()
        assert len(state.order) == 3
        await site.device.as_found()
        await site.device.set_power(0, 60)
        await site.device.release()
        assert (image.value("grid_charge"), image.value("timer")) == (0, 0xFE)
        assert image.value("max_discharge") == image.value("max_charge"), "no limit of the moment"
        assert (await site.device.in_force()).order == {}
        site.plant.recalibrate(40.0)
        assert await site.battery_w(60) == pytest.approx(-2000.0, abs=10.0), "its own rule: what the sun has over"


async def test_the_discharge_current_of_the_site_file_takes_the_place_of_a_zero() -> None:
    async with met("deye_hybrid", "deye_3p", options={"discharge_a": 60}) as site:
        site.unit.image.put("max_discharge", 0)
        await site.device.release()
        assert site.written() == [(109, [60])]


async def test_a_reserve_of_the_owner_is_none_of_a_controller() -> None:
    async with met("deye_hybrid", "deye_3p") as site:
        site.unit.image.put_all({"grid_charge": 1, "start_soc": 95, "max_discharge": 60})
        before = await site.device.as_found()
        assert before["130 grid charge enable"] == 1.0
        assert (await site.device.in_force()).order == {}, "the timer is on, so this is the owner's schedule"
        await site.device.set_power(-520, 60)
        await site.device.release()
        assert await site.device.as_found() == before
        assert site.written()[-1] != (130, [1]), "it had stayed on"


LARGE = BatterySpec(20000.0, 9000.0, 9000.0, idle_w=0.0)


async def test_the_owners_current_is_never_passed() -> None:
    async with met("deye_hybrid", "deye_3p", load_w=9000.0, pv_w=0.0, battery=LARGE) as site:
        site.unit.image.put("max_discharge", 60)
        await site.device.as_found()
        await site.device.set_power(0, 60)
        site.clock.move(60)
        result = await site.device.set_power(8000, 60)
        assert result == Clamped(60 * 52.0, "the battery gives at most 3120 W now")


async def test_a_current_that_is_silently_not_stored_is_told() -> None:
    async with met("deye_hybrid", "deye_3p", load_w=9000.0, pv_w=0.0, battery=LARGE) as site:
        with pytest.raises(NotApplied, match="109 max discharge current was set to 153 and reads 120"):
            await site.device.set_power(8000, 60)


async def test_what_is_answered_and_changes_nothing_is_told() -> None:
    faults = FaultScript([Fault("ignored_write", "inverter", BEGINNING, 3600.0)])
    async with met("deye_hybrid", "deye_3p", faults=faults) as site:
        with pytest.raises(NotApplied):
            await site.device.set_power(-520, 60)


async def test_the_bms_limits() -> None:
    async with met("deye_hybrid", "deye_3p") as site:
        site.plant.recalibrate(99.0)
        site.clock.move(1)
        result = await site.device.set_power(-5000, 60)
        assert isinstance(result, Clamped)
        assert result.reason.startswith("the battery takes at most")
        assert 0 < -result.battery_w <= site.plant.battery.charge_limit_w(99.0)


async def test_less_than_an_ampere_is_none() -> None:
    async with met("deye_hybrid", "deye_3p_hv") as site:
        assert await site.device.set_power(-390, 60) == Applied(0)
        assert site.written() == [(109, [0])]


async def test_without_grid_the_battery_is_let_go() -> None:
    async with met("deye_hybrid", "deye_3p") as site:
        await site.device.as_found()
        await site.device.set_power(0, 60)
        site.unit.image.put("on_grid", 1)
        await site.device.read()
        assert site.unit.image.value("max_discharge") == 120
        with pytest.raises(NotApplied, match="the grid is lost"):
            await site.device.set_power(0, 60)


async def test_what_could_not_be_given_back_is_not_changed() -> None:
    async with met("deye_hybrid", "deye_3p") as site:
        site.unit.image.put("max_discharge", 900)
        with pytest.raises(NotSupported, match="109 max discharge current reads 900, which could not be given back"):
            await site.device.set_power(-520, 60)
        assert site.written() == []


async def an_hour(site: Met, powers_w: list[float]) -> Mapping[str, int]:
    """An order every ten seconds for an hour."""
    await site.device.as_found()
    for i in range(360):
        await site.device.set_power(powers_w[i % len(powers_w)], 60)
        site.clock.move(10)
    return site.device.persistent_writes


async def test_an_hour_of_one_order_is_four_writes() -> None:
    async with met("deye_hybrid", "deye_3p") as site:
        counted = await an_hour(site, [-546.0])
        names = ("128 grid charge current", "127 grid charge start SoC", "146 timer", "130 grid charge enable")
        assert counted == dict.fromkeys(names, 1)
        assert sum(site.unit.wear.values()) == 4


async def test_an_hour_of_new_orders_is_one_a_minute() -> None:
    async with met("deye_hybrid", "deye_3p") as site:
        counted = await an_hour(site, [-520.0, -1040.0, -1560.0, -2080.0, -2600.0])
        assert 1 < counted["128 grid charge current"] <= 60
        assert sum(counted.values()) - counted["128 grid charge current"] == 3
        assert sum(site.unit.wear.values()) == sum(counted.values())


@pytest.mark.parametrize(("code", "said"), [(0x0103, "says 0x0103"), (None, "says nothing")])
async def test_an_unknown_device_is_named(code: int | None, said: str) -> None:
    device = build("deye_hybrid", "deye", MemoryTransport({} if code is None else {0: code}), {})
    with pytest.raises(NotSupported, match=f"{said}, which is no device type known here: set the option map"):
        await device.read()


async def test_the_option_opens_an_unknown_device() -> None:
    async with met("deye_hybrid", "deye_3p_hv", options={"map": "three_phase_hv"}) as site:
        site.unit.image.put("device_type", 0x0777)
        assert await site.battery_w(60) == pytest.approx(-2000.0, abs=10.0)


async def test_it_is_recognised_by_its_type_and_serial_number() -> None:
    identity = FAMILIES["deye_hybrid"].identity
    assert identity is not None
    async with met("deye_hybrid", "deye_1p") as site:
        words = dict(enumerate(site.unit.image.words))
        found = identity.recognise({"holding": words})
        assert found is not None
        assert found.serial == "2102030405"
        assert identity.recognise({"holding": {**words, 0: 0x1234}}) is None
        assert site.device.actions == {Action.HOLD, Action.CHARGE}
        assert site.device.longest_hold_s == float("inf")
