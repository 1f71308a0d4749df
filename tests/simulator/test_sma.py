"""The family ``sma_hybrid`` meets a simulated Sunny Boy Storage and a Tripower Smart Energy."""

from collections.abc import Sequence

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.errors import NotSupported, Refused
from drivers.reading import Quantity
from drivers.registry import FAMILIES
from simulator.faults import Fault, FaultScript
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import met

WINDOW = (40236, 40793, 40795, 40797, 40799, 40801)
TRIPOWER: dict[str, object] = {"steered_by": "setpoint", "solar_strings": True}
BOTH = pytest.mark.parametrize(("profile", "options"), [("sma_storage", {}), ("sma_tripower", TRIPOWER)])


def window(*values: int) -> list[tuple[int, list[int]]]:
    """Mode, least and most charging, least and most discharging, target at the grid: six requests."""
    return [(at, [0, value]) for at, value in zip(WINDOW, values, strict=True)]


@BOTH
@pytest.mark.parametrize(
    ("load_w", "pv_w", "battery_w", "grid_w"), [(8000.0, 1000.0, 4000.0, 3000.0), (1000.0, 3000.0, -2000.0, 0.0)]
)
async def test_it_reads_as_it_is(
    profile: str, options: dict[str, object], load_w: float, pv_w: float, battery_w: float, grid_w: float
) -> None:
    async with met("sma_hybrid", profile, load_w=load_w, pv_w=pv_w, options=options) as one:
        one.clock.move(600)
        found = await one.values()
        assert (found[Quantity.BATTERY_W], found[Quantity.GRID_W]) == (battery_w, grid_w)
        assert found[Quantity.GRID_L1_W] == pytest.approx(0.42 * grid_w, abs=1)
        assert found[Quantity.AC_W] == (battery_w + pv_w if options else battery_w)
        assert found.get(Quantity.PV_W) == (pv_w if options else None)
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.5)
        assert found[Quantity.IMPORT_WH] == pytest.approx(4_210_000 + one.plant.counters.import_wh, abs=1)
        assert found[Quantity.AC_WH] is not None, "the counter of 32 bits has overflowed, that of 64 has not"
        assert (found[Quantity.RATED_CHARGE_W], found[Quantity.RATED_DISCHARGE_W]) == (5000.0, 4000.0)
        assert None not in found.values()


async def test_exported_power_is_negative() -> None:
    async with met("sma_hybrid", "sma_storage", load_w=1000.0, pv_w=5000.0, soc_pct=100.0) as one:
        one.clock.move(600)
        found = await one.values()
        assert (found[Quantity.GRID_W], found[Quantity.GRID_L1_W]) == (-4000.0, -1680.0)


async def test_by_night_the_strings_give_no_number() -> None:
    async with met("sma_hybrid", "sma_tripower", pv_w=0.0, options=TRIPOWER) as one:
        found = await one.values()
        assert found[Quantity.PV_W] is None
        assert found[Quantity.BATTERY_W] is not None


@pytest.mark.parametrize("sentinel", [(0x8000, 0), (0xFFFF, 0xFFFF)])
async def test_both_patterns_of_a_counter_that_is_not_there_are_missing(sentinel: tuple[int, int]) -> None:
    script = FaultScript((Fault("frozen", "inverter", BEGINNING, 3600.0),))
    async with met("sma_hybrid", "sma_storage", faults=script) as one:
        one.unit.image.store(30581, sentinel)
        found = await one.values()
        assert found[Quantity.IMPORT_WH] is None
        assert found[Quantity.EXPORT_WH] is not None


@pytest.mark.parametrize(
    ("power_w", "written"),
    [
        (-3500.0, window(2289, 3500, 3500, 0, 0, 0)),
        (1500.0, window(2290, 0, 0, 1500, 1500, 0)),
        (0.0, window(2424, 0, 0, 0, 0, 0)),
    ],
)
async def test_a_storage_obeys_six_values_for_a_minute(power_w: float, written: list[tuple[int, list[int]]]) -> None:
    async with met("sma_hybrid", "sma_storage") as one:
        assert await one.device.set_power(power_w, 300) == Applied(power_w)
        assert one.written() == written
        assert await one.battery_w(50) == power_w
        await one.device.set_power(power_w, 300)
        assert await one.battery_w(50) == power_w
        assert await one.battery_w(30) == -2000.0
        assert (one.device.longest_hold_s, one.device.reverts) == (60.0, True)


async def test_a_storage_is_released_by_the_window_of_its_ratings() -> None:
    async with met("sma_hybrid", "sma_storage") as one:
        await one.device.as_found()
        await one.device.set_power(1500, 60)
        one.written()
        await one.device.release()
        assert one.written() == window(2424, 0, 5000, 0, 4000, 0)
        assert await one.battery_w() == -2000.0
        assert (one.device.persistent_writes, one.device.wears) == ({}, False)


