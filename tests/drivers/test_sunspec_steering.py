"""Caps by models 704 and 123, and what holds for every command to a hybrid."""

import asyncio
from collections.abc import Callable

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, NotApplied, NotSupported, Refused
from tests.drivers.hybrids import Hybrid, gen24, hybrid_7xx
from tests.drivers.memory import COMMON, SunSpecMap

ORDER_704 = ["WSetEnaRvrt", "WSetRvrtTms", "WSetMod", "WSet", "WSetRvrt", "WSetEna"]
ORDER_124 = ["ChaGriSet", "OutWRte", "InWRte", "InOutWRte_RvrtTms", "StorCtl_Mod"]


@pytest.mark.parametrize("cap_w", [10000, 4321, 0])
async def test_a_cap_by_704(cap_w: float) -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    assert await hybrid.limit_pv(cap_w, 60) == Applied(pytest.approx(cap_w))
    assert device.names == ["WMaxLimPctEnaRvrt", "WMaxLimPctRvrtTms", "WMaxLimPct", "WMaxLimPctEna"]
    assert device.raw(704, "WMaxLimPct") == round(cap_w)
    assert (device.raw(704, "WMaxLimPctEna"), device.raw(704, "WMaxLimPctEnaRvrt")) == (1, 0)


async def test_a_cap_by_123() -> None:
    device = gen24()
    hybrid = device.hybrid()
    assert await hybrid.limit_pv(2500, 60) == Applied(2500)
    assert device.names == ["WMaxLimPct_RvrtTms", "WMaxLimPct", "WMaxLim_Ena"]
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


async def test_a_cap_in_whole_percent_is_not_passed() -> None:
    device = gen24()
    device.words[device.layout.address(123, "WMaxLimPct_SF")] = 0
    assert await device.hybrid().limit_pv(4370, 60) == Applied(4300)


async def test_a_cap_above_the_rating_is_all_of_it() -> None:
    device = gen24()
    assert await device.hybrid().limit_pv(15_000, 60) == Applied(10_000)
    assert device.raw(123, "WMaxLimPct") == 10_000


async def test_a_cap_that_the_device_holds_lower_is_clamped() -> None:
    device = gen24()
    device.tamper = lambda words: device.put(123, "WMaxLimPct", 20)
    result = await device.hybrid().limit_pv(2500, 60)
    assert isinstance(result, Clamped)
    assert result.battery_w == 2000


async def test_a_cap_that_runs_out_is_no_setting_of_the_owner() -> None:
    """As a run that was killed leaves it: it does not bound the next cap, and a release lifts it."""
    device = gen24()
    hybrid = device.hybrid()
    for name, value in (("WMaxLimPct", 10), ("WMaxLimPct_RvrtTms", 60), ("WMaxLim_Ena", 1)):
        device.put(123, name, value)
    await hybrid.as_found()
    assert await hybrid.limit_pv(2500, 60) == Applied(2500)
    await hybrid.release()
    assert (device.raw(123, "WMaxLim_Ena"), device.raw(123, "WMaxLimPct")) == (0, 10_000)


async def test_release_lifts_our_cap_and_no_other() -> None:
    device = gen24()
    hybrid = device.hybrid()
    device.put(123, "WMaxLim_Ena", 1)
    await hybrid.release()
    assert device.raw(123, "WMaxLim_Ena") == 1, "the owner's cap"
    await hybrid.limit_pv(100, 60)
    await hybrid.release()
    assert device.raw(123, "WMaxLim_Ena") == 0


async def test_a_cap_that_could_not_be_lifted_is_lifted_by_the_release() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.limit_pv(100, 60)
    device.failure = lambda span: NoAnswer("silent")
    with pytest.raises(NoAnswer):
        await hybrid.limit_pv(None, 60)
    device.failure = lambda span: None
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
    device.reads.clear()
    assert await hybrid.set_power(1, 60) == Applied(1)
    walked = Span("holding", 40000, 2) in device.reads
    assert walked is isinstance(error, LinkDown), "only a broken link means walking the chain again"


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


async def test_a_cap_leaves_a_battery_what_it_has_just_been_told_to_give() -> None:
    device = hybrid_7xx()
    device.put(714, "Prt.2.DCW", -2000)
    hybrid = device.hybrid()
    await hybrid.read()
    await hybrid.set_power(1500.0, 60.0)
    assert await hybrid.limit_pv(1000.0, 60.0) == Applied(1000.0)
    assert device.raw(704, "WMaxLimPct") == 2500
    await hybrid.release()
    assert await hybrid.limit_pv(6000.0, 60.0) == Applied(6000.0)
    assert device.raw(704, "WMaxLimPct") == 4000


@pytest.mark.parametrize(
    ("battery_w", "pv_w", "output_w", "result"),
    [
        (-2000, 6000, 4000, Applied(6000)),
        (2000, 1500, 3500, Applied(1500)),
        (0, 2500, 2500, Applied(2500)),
        (-2000, 500, 0, Clamped(2000, "what the battery takes from the sun is not capped")),
    ],
)
async def test_a_cap_is_on_sun_and_battery_together(
    battery_w: float, pv_w: float, output_w: float, result: Applied | Clamped
) -> None:
    """WMaxLimPct limits the inverter's active power: beside a battery that charges, more sun would be exported."""
    device = hybrid_7xx()
    device.put(714, "Prt.2.DCW", battery_w)
    hybrid = device.hybrid()
    await hybrid.read()
    assert await hybrid.limit_pv(pv_w, 60) == result
    assert device.raw(704, "WMaxLimPct") == output_w
