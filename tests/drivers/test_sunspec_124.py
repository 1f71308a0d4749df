"""A battery setpoint by model 124, on devices that behave and on devices that do not."""

import pytest

from drivers.device import Applied, Clamped
from drivers.errors import NotApplied, NotSupported
from tests.drivers.hybrids import Hybrid, gen24
from tests.drivers.memory import COMMON, SunSpecMap

ORDER_704 = ["WSetEnaRvrt", "WSetRvrtTms", "WSetMod", "WSet", "WSetRvrt", "WSetEna"]
ORDER_124 = ["ChaGriSet", "InOutWRte_RvrtTms", "OutWRte", "InWRte", "StorCtl_Mod"]


def signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


@pytest.mark.parametrize(
    ("power_w", "discharge_pct"), [(1500, 30.0), (-1500, -30.0), (0, 0.0), (5000, 100.0), (-5000, -100.0), (1.4, 0.02)]
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


@pytest.mark.parametrize(("power_w", "held_w"), [(1540, 1500), (-1540, -1500), (49, 0), (-49, 0)])
async def test_124_in_whole_percent_passes_no_limit(power_w: float, held_w: float) -> None:
    device = gen24()
    device.words[device.layout.address(124, "InOutWRte_SF")] = 0
    hybrid = device.hybrid()
    assert await hybrid.set_power(power_w, 60) == Applied(held_w)
    assert hybrid.facts.resolution_w == 50.0


@pytest.mark.parametrize(("power_w", "most_w"), [(8000, 5000), (-8000, -5000)])
async def test_124_over_its_rating_is_clamped(power_w: float, most_w: float) -> None:
    device = gen24()
    result = await device.hybrid().set_power(power_w, 60)
    assert isinstance(result, Clamped)
    assert result.battery_w == most_w
    assert signed(device.raw(124, "OutWRte")) == most_w * 2, "hundredths of a per cent"


async def test_124_of_which_the_device_holds_one_limit_lower_is_clamped() -> None:
    device = gen24()
    device.tamper = lambda words: device.put(124, "InWRte", 20) if device.raw(124, "InWRte") == 4000 else None
    result = await device.hybrid().set_power(-2000, 60)
    assert isinstance(result, Clamped)


@pytest.mark.parametrize(
    ("mode", "limits"),
    [
        (0, set()),
        (1, {"StorCtl_Mod", "InWRte"}),
        (2, {"StorCtl_Mod", "OutWRte"}),
        (3, {"StorCtl_Mod", "InWRte", "OutWRte"}),
    ],
)
async def test_124_each_bit_of_the_mode_puts_its_own_limit_in_force(mode: int, limits: set[str]) -> None:
    device = gen24()
    device.put(124, "StorCtl_Mod", mode)
    assert set((await device.hybrid().in_force()).order) == {f"124.{name}" for name in limits}


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


async def test_124_rates_of_which_one_stays_another_are_taken_back() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.set_power(-2000, 60)
    device.ignores.add("InWRte")
    with pytest.raises(NotApplied):
        await hybrid.set_power(1000, 60)
    assert device.raw(124, "StorCtl_Mod") == 0


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
    with pytest.raises(NotSupported, match="WChaMax reads nothing"):
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
