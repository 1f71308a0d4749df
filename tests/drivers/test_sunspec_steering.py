"""Steering by models 704 and 124, and caps by 704 and 123, on devices that behave and on devices that do not."""

import asyncio
from collections.abc import Callable

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, NotApplied, NotSupported, Refused
from tests.drivers.hybrids import Hybrid, gen24, hybrid_7xx
from tests.drivers.memory import COMMON, SunSpecMap

ORDER_704 = ["WSetMod", "WSet", "WSetRvrt", "WSetEnaRvrt", "WSetRvrtTms", "WSetEna"]
ORDER_124 = ["ChaGriSet", "OutWRte", "InWRte", "InOutWRte_RvrtTms", "StorCtl_Mod"]


def signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


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
        (start, [1, 0xFFFF, 0xFA24, 0, 0]),
        (device.layout.address(704, "WSetEnaRvrt"), [0, 0, 60]),
        (ena, [1]),
    ]


async def test_704_without_a_timer_does_not_revert() -> None:
    device = hybrid_7xx(without=("WSetRvrtTms", "WSetRvrtRem", "WSetRvrt"))
    hybrid = device.hybrid()
    assert await hybrid.set_power(1000, 60) == Applied(1000)
    assert not hybrid.reverts
    assert device.names == ["WSetMod", "WSet", "WSetEnaRvrt", "WSetEna"]


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


@pytest.mark.parametrize(
    ("power_w", "discharge_pct"), [(1500, 30.0), (-1500, -30.0), (0, 0.0), (5000, 100.0), (-5000, -100.0), (1.4, 0.03)]
)
async def test_124_closes_both_limits_on_the_setpoint(power_w: float, discharge_pct: float) -> None:
    device = gen24()
    hybrid = device.hybrid()
    result = await hybrid.set_power(power_w, 60)
    assert isinstance(result, Applied)
    assert result.battery_w == pytest.approx(discharge_pct * 50)
    assert device.names == ORDER_124
    assert signed(device.raw(124, "OutWRte")) == round(discharge_pct * 100)
    assert signed(device.raw(124, "InWRte")) == round(-discharge_pct * 100)
    assert (device.raw(124, "StorCtl_Mod"), device.raw(124, "ChaGriSet")) == (3, 1)
    assert device.raw(124, "InOutWRte_RvrtTms") == 60
    assert hybrid.reverts


async def test_124_over_its_rating_is_clamped() -> None:
    device = gen24()
    result = await device.hybrid().set_power(-8000, 60)
    assert isinstance(result, Clamped)
    assert result.battery_w == -5000


async def test_124_without_a_timer_does_not_revert() -> None:
    device = gen24(without=("InOutWRte_RvrtTms",))
    hybrid = device.hybrid()
    assert await hybrid.set_power(1000, 60) == Applied(1000)
    assert not hybrid.reverts
    assert "InOutWRte_RvrtTms" not in device.names


@pytest.mark.parametrize("ignored", ["OutWRte", "InWRte", "StorCtl_Mod", "ChaGriSet"])
async def test_124_a_write_that_is_ignored_is_not_applied(ignored: str) -> None:
    device = gen24()
    device.ignores.add(ignored)
    with pytest.raises(NotApplied, match=f"124.{ignored} was set to"):
        await device.hybrid().set_power(1500, 60)


async def test_124_rates_without_their_timer_are_taken_back() -> None:
    device = gen24()
    device.ignores.add("InOutWRte_RvrtTms")
    with pytest.raises(NotApplied, match="RvrtTms was set to 60 s"):
        await device.hybrid().set_power(1500, 60)
    assert device.raw(124, "StorCtl_Mod") == 0


async def test_124_release_is_the_automatic_row_with_the_mode_first() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.release()
    assert device.writes == [], "nothing to write on a device that is automatic"
    await hybrid.set_power(-1500, 60)
    device.names.clear()
    await hybrid.release()
    assert device.names == ["StorCtl_Mod", "OutWRte", "InWRte", "ChaGriSet"]
    assert [device.raw(124, name) for name in device.names] == [0, 10000, 10000, 0]


async def test_124_without_a_base_takes_no_setpoint() -> None:
    device = gen24(without=("WChaMax",))
    with pytest.raises(NotSupported, match="neither model 704 WSet nor model 124"):
        await device.hybrid().set_power(100, 60)


async def test_124_with_a_base_of_zero() -> None:
    device = gen24()
    device.put(124, "WChaMax", 0)
    with pytest.raises(NotSupported, match="WChaMax reads 0"):
        await device.hybrid().set_power(100, 60)


async def test_124_stands_in_for_a_704_without_setpoint() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(701, {"W": 0, "W_SF": 0})
    layout.add(704)
    rates = {"OutWRte": 100, "InWRte": 100, "StorCtl_Mod": 0, "WChaMax": 1000, "WChaMax_SF": 0, "InOutWRte_SF": -2}
    layout.add(124, rates)
    device = Hybrid(layout.end(), (124,))
    assert await device.hybrid().set_power(100, 60) == Applied(100)
    assert "OutWRte" in device.names


@pytest.mark.parametrize("cap_w", [10000, 4321, 0])
async def test_a_cap_by_704(cap_w: float) -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    assert await hybrid.limit_pv(cap_w, 60) == Applied(pytest.approx(cap_w))
    assert device.names == ["WMaxLimPct", "WMaxLimPctEnaRvrt", "WMaxLimPctRvrtTms", "WMaxLimPctEna"]
    assert device.raw(704, "WMaxLimPct") == round(cap_w)
    assert (device.raw(704, "WMaxLimPctEna"), device.raw(704, "WMaxLimPctEnaRvrt")) == (1, 0)


