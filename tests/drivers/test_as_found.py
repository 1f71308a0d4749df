"""What was found in the registers that steering writes is given back; what a controller left there is not."""

import pytest

from drivers.device import Applied, ControlState
from tests.drivers.hybrids import Hybrid, gen24, hybrid_7xx

CONTROLS_124 = ("StorCtl_Mod", "OutWRte", "InWRte", "InOutWRte_RvrtTms", "ChaGriSet")
CONTROLS_704 = ("WSetEna", "WSetMod", "WSet", "WSetRvrt", "WSetEnaRvrt", "WSetRvrtTms")


def held(device: Hybrid, model_id: int, names: tuple[str, ...]) -> dict[str, int]:
    return {name: device.raw(model_id, name) for name in names}


def owners_limits() -> Hybrid:
    """80 % out, 60 % in, both in force, charging from the grid allowed."""
    device = gen24()
    for name, value in (("OutWRte", 80), ("InWRte", 60), ("StorCtl_Mod", 3), ("ChaGriSet", 1)):
        device.put(124, name, value)
    return device


@pytest.mark.parametrize("power_w", [-2500.0, 0.0, 4000.0])
async def test_124_the_owners_limits_are_given_back(power_w: float) -> None:
    device = owners_limits()
    before = held(device, 124, CONTROLS_124)
    hybrid = device.hybrid()
    found = await hybrid.as_found()
    assert found["124.OutWRte"] == 80.0
    assert found["124.InOutWRte_RvrtTms"] == 0.0
    assert device.writes == []
    await hybrid.set_power(power_w, 60)
    assert held(device, 124, CONTROLS_124) != before
    device.names.clear()
    await hybrid.release()
    assert held(device, 124, CONTROLS_124) == before
    assert device.names[0] == "StorCtl_Mod", "left to itself first"
    assert device.names[-1] == "StorCtl_Mod", "the mode that was found last, when its limits are there"
    device.names.clear()
    await hybrid.release()
    assert device.names == []


async def test_124_given_back_by_another_process() -> None:
    device = owners_limits()
    before = held(device, 124, CONTROLS_124)
    first = device.hybrid()
    found = await first.as_found()
    await first.set_power(-2500, 60)
    second = device.hybrid()
    second.recall(found)
    await second.release()
    assert held(device, 124, CONTROLS_124) == before


@pytest.mark.parametrize(
    ("out_pct", "in_pct", "mode", "timer_s"),
    [(-50, 50, 3, 60), (30, -30, 3, 0), (0, 0, 3, 60), (-40, 100, 2, 0), (80, 60, 3, 600)],
)
async def test_124_what_a_controller_left_behind_is_not_taken_for_the_owners(
    out_pct: float, in_pct: float, mode: int, timer_s: int
) -> None:
    """Forced power, both limits on one value, limits that run out: none of it is a setting."""
    device = gen24()
    values = (("OutWRte", out_pct), ("InWRte", in_pct), ("StorCtl_Mod", mode), ("ChaGriSet", 1))
    for name, value in (*values, ("InOutWRte_RvrtTms", timer_s)):
        device.put(124, name, value)
    hybrid = device.hybrid()
    found = await hybrid.as_found()
    assert found["124.StorCtl_Mod"] == 0
    await hybrid.release()
    assert [device.raw(124, name) for name in CONTROLS_124] == [0, 10000, 10000, 0, 0]


@pytest.mark.parametrize("forced", [False, True])
async def test_704_the_settings_are_given_back_and_no_forced_power(forced: bool) -> None:
    device = hybrid_7xx()
    for name, value in (("WSetEna", int(forced)), ("WSetMod", 0), ("WSet", 700), ("WSetRvrtTms", 900)):
        device.put(704, name, value)
    before = held(device, 704, CONTROLS_704) | {"WSetEna": 0}
    hybrid = device.hybrid()
    await hybrid.as_found()
    await hybrid.set_power(-1500, 60)
    device.names.clear()
    await hybrid.release()
    assert held(device, 704, CONTROLS_704) == before
    assert device.names[0] == "WSetEna"


