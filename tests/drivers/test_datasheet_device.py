"""What every datasheet can rely on: the guard, the order of writes, what is read back, given back and let go."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.datasheet import Control, Datasheet, Order, Steering, Values, Variants, Walk, Write, as_found
from drivers.datasheet_device import DatasheetDevice
from drivers.device import Action, Applied, Clamped, ControlState, Later, Span, Steerable
from drivers.errors import DriverError, LinkDown, NoAnswer, NotApplied, NotSupported, Refused
from drivers.reading import Quantity
from drivers.register import Register
from tests.drivers.vendors import BATTERY, POWER, PULSE, REMOTE, SHEET, STEERING, Battery

ORDER = [(110, [5]), (100, [0xF830, 0xFFFF, 1, 1]), (120, [1])]  # -2000 W, low word first


async def test_an_order_goes_out_in_its_order_and_its_group_in_one_request() -> None:
    battery = Battery()
    assert await battery.device().set_power(-2000, 60) == Applied(-2000)
    assert battery.writes == ORDER
    assert battery.pauses == [0.5], "one settling time before the read-back"


async def test_it_answers_to_both_seams() -> None:
    device = Battery().device()
    assert isinstance(device, Steerable)
    assert device.actions == {Action.SETPOINT, Action.CURTAIL}
    assert (device.reverts, device.wears, device.longest_hold_s) == (True, False, 120.0)


async def test_a_lease_is_cut_to_what_the_device_keeps() -> None:
    battery = Battery()
    await battery.device().set_power(-2000, 600)
    assert battery.words[102] == 2


async def test_a_persistent_register_is_written_on_change_and_counted() -> None:
    battery = Battery()
    device = battery.device()
    await device.set_power(-2000, 60)
    battery.writes.clear()
    await device.set_power(-2000, 60)
    assert battery.writes == ORDER[1:], "the volatile ones are refreshed, the persistent one holds its value"
    assert device.persistent_writes == {"floor": 1}


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        ((("minutes", 0.0),), "minutes may not be set to 0: it takes 1 to 1440"),
        ((("command", 2.0),), "command may not be set to 2: allowed are 0, 1"),
        ((("battery", 1.0),), "battery may not be written"),
        ((("power", 1.0), ("floor", 1.0)), "floor is no neighbour of power"),
        ((("floor", math.nan),), "may not be set to nan"),
    ],
)
async def test_the_guard_refuses_before_anything_is_sent(write: Write, sentence: str) -> None:
    battery = Battery()
    with pytest.raises(NotSupported, match=sentence):
        await battery.registers().write([(("command", 0.0),), write])
    assert battery.writes == []


@given(st.integers(-5000, 5000))
def test_what_is_resolved_is_what_is_written(watts: int) -> None:
    assert Battery().registers().resolved("power", watts) == watts


async def test_the_live_limit_clamps() -> None:
    battery = Battery()
    battery.words[131] = 1500
    assert await battery.device().set_power(-2000, 60) == Clamped(-1500, "the battery takes at most 1500 W now")


async def test_what_the_device_lowers_is_clamped() -> None:
    battery = Battery()
    take = battery.take

    def lowers(address: int, words: list[int]) -> None:
        take(address, [500, 0, *words[2:]] if address == 100 else words)

    battery.take = lowers  # type: ignore[method-assign]
    result = await battery.device().set_power(2000, 60)
    assert result == Clamped(500, "the device holds 500 of the 2000 asked of power")


@pytest.mark.parametrize(("ignored", "name"), [(102, "minutes"), (103, "command"), (110, "floor")])
async def test_an_order_that_is_not_taken_as_it_is_is_taken_back(ignored: int, name: str) -> None:
    battery = Battery()
    battery.ignores.add(ignored)
    device = battery.device()
    with pytest.raises(NotApplied, match=f"{name} was set to"):
        await device.set_power(-2000, 60)
    assert battery.words[103] == 0
    assert (103, [0]) in battery.writes or ignored == 103


async def test_a_command_that_reads_back_as_none_is_no_smaller_power() -> None:
    """The power of an earlier order still reads there."""
    battery = Battery()
    battery.words[100] = 1000
    battery.ignores.add(103)
    with pytest.raises(NotApplied, match="command was set to 1 and reads 0"):
        await battery.device().set_power(-2000, 60)


async def test_a_condition_that_does_not_hold_is_one_sentence() -> None:
    battery = Battery()
    battery.words[130] = 1
    with pytest.raises(NotSupported, match="made-up: remote reads 1: let the installer choose external control"):
        await battery.device().set_power(100, 60)
    assert battery.writes == []


async def test_a_register_that_the_device_lacks_holds_nothing_back() -> None:
    battery = Battery()
    del battery.words[130]
    assert await battery.device().set_power(100, 60) == Applied(100)


async def test_too_soon_is_answered_with_what_is_in_force() -> None:
    battery = Battery()
    device = battery.device(shortest_between_writes_s=30.0)
    await device.set_power(-2000, 60)
    battery.writes.clear()
    battery.clock.now += 29
    assert await device.set_power(1000, 60) == Later(-2000, "made-up takes one order in 30 s", 1.0)
    assert battery.writes == []
    battery.clock.now += 1
    assert await device.set_power(1000, 60) == Applied(1000)
    await device.release()
    assert battery.words[103] == 0, "a release need not wait"


async def test_too_soon_after_a_release_is_too_soon_as_well() -> None:
    battery = Battery()
    device = battery.device(shortest_between_writes_s=30.0)
    await device.set_power(-2000, 60)
    battery.clock.now += 10
    await device.release()
    battery.writes.clear()
    battery.clock.now += 10
    assert await device.set_power(1000, 60) == Later(None, "made-up takes one order in 30 s", 20.0)
    await device.release()
    battery.clock.now += 20
    assert battery.writes == [], "the second release had nothing to write, and begins no pace"
    assert await device.set_power(1000, 60) == Applied(1000)


async def test_what_was_not_taken_is_tried_again_at_once() -> None:
    battery = Battery()
    device = battery.device(shortest_between_writes_s=30.0)
    battery.ignores = {100, 101}
    with pytest.raises(NotApplied):
        await device.set_power(-2000, 60)
    battery.ignores.clear()
    assert await device.set_power(-2000, 60) == Applied(-2000)


async def test_what_was_found_is_given_back() -> None:
    battery = Battery()
    device = battery.device()
    assert await device.as_found() == {"floor": 20.0}
    await device.set_power(-2000, 60)
    assert device.written == await device.in_force()
    assert device.written is not None
    assert device.written.order == {"command": 1.0, "power": -2000.0}
    battery.writes.clear()
    await device.release()
    assert battery.writes == [(103, [0]), (110, [20])]
    assert device.written is not None
    assert device.written.order == {}
    battery.writes.clear()
    await device.release()
    assert battery.writes == []


async def test_an_order_sees_what_was_found() -> None:
    seen: list[float | None] = []

    def order(power_w: float, hold_s: float, values: Values) -> Order:
        seen.append(values.get(as_found("floor")))
        return STEERING.order(power_w, hold_s, values)

    battery = Battery()
    device = battery.device(replace(SHEET, steering=replace(STEERING, order=order)))
    await device.set_power(-2000, 60)
    device.recall({"floor": 20.0})
    await device.set_power(-2000, 60)
    assert seen == [None, 20.0]


async def test_another_process_gives_it_back() -> None:
    battery = Battery()
    found = await battery.device().as_found()
    await battery.device().set_power(-2000, 60)
    after = battery.device()
    after.recall(found)
    await after.release()
    assert (battery.words[103], battery.words[110]) == (0, 20)


async def test_a_release_that_does_not_read_back_is_said() -> None:
    battery = Battery()
    device = battery.device()
    await device.set_power(-2000, 60)
    battery.ignores.add(103)
    with pytest.raises(NotApplied, match="command was set to 0 and reads 1"):
        await device.release()


async def test_without_grid_no_order_is_written_and_none_stands() -> None:
    battery = Battery()
    device = battery.device()
    await device.set_power(-2000, 60)
    battery.words[132] = 0
    await device.read()
    assert battery.words[103] == 0, "the next read lets the battery go"
    battery.writes.clear()
    with pytest.raises(NotApplied, match="the grid is lost"):
        await device.set_power(-2000, 60)
    assert battery.writes == []
    battery.words[132] = 1
    battery.clock.now += 1.0
    assert await device.set_power(-2000, 60) == Applied(-2000)


async def test_the_sun_is_capped_and_let_through() -> None:
    battery = Battery()
    device = battery.device()
    assert await device.limit_pv(3000, 60) == Applied(3000)
    assert battery.words[111] == 3000
    await device.release()
    assert battery.words[111] == 9000


async def test_a_cap_that_was_perhaps_taken_is_lifted_by_the_release() -> None:
    battery = Battery()
    device = battery.device()
    await device.read()

    def lost(span: Span) -> DriverError | None:
        return NoAnswer("silent") if battery.writes else None

    battery.failure = lost
    with pytest.raises(NoAnswer):
        await device.limit_pv(3000, 60)
    assert battery.words[111] == 3000
    battery.failure = lambda span: None
    await device.release()
    assert battery.words[111] == 9000


async def test_without_a_cap_there_is_none() -> None:
    sheet = replace(SHEET, steering=replace(STEERING, cap=None))
    with pytest.raises(NotSupported, match="takes no cap"):
        await Battery().device(sheet).limit_pv(3000, 60)


@pytest.mark.parametrize(("power_w", "hold_s"), [(math.nan, 60), (100, 0), (100, math.inf)])
async def test_nonsense_is_not_written(power_w: float, hold_s: float) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        await Battery().device().set_power(power_w, hold_s)


async def test_what_renews_an_order_is_written_also_where_it_is_persistent() -> None:
    battery = Battery()
    renewing = tuple(replace(control, renews=control.name == "floor") for control in STEERING.controls)
    device = battery.device(replace(SHEET, steering=replace(STEERING, controls=renewing)))
    await device.set_power(-2000, 60)
    battery.writes.clear()
    await device.set_power(-2000, 60)
    assert battery.writes == ORDER
    assert device.persistent_writes == {"floor": 2}


async def test_a_map_is_walked_to_its_end() -> None:
    battery = Battery()
    battery.words.update({140: 300, 200: 201, 201: 140})
    first, second = (replace(BATTERY, name=f"at {address}", address=address, sign=1) for address in (200, 201))

    def step(seen: Values) -> tuple[Register, ...] | Datasheet:
        at = seen.get("at 201")
        if at is None:
            return (first,) if "at 200" not in seen else (second,)
        return Datasheet({Quantity.BATTERY_W: replace(BATTERY, address=int(at))})

    device = DatasheetDevice("made-up", battery, Walk(step), battery.clock)
    assert [reading.value for reading in await device.read()] == [-300]
    assert [span.address for span in battery.reads] == [200, 201, 140]


async def test_a_variant_is_probed_at_each_connect() -> None:
    battery = Battery()
    battery.words[140] = 300
    upside_down = replace(SHEET, formulas={Quantity.BATTERY_W: replace(BATTERY, sign=1)})
    sheets = {1.0: SHEET, 2.0: upside_down}
    battery.words[150] = 1
    probe = replace(BATTERY, name="variant", address=150, sign=1)

    def choose(seen: Values) -> Datasheet:
        return sheets[seen["variant"] or 0.0]

    device = DatasheetDevice("made-up", battery, Variants((probe,), choose), battery.clock)
    assert not isinstance(device, Steerable)
    assert [reading.value for reading in await device.read()] == [-300]
    battery.words[150] = 2
    assert [reading.value for reading in await device.read()] == [-300], "the link holds"
    battery.failure = lambda span: LinkDown("gone")
    with pytest.raises(LinkDown):
        await device.read()
    battery.failure = lambda span: None
    assert [reading.value for reading in await device.read()] == [300]


async def test_other_refusals_are_no_missing_registers() -> None:
    battery = Battery()
    battery.failure = lambda span: Refused(6, "reading")
    with pytest.raises(Refused):
        await battery.device().in_force()


async def test_what_cannot_be_read_back_is_not_asked_for() -> None:
    def forced(seen: Values) -> Mapping[str, float]:
        assert "pulse" not in seen
        return {}

    steering: Steering = replace(STEERING, forced=forced)
    state = await Battery().device(replace(SHEET, steering=steering)).in_force()
    assert state == ControlState({}, {"power": 0, "minutes": 0, "command": 0, "floor": 20, "sun": 9000})


async def test_what_was_just_read_is_not_read_again() -> None:
    battery = Battery()
    device = battery.device()
    await device.in_force()
    conditions = next(span for span in battery.reads if span.address == REMOTE.address)
    await device.set_power(-2000, 60)
    assert battery.reads.count(conditions) == 1, "neither before the write nor after it"
    await device.set_power(-2500, 60)
    assert battery.reads.count(conditions) == 2, "after a write all is read anew"


async def test_what_is_written_may_show_elsewhere() -> None:
    battery = Battery()
    battery.words[121] = 0
    shown = replace(PULSE, address=121)
    *rest, last = STEERING.controls
    steering = replace(STEERING, controls=(*rest, replace(last, reads_back=True, shown=shown)))
    device = battery.device(replace(SHEET, steering=steering))
    with pytest.raises(NotApplied, match="pulse was set to 1 and reads 0"):
        await device.set_power(-2000, 60)
    battery.words[121] = 1
    assert await device.set_power(-2000, 60) == Applied(-2000)


def test_what_shows_elsewhere_has_the_same_name() -> None:
    with pytest.raises(ValueError, match="pulse cannot be shown as power"):
        Control(PULSE, shown=POWER)
