"""A battery setpoint by model 704, on devices that behave and on devices that do not."""

import pytest

from drivers.device import Applied, Clamped
from drivers.errors import NotApplied, NotSupported
from tests.drivers.hybrids import hybrid_7xx

ORDER_704 = ["WSetEnaRvrt", "WSetRvrtTms", "WSetMod", "WSet", "WSetRvrt", "WSetEna"]
ORDER_124 = ["ChaGriSet", "OutWRte", "InWRte", "InOutWRte_RvrtTms", "StorCtl_Mod"]


@pytest.mark.parametrize("power_w", [1500, -1500, 0, -32000 / 8])
async def test_704_writes_settings_first_and_enables_last(power_w: float) -> None:
    device = hybrid_7xx()
    assert await device.hybrid().set_power(power_w, 59.2) == Applied(power_w)
    assert device.names == ORDER_704
    assert (device.raw(704, "WSetEna"), device.raw(704, "WSetMod"), device.raw(704, "WSetEnaRvrt")) == (1, 1, 0)
    assert device.words[device.layout.address(704, "WSetRvrtTms") + 1] == 60
    assert device.words[device.layout.address(704, "WSetRvrt") + 1] == 0


async def test_704_writes_wide_numbers_in_one_request() -> None:
    device = hybrid_7xx()
    await device.hybrid().set_power(-1500, 60)
    start = device.layout.address(704, "WSetMod")
    ena = device.layout.address(704, "WSetEna")
    assert device.writes == [
        (device.layout.address(704, "WSetEnaRvrt"), [0, 0, 60]),
        (start, [1, 0xFFFF, 0xFA24, 0, 0]),
        (ena, [1]),
    ]


async def test_704_without_a_timer_does_not_revert() -> None:
    device = hybrid_7xx(without=("WSetRvrtTms", "WSetRvrtRem", "WSetRvrt"))
    hybrid = device.hybrid()
    assert await hybrid.set_power(1000, 60) == Applied(1000)
    assert not hybrid.reverts
    assert device.names == ["WSetEnaRvrt", "WSetMod", "WSet", "WSetEna"]


async def test_704_in_its_own_resolution() -> None:
    device = hybrid_7xx()
    device.words[device.layout.address(704, "WSet_SF")] = 2
    assert await device.hybrid().set_power(1549, 60) == Applied(1500)


async def test_704_over_the_rating_is_clamped_before_writing() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.read()
    assert await hybrid.set_power(9000, 60) == Clamped(6000, "hybrid is rated for 6000 W in this direction")
    assert await hybrid.set_power(-9000, 60) == Clamped(-5000, "hybrid is rated for 5000 W in this direction")


async def test_704_clamped_by_the_device() -> None:
    device = hybrid_7xx()
    timer = device.tamper

    def limit(words: dict[int, int]) -> None:
        timer(words)
        device.put(704, "WSet", -1200)

    device.tamper = limit
    result = await device.hybrid().set_power(-3000, 60)
    assert isinstance(result, Clamped)
    assert result.battery_w == -1200


@pytest.mark.parametrize("ignored", ["WSet", "WSetEna", "WSetMod", "WSetEnaRvrt"])
async def test_704_a_write_that_is_ignored_is_not_applied(ignored: str) -> None:
    device = hybrid_7xx()
    device.ignores.add(ignored)
    with pytest.raises(NotApplied, match=f"704.{ignored} was set to"):
        await device.hybrid().set_power(1500, 60)


@pytest.mark.parametrize("ignored", ["WSet", "WSetMod"])
async def test_704_what_was_enabled_with_another_power_is_taken_back(ignored: str) -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    assert await hybrid.set_power(-3000, 60) == Applied(-3000)
    device.put(704, "WSetMod", 0 if ignored == "WSetMod" else 1)
    device.ignores.add(ignored)
    with pytest.raises(NotApplied):
        await hybrid.set_power(1500, 60)
    assert device.raw(704, "WSetEna") == 0


@pytest.mark.parametrize("fault", ["ignored", "other value", "stopped"])
async def test_704_a_setpoint_whose_timer_does_not_run_is_taken_back(fault: str) -> None:
    device = hybrid_7xx()
    timer = device.tamper

    def spoil(words: dict[int, int]) -> None:
        timer(words)
        name = "WSetRvrtRem" if fault == "stopped" else "WSetRvrtTms"
        device.put(704, name, 30 if fault == "other value" else 0)

    device.tamper = spoil
    with pytest.raises(NotApplied, match="WSetRvrtTms was set to 60 s"):
        await device.hybrid().set_power(1500, 60)
    assert device.raw(704, "WSetEna") == 0


async def test_704_by_another_in_percent_is_seen_as_the_percent_that_count() -> None:
    device = hybrid_7xx()
    for name, value in (("WSetEna", 1), ("WSetMod", 0), ("WSet", 700)):
        device.put(704, name, value)
    assert "704.WSet" not in (await device.hybrid().in_force()).order


async def test_704_release_only_disables_and_only_when_needed() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.release()
    assert device.writes == []
    await hybrid.set_power(1500, 60)
    device.names.clear()
    await hybrid.release()
    assert device.names == ["WSetEna"]
    assert device.raw(704, "WSetEna") == 0


async def test_704_release_that_is_ignored_is_not_applied() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.set_power(1500, 60)
    device.ignores.add("WSetEna")
    with pytest.raises(NotApplied, match="WSetEna was set to 0"):
        await hybrid.release()


async def test_704_of_the_whole_inverter() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid(setpoint_of="inverter")
    with pytest.raises(NotApplied, match="PV power is not known"):
        await hybrid.set_power(-1000, 60)
    await hybrid.read()
    assert await hybrid.set_power(-1000, 60) == Applied(-1000)
    assert device.words[device.layout.address(704, "WSet") + 1] == 2000, "PV gives 3000 W"


@pytest.mark.parametrize(("modes", "obeyed"), [(None, True), (0b0, True), (0b1, False), (0b11, True), (0b101, False)])
async def test_704_is_written_only_where_a_fixed_power_is_among_the_control_modes(
    modes: int | None, obeyed: bool
) -> None:
    device = hybrid_7xx()
    if modes is not None:
        device.put(702, "CtrlModes", modes)
    hybrid = device.hybrid()
    if obeyed:
        assert await hybrid.set_power(1500, 60) == Applied(1500)
        return
    with pytest.raises(NotSupported, match="CtrlModes"):
        await hybrid.set_power(1500, 60)
    assert device.writes == []
    assert await hybrid.limit_pv(2000, 60) == Applied(2000), "a cap is another control mode"
