"""The controller's heartbeat of models 715 and 802: counted on while a battery is steered, never in its way."""

import pytest

from drivers.device import Applied, Watching
from drivers.errors import LinkDown, NoAnswer, NotApplied
from drivers.families.sunspec_hybrid import SunSpecHybrid
from tests.drivers.hybrids import HEARTBEATS, Hybrid, hybrid_7xx

LAST_32, LAST_16 = 0xFFFFFFFE, 0xFFFE  # one more would be "not implemented"


def count(device: Hybrid, model_id: int = 715) -> int:
    at = device.layout.address(model_id, HEARTBEATS[model_id])
    return device.words[at] << 16 | device.words[at + 1] if model_id == 715 else device.words[at]


async def beats(device: Hybrid, hybrid: SunSpecHybrid, seconds: float) -> None:
    device.now_s += seconds
    await hybrid.beat()


@pytest.mark.parametrize(("model_id", "last"), [(715, LAST_32), (802, LAST_16)])
async def test_it_goes_on_from_what_was_found_once_a_second_and_begins_anew_at_its_end(
    model_id: int, last: int
) -> None:
    device = hybrid_7xx(counts={model_id: 7})
    device.put(model_id, HEARTBEATS[model_id], last - 2)
    hybrid = device.hybrid()
    assert isinstance(hybrid, Watching)
    assert await hybrid.set_power(1500, 60) == Applied(1500)
    assert device.names[0] == HEARTBEATS[model_id], "a device that missed it may take no order"
    assert count(device, model_id) == last - 1
    for expected in (last, 0, 1):
        await beats(device, hybrid, 1.0)
        assert count(device, model_id) == expected


async def test_a_slow_line_counts_the_seconds_that_have_passed_and_an_early_beat_is_none() -> None:
    device = hybrid_7xx(counts={715: 100})
    hybrid = device.hybrid()
    await hybrid.set_power(1500, 60)
    for seconds, expected in ((0.1, 101), (0.87, 102), (3.2, 105), (0.97, 106), (8.0, 114)):
        await beats(device, hybrid, seconds)
        assert count(device) == expected


@pytest.mark.parametrize("step_s", [0.2, 0.7, 1.0, 1.9, 3.2])
async def test_whatever_the_step_it_counts_a_second_a_second(step_s: float) -> None:
    device = hybrid_7xx(counts={715: 100})
    hybrid = device.hybrid()
    await hybrid.set_power(1500, 60)
    for _ in range(round(60.0 / step_s)):
        await beats(device, hybrid, step_s)
    assert count(device) == pytest.approx(161, abs=0.5 + step_s / 2)
    assert device.names.count("ControllerHb") <= 61


async def test_after_a_pause_it_goes_on_from_where_another_has_counted_to() -> None:
    device = hybrid_7xx(counts={715: 100})
    hybrid = device.hybrid()
    await hybrid.set_power(1500, 60)
    device.put(715, "ControllerHb", 5000)
    await beats(device, hybrid, 40.0)
    assert count(device) == 5001


async def test_reading_and_giving_back_write_none() -> None:
    device = hybrid_7xx(counts={715: 100})
    hybrid = device.hybrid()
    await hybrid.beat()
    await hybrid.read()
    await hybrid.as_found()
    await hybrid.release()
    assert device.names == []


async def test_the_inverters_own_comes_before_that_of_its_battery() -> None:
    device = hybrid_7xx(counts={715: 1, 802: 1})
    await device.hybrid().set_power(1500, 60)
    assert (count(device, 715), count(device, 802)) == (2, 1)
    device = hybrid_7xx(counts={715: None, 802: 1})
    await device.hybrid().set_power(1500, 60)
    assert "ControllerHb" not in device.names
    assert count(device, 802) == 2


@pytest.mark.parametrize("model_id", [715, 802])
async def test_a_point_that_is_not_implemented_is_not_written(model_id: int) -> None:
    device = hybrid_7xx(counts={model_id: None})
    hybrid = device.hybrid()
    await hybrid.set_power(1500, 60)
    await beats(device, hybrid, 1.0)
    assert HEARTBEATS[model_id] not in device.names
    assert hybrid.remarks == ()


@pytest.mark.parametrize("code", [1, 2, 3])
async def test_a_device_that_refuses_it_is_steered_and_not_asked_again(code: int) -> None:
    device = hybrid_7xx(counts={715: 100})
    device.refuses["ControllerHb"] = code
    hybrid = device.hybrid()
    assert await hybrid.set_power(1500, 60) == Applied(1500)
    for _ in range(3):
        await beats(device, hybrid, 1.0)
    assert device.names.count("ControllerHb") == 1
    (remark,) = hybrid.remarks
    assert remark.code == "heartbeat_not_written"
    assert "715.ControllerHb" in remark.text


async def test_a_device_that_is_busy_is_told_the_next_time() -> None:
    device = hybrid_7xx(counts={715: 100})
    device.refuses["ControllerHb"] = 6
    hybrid = device.hybrid()
    assert await hybrid.set_power(1500, 60) == Applied(1500)
    device.refuses.clear()
    await beats(device, hybrid, 1.0)
    assert count(device) == 101
    assert hybrid.remarks == ()


async def test_it_is_not_written_into_flash() -> None:
    device = hybrid_7xx(counts={715: 100})
    hybrid = device.hybrid(persistent_setpoints=True)
    assert await hybrid.set_power(1500, 60) == Applied(1500)
    await beats(device, hybrid, 1.0)
    assert count(device) == 100
    (remark,) = hybrid.remarks
    assert "keeps what is written in flash" in remark.text


async def test_a_link_that_breaks_is_raised_and_counted_on_after_it() -> None:
    device = hybrid_7xx(counts={715: 100})
    hybrid = device.hybrid()
    await hybrid.set_power(1500, 60)
    device.failure = lambda span: LinkDown("gone")
    with pytest.raises(LinkDown):
        await beats(device, hybrid, 1.0)
    device.failure = lambda span: NoAnswer("silent")
    with pytest.raises(NoAnswer):
        await beats(device, hybrid, 1.0)
    device.failure = lambda span: None
    await beats(device, hybrid, 1.0)
    assert count(device) == 104


async def test_local_control_is_told_by_the_first_model_that_says() -> None:
    device = hybrid_7xx(counts={715: None, 802: None})
    device.put(802, "LocRemCtl", 1)
    with pytest.raises(NotApplied, match="local control"):
        await device.hybrid().set_power(1500, 60)
    device.put(715, "LocRemCtl", 0)
    assert await device.hybrid().set_power(1500, 60) == Applied(1500)