async def test_five_of_six_values_are_ignored() -> None:
    async with met("sma_hybrid", "sma_storage") as one:
        whole = one.device._transport.write

        async def torn(address: int, words: Sequence[int]) -> None:
            if address != 40799:
                await whole(address, words)

        one.device._transport.write = torn  # type: ignore[method-assign]  # the fourth value is lost on the way
        await one.device.set_power(-3500, 60)
        assert await one.battery_w() == -2000.0


async def test_newer_firmware_ignores_the_setpoint_for_charging() -> None:
    async with met("sma_hybrid", "sma_storage", options={"steered_by": "setpoint"}) as one:
        assert await one.device.set_power(-3500, 60) == Applied(-3500), "nothing can be read back"
        assert await one.battery_w() == -2000.0, "only the measured power tells"
        await one.device.set_power(1500, 60)
        assert await one.battery_w() == 1500.0


@pytest.mark.parametrize(
    ("power_w", "words"),
    [(-3500.0, [0xFFFF, 0xF254, 0, 802]), (1500.0, [0, 1500, 0, 802]), (0.0, [0, 0, 0, 802])],
)
async def test_a_tripower_obeys_a_setpoint_until_its_fallback(power_w: float, words: list[int]) -> None:
    async with met("sma_hybrid", "sma_tripower", options=TRIPOWER) as one:
        assert await one.device.set_power(power_w, 60) == Applied(power_w)
        assert one.written() == [(40149, words)]
        assert await one.battery_w(50) == power_w
        assert await one.battery_w(30) == 0.0, "what the installer chose, and not self-consumption"
        await one.device.release()
        assert one.written() == [(40151, [0, 803])]
        assert await one.battery_w() == -2000.0


async def test_the_installer_s_time_out_bounds_the_lease() -> None:
    async with met("sma_hybrid", "sma_tripower", options=TRIPOWER) as one:
        one.unit.image.put("fallback_s", 20)
        await one.values()
        assert one.device.longest_hold_s == 20.0


async def test_an_inverter_that_would_keep_an_order_for_ever_is_not_steered() -> None:
    async with met("sma_hybrid", "sma_tripower", options=TRIPOWER) as one:
        one.unit.image.put("fallback", 2506)
        with pytest.raises(NotSupported, match="reads 2506: let the installer choose to apply fallback values"):
            await one.device.set_power(-3500, 60)
        assert one.written() == []


async def test_a_device_steered_the_wrong_way_says_so() -> None:
    async with met("sma_hybrid", "sma_tripower", options={"steered_by": "window"}) as one:
        with pytest.raises(Refused, match="exception 2"):
            await one.device.set_power(-3500, 60)


@BOTH
async def test_the_battery_s_own_limits_cut(profile: str, options: dict[str, object]) -> None:
    async with met("sma_hybrid", profile, options=options) as one:
        assert await one.device.set_power(-9000, 60) == Clamped(-5000, "the battery takes at most 5000 W now")


async def test_the_site_file_may_tell_the_limits() -> None:
    options: dict[str, object] = {"rated_charge_w": 2500.0, "rated_discharge_w": 2000.0}
    async with met("sma_hybrid", "sma_storage", options=options) as one:
        one.unit.image.put_all({"most_charge_w": None, "most_discharge_w": None})
        assert isinstance(await one.device.set_power(-3500, 60), Clamped)
        one.written()
        await one.device.release()
        assert one.written() == window(2424, 0, 2500, 0, 2000, 0)


async def test_without_any_limits_silence_is_the_release() -> None:
    async with met("sma_hybrid", "sma_storage") as one:
        one.unit.image.put_all({"most_charge_w": None, "most_discharge_w": None})
        await one.device.set_power(-3500, 60)
        one.written()
        await one.device.release()
        assert one.written() == []
        assert await one.battery_w(90) == -2000.0


async def test_half_of_a_value_cannot_be_read_and_what_is_not_there_is_no_number() -> None:
    async with met("sma_hybrid", "sma_storage") as one:
        transport = one.device._transport
        with pytest.raises(Refused, match="exception 2"):
            await transport.read(Span("holding", 30776, 2))
        assert await transport.read(Span("holding", 30700, 2)) == [0xFFFF, 0xFFFF]
        assert await transport.read(Span("holding", 40236, 2)) == [0xFFFF, 0xFFFF], "write-only"
        other = transport._bus.transport(1)  # type: ignore[attr-defined]
        with pytest.raises(Refused, match="exception 4"):
            await other.read(Span("holding", 30775, 2))


@pytest.mark.parametrize(("soc", "known"), [((0, 55), True), ((0xFFFF, 0xFFFF), False)])
def test_it_is_recognised_by_its_battery(soc: tuple[int, int], known: bool) -> None:
    identity = FAMILIES["sma_hybrid"].identity
    assert identity is not None
    words = dict(zip((30201, 30202, 30057, 30058, 30845, 30846), (0, 307, 0xB2E4, 0x1B07, *soc), strict=True))
    assert (identity.recognise({"holding": words}) is not None) is known