async def test_a_cap_by_123() -> None:
    device = gen24()
    hybrid = device.hybrid()
    assert await hybrid.limit_pv(2500, 60) == Applied(2500)
    assert device.names == ["WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena"]
    assert (device.raw(123, "WMaxLimPct"), device.raw(123, "WMaxLimPct_RvrtTms")) == (2500, 60)
    device.names.clear()
    await hybrid.limit_pv(None, 60)
    assert device.names == ["WMaxLimPct", "WMaxLim_Ena"]
    assert (device.raw(123, "WMaxLimPct"), device.raw(123, "WMaxLim_Ena")) == (10000, 0)
    device.names.clear()
    await hybrid.limit_pv(None, 60)
    assert device.names == []


@pytest.mark.parametrize("ignored", ["WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena"])
async def test_a_cap_that_is_ignored_is_not_applied(ignored: str) -> None:
    device = gen24()
    device.ignores.add(ignored)
    with pytest.raises(NotApplied, match=f"123.{ignored} was set to"):
        await device.hybrid().limit_pv(2500, 60)


async def test_release_lifts_our_cap_and_no_other() -> None:
    device = gen24()
    hybrid = device.hybrid()
    device.put(123, "WMaxLim_Ena", 1)
    await hybrid.release()
    assert device.raw(123, "WMaxLim_Ena") == 1, "the owner's cap"
    await hybrid.limit_pv(100, 60)
    await hybrid.release()
    assert device.raw(123, "WMaxLim_Ena") == 0


async def test_a_device_without_controls() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(103, {"W": 1, "W_SF": 0})
    hybrid = Hybrid(layout.end(), ()).hybrid()
    with pytest.raises(NotSupported, match="no battery setpoint"):
        await hybrid.set_power(1, 60)
    with pytest.raises(NotSupported, match="no cap"):
        await hybrid.limit_pv(1, 60)
    await hybrid.release()
    await hybrid.read()
    assert not hybrid.reverts


async def test_local_control_is_respected() -> None:
    hybrid = hybrid_7xx(local=True).hybrid()
    with pytest.raises(NotApplied, match="local control"):
        await hybrid.set_power(1, 60)
    with pytest.raises(NotApplied, match="local control"):
        await hybrid.limit_pv(1, 60)
    assert await hybrid_7xx(local=False).hybrid().set_power(1, 60) == Applied(1)


@pytest.mark.parametrize("make", [hybrid_7xx, gen24])
async def test_only_listed_points_are_ever_written(make: Callable[[], Hybrid]) -> None:
    device = make()
    before = dict(device.words)
    hybrid = device.hybrid()
    await hybrid.read()
    for power_w in (1000, -1000):
        await hybrid.set_power(power_w, 60)
        await hybrid.limit_pv(3000, 60)
    await hybrid.release()
    assert not any(name.startswith("register") for name in device.names)
    assert not {"Conn", "AntiIslEna", "OpCtl", "ES", "DA"} & set(device.names)
    for model_id, name in ((704, "AntiIslEna"), (123, "Conn"), (121, "WMax"), (702, "WMax")):
        if any(model.model_id == model_id for model in device.layout.models):
            address = device.layout.address(model_id, name)
            assert device.words[address] == before[address]


@pytest.mark.parametrize(
    ("power_w", "hold_s"), [(float("nan"), 60), (float("inf"), 60), (1, 0), (1, -5), (1, float("nan"))]
)
async def test_a_senseless_setpoint_is_not_written(power_w: float, hold_s: float) -> None:
    device = hybrid_7xx()
    with pytest.raises(ValueError, match="cannot be written"):
        await device.hybrid().set_power(power_w, hold_s)
    assert device.writes == []


async def test_a_negative_cap_is_not_written() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        await hybrid_7xx().hybrid().limit_pv(-1, 60)


@pytest.mark.parametrize("error", [LinkDown("x"), NoAnswer("x"), Refused(6, "x")], ids=repr)
async def test_errors_of_the_link_reach_the_caller(error: DriverError) -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.read()
    device.failure = lambda span: error
    with pytest.raises(type(error)):
        await hybrid.set_power(1, 60)
    device.failure = lambda span: None
    assert await hybrid.set_power(1, 60) == Applied(1)


async def test_controls_that_moved_are_not_written() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.read()
    device.words[device.layout.address(704, "ID")] = 705
    with pytest.raises(BadFrame, match="704 is not at"):
        await hybrid.set_power(1, 60)
    assert device.writes == []


async def test_a_model_that_cannot_be_read_is_not_used() -> None:
    device = gen24()
    model = next(model for model in device.layout.models if model.model_id == 124)

    def refuse(span: Span) -> DriverError | None:
        return Refused(2, "x") if span.address == model.address and span.count > 2 else None

    device.failure = refuse
    with pytest.raises(NotSupported, match="no battery setpoint"):
        await device.hybrid().set_power(1, 60)


async def test_commands_do_not_mix() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await asyncio.gather(*(hybrid.set_power(100 * i, 60) for i in range(4)), hybrid.read())
    assert device.names == ORDER_704 * 4