@pytest.mark.parametrize("make", [gen24, hybrid_7xx])
async def test_a_cap_of_the_owner_is_never_exceeded_and_given_back(make: object) -> None:
    device: Hybrid = make()  # type: ignore[operator]
    model, enable = (123, "WMaxLim_Ena") if make is gen24 else (704, "WMaxLimPctEna")
    device.put(model, "WMaxLimPct", 70)
    device.put(model, enable, 1)
    hybrid = device.hybrid()
    await hybrid.as_found()
    assert await hybrid.limit_pv(9000, 60) == Applied(7000)
    assert await hybrid.limit_pv(2500, 60) == Applied(2500)
    assert await hybrid.limit_pv(None, 60) == Applied(7000)
    assert (device.raw(model, "WMaxLimPct"), device.raw(model, enable)) == (7000, 1)
    await hybrid.limit_pv(2500, 60)
    await hybrid.release()
    assert (device.raw(model, "WMaxLimPct"), device.raw(model, enable)) == (7000, 1)


async def test_what_is_in_force_is_read_and_nothing_written() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.release()
    assert hybrid.written is not None
    assert hybrid.written.order == {}
    await hybrid.set_power(-1500, 60)
    ours = hybrid.written
    assert ours.order == {"124.StorCtl_Mod": 3.0, "124.InWRte": 30.0, "124.OutWRte": -30.0}
    device.writes.clear()
    assert await hybrid.in_force() == ours
    device.put(124, "InWRte", 50)
    assert (await hybrid.in_force()).order["124.InWRte"] == 50.0
    device.put(124, "StorCtl_Mod", 0)
    assert (await hybrid.in_force()).order == {}
    assert device.writes == []


async def test_704_in_force() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.set_power(-1500, 60)
    assert hybrid.written == await hybrid.in_force()
    assert hybrid.written is not None
    assert hybrid.written.order == {"704.WSetMod": 1.0, "704.WSet": -1500.0}
    device.put(704, "WSetEna", 0)
    assert isinstance(found := await hybrid.in_force(), ControlState)
    assert found.order == {}


async def test_a_write_that_failed_leaves_it_unknown_what_is_in_force() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.set_power(-1500, 60)
    device.ignores.add("StorCtl_Mod")
    device.put(124, "StorCtl_Mod", 0)
    with pytest.raises(Exception, match="StorCtl_Mod"):
        await hybrid.set_power(-2000, 60)
    assert hybrid.written is None


async def test_124_persistent_registers_are_written_when_they_change_alone_and_counted() -> None:
    device = gen24()
    hybrid = device.hybrid()
    for power_w in (-1500, -1500, 2000):
        await hybrid.set_power(power_w, 60)
    assert hybrid.persistent_writes == {"124.ChaGriSet": 1, "124.InOutWRte_RvrtTms": 1}
    assert device.names.count("OutWRte") == 3
    assert not hybrid.wears


async def test_124_where_setpoints_wear_a_renewal_is_one_write() -> None:
    device = gen24()
    hybrid = device.hybrid(persistent_setpoints=True)
    assert hybrid.wears
    await hybrid.set_power(-1500, 3456)
    device.names.clear()
    await hybrid.set_power(-1500, 3456)
    assert device.names == ["StorCtl_Mod"]
    assert hybrid.persistent_writes["124.StorCtl_Mod"] == 2
    assert hybrid.persistent_writes["124.OutWRte"] == 1


async def test_704_where_setpoints_wear_a_renewal_is_one_write() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid(persistent_setpoints=True)
    await hybrid.set_power(-1500, 3456)
    device.names.clear()
    await hybrid.set_power(-1500, 3456)
    await hybrid.set_power(-1600, 3456)
    assert device.names == ["WSet", "WSet"]
    assert hybrid.persistent_writes["704.WSet"] == 3
    assert hybrid.persistent_writes["704.WSetEna"] == 1
