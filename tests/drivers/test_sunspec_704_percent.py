"""A battery setpoint by model 704 in percent of WMax, on devices that do not implement it in watts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Applied, Clamped
from drivers.errors import NotApplied, NotSupported
from tests.drivers.hybrids import IN_PERCENT, Hybrid, hybrid_7xx

ORDER = ["WSetEnaRvrt", "WSetRvrtTms", "WSetPct", "WSetPctRvrt", "WSetMod", "WSetEna"]
FULL_W = 10_000.0


def in_percent(step: int = -2, without: tuple[str, ...] = ()) -> Hybrid:
    """WMax is 10 kW, the battery gives 6 kW and takes 5 kW. Found in watts, as nobody has left it."""
    device = hybrid_7xx((*IN_PERCENT, *without), percent_step=step)
    device.put(704, "WSetMod", 1)
    return device


def percent(device: Hybrid) -> int:
    word = device.raw(704, "WSetPct")
    return word - 0x10000 if word >= 0x8000 else word


@pytest.mark.parametrize(("power_w", "raw"), [(1500, 1500), (-1500, -1500), (0, 0), (-4999, -4999), (6000, 6000)])
async def test_a_power_is_written_in_percent_with_the_timer_first_and_the_mode_after_it(
    power_w: float, raw: int
) -> None:
    device = in_percent()
    assert await device.hybrid().set_power(power_w, 59.2) == Applied(power_w)
    assert device.names == ORDER
    assert (percent(device), device.raw(704, "WSetPctRvrt")) == (raw, 0)
    assert (device.raw(704, "WSetEna"), device.raw(704, "WSetMod"), device.raw(704, "WSetEnaRvrt")) == (1, 0, 0)
    assert device.words[device.layout.address(704, "WSetRvrtTms") + 1] == 60


@pytest.mark.parametrize(
    ("step", "resolution_w", "power_w", "held_w"),
    [
        (-1, 10.0, 1519.0, 1510.0),
        (-1, 10.0, -1519.0, -1510.0),
        (0, 100.0, 1590.0, 1500.0),
        (0, 100.0, -1590.0, -1500.0),
        (0, 100.0, 99.0, 0.0),
        (1, 1000.0, 5999.0, 5000.0),
    ],
)
async def test_rounded_to_its_step_and_never_past_what_was_asked(
    step: int, resolution_w: float, power_w: float, held_w: float
) -> None:
    device = in_percent(step)
    hybrid = device.hybrid()
    assert await hybrid.set_power(power_w, 60) == Applied(held_w)
    assert hybrid.facts.resolution_w == resolution_w


@given(power_w=st.floats(-10_000, 10_000), step=st.sampled_from([-2, -1, 0]))
async def test_no_power_is_passed(power_w: float, step: int) -> None:
    held_w = (await in_percent(step).hybrid().set_power(power_w, 60)).battery_w
    step_w = FULL_W / 100.0 * 10.0**step
    assert abs(held_w) <= abs(power_w) + 1e-3
    assert abs(held_w - power_w) < step_w + 1e-3
    assert held_w * power_w >= 0.0


async def test_it_reverts_and_is_read_back_in_percent() -> None:
    device = in_percent()
    hybrid = device.hybrid()
    await hybrid.set_power(-1500, 60)
    assert hybrid.reverts
    assert (await hybrid.in_force()).order == {"704.WSetMod": 0.0, "704.WSetPct": -15.0}
    assert hybrid.written is not None
    assert (await hybrid.in_force()).order == hybrid.written.order


async def test_a_timer_that_does_not_run_ends_it() -> None:
    device = in_percent()
    device.ignores.add("WSetRvrtTms")
    with pytest.raises(NotApplied, match="WSetRvrtTms was set to 60 s"):
        await device.hybrid().set_power(1500, 60)
    assert device.raw(704, "WSetEna") == 0


async def test_beyond_all_of_it_is_all_of_it() -> None:
    result = await in_percent().hybrid().set_power(12_000, 60)
    assert result == Clamped(FULL_W, "704.WSetPct takes at most 100 % of 10000 W")


async def test_clamped_by_the_device_is_told_in_watts() -> None:
    device = in_percent()
    timer = device.tamper

    def limit(words: dict[int, int]) -> None:
        timer(words)
        device.put(704, "WSetPct", -12)

    device.tamper = limit
    result = await device.hybrid().set_power(-3000, 60)
    assert result == Clamped(-1200, "the device holds -12 of the -30 asked for, in percent of 10000 W")


@pytest.mark.parametrize("ignored", ["WSetPct", "WSetMod", "WSetEna"])
async def test_a_write_that_is_ignored_is_not_applied(ignored: str) -> None:
    device = in_percent()
    device.ignores.add(ignored)
    with pytest.raises(NotApplied, match=f"704.{ignored} was set to"):
        await device.hybrid().set_power(1500, 60)
    assert device.raw(704, "WSetEna") == 0


async def test_a_percent_is_of_wmax_as_it_is_now() -> None:
    device = in_percent()
    hybrid = device.hybrid()
    await hybrid.set_power(1000, 60)
    device.put(702, "WMax", 5000)
    assert await hybrid.set_power(1000, 60) == Applied(1000)
    assert percent(device) == 2000


async def test_without_a_setting_of_wmax_it_is_of_the_rating_and_without_both_of_nothing() -> None:
    device = in_percent()
    hybrid = device.hybrid()
    device.words[device.layout.address(702, "WMax")] = 0xFFFF
    device.put(702, "WMaxRtg", 8000)
    assert await hybrid.set_power(2000, 60) == Applied(2000)
    assert percent(device) == 2500
    device.words[device.layout.address(702, "WMaxRtg")] = 0xFFFF
    with pytest.raises(NotSupported, match=r"702\.WMax reads nothing"):
        await hybrid.set_power(2000, 60)
    await hybrid.release()
    assert device.raw(704, "WSetEna") == 0


async def test_what_was_found_is_given_back() -> None:
    device = in_percent()
    hybrid = device.hybrid()
    found = await hybrid.as_found()
    assert found["704.WSetPctRvrt"] == 5.0
    await hybrid.set_power(1500, 60)
    await hybrid.release()
    assert (device.raw(704, "WSetEna"), device.raw(704, "WSetPctRvrt")) == (0, 500)
    assert percent(device) == 0


async def test_of_the_whole_inverter_it_is_rounded_towards_a_battery_at_rest() -> None:
    device = in_percent(0)
    device.put(714, "Prt.1.DCW", 3050)
    hybrid = device.hybrid(setpoint_of="inverter")
    await hybrid.read()
    assert await hybrid.set_power(-1000, 60) == Applied(-950)
    assert percent(device) == 21
    assert await hybrid.set_power(1000, 60) == Applied(950)
    assert percent(device) == 40


async def test_watts_come_first_where_the_device_takes_both() -> None:
    device = hybrid_7xx(percent_step=-2)
    await device.hybrid().set_power(1500, 60)
    assert "WSetPct" not in device.names
    assert device.raw(704, "WSetMod") == 1


async def test_watts_in_coarse_steps_pass_no_limit_either() -> None:
    device = hybrid_7xx()
    device.words[device.layout.address(704, "WSet_SF")] = 2
    hybrid = device.hybrid()
    assert await hybrid.set_power(1590, 60) == Applied(1500)
    assert await hybrid.set_power(-1590, 60) == Applied(-1500)
    assert hybrid.facts.resolution_w == 100.0


@pytest.mark.parametrize(
    ("point", "missing"), [("WSetPct", 0x8000), ("WSetPct_SF", 0x8000), ("WSetPct_SF", 11), ("WSetEna", 0xFFFF)]
)
async def test_without_its_points_it_takes_no_setpoint(point: str, missing: int) -> None:
    device = in_percent()
    device.words[device.layout.address(704, point)] = missing
    with pytest.raises(NotSupported, match="WSetPct"):
        await device.hybrid().set_power(1500, 60)
    assert device.writes == []
