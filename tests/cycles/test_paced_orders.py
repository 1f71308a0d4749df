"""Control with a device that takes one order a minute: what is in force is what is known, and is asked for again."""

from dataclasses import replace
from itertools import pairwise

import pytest

from agent.domain.battery import BatteryUnit
from agent.domain.setpoint import Clamped
from drivers.reading import Quantity
from tests.cycles.control_stage import START, ControlStage, plan
from tests.dispatch.test_battery_units import HALF, staged
from tests.shown import show


def later(standing_w: float, left_s: float) -> Clamped:
    return Clamped(standing_w, "it takes one order in 60 s", later_s=left_s, unchanged=True)


async def too_soon() -> ControlStage:
    """1000 W stand for twenty steps; then 2000 W are wanted, and the device takes no order until the minute is over."""
    stage = ControlStage()
    await stage.step(20)
    stage.site.values["meter"][Quantity.GRID_W] = 1000.0
    stage.site.answers = [later(1000.0, 1.0)] * 60
    await stage.step(40)
    stage.site.answers.clear()
    return stage


async def test_an_order_that_came_too_soon_is_asked_for_again_and_not_counted_before() -> None:
    stage = await too_soon()
    counts, asked = stage.control.counts, [setpoint.at for setpoint in stage.site.written]
    seconds = [(after - before).total_seconds() for before, after in pairwise(asked[-30:])]
    assert seconds == [1.0] * 29, "it was asked for at every step"
    assert (counts.written, counts.missed) == (1, 0)
    assert stage.control._lease is not None
    assert stage.control._lease.battery_w == 1000.0
    assert stage.clock.monotonic() - stage.control._lease.written_at == 60.0, "and not prolonged"
    await stage.step()
    assert counts.written == 2
    assert stage.site.written[-1].battery_w == pytest.approx(2000.0)
    assert stage.site.values["meter"][Quantity.GRID_W] == pytest.approx(0.0)


async def test_it_makes_no_row_a_second() -> None:
    stage = await too_soon()
    await stage.step(5)
    rows = stage.pending.take(START).decisions
    assert [(row.battery_w, row.outcome) for row in rows] == [(1000.0, "applied"), (2000.0, "applied")]


async def test_a_battery_that_does_nothing_is_judged_while_its_pace_runs() -> None:
    stage = ControlStage()
    stage.site.obeys = False
    await stage.step(2)
    stage.site.values["meter"][Quantity.GRID_W] = 3000.0
    stage.site.answers = [later(1000.0, float(left)) for left in range(58, 0, -1)]
    await stage.step(50)
    assert stage.control.counts.missed == 1, "thirty seconds after the order that stands"


async def test_what_is_in_force_is_wanted_again_and_nothing_is_asked() -> None:
    stage = ControlStage()
    await stage.step(10)
    stage.site.values["meter"][Quantity.GRID_W] = 1000.0
    stage.site.answers = [later(1000.0, 50.0)]
    await stage.step()
    stage.site.values["meter"][Quantity.GRID_W] = 0.0
    asked = len(stage.site.written)
    await stage.step(5)
    assert len(stage.site.written) == asked


async def test_the_share_that_comes_later_is_judged_by_what_stands() -> None:
    stage = staged(BatteryUnit("inverter", HALF), BatteryUnit("second", HALF))
    show(stage.outlet, plan=plan(1.0))
    stage.site.obeys = False
    stage.site.values["second"] = {Quantity.BATTERY_W: 0.0, Quantity.SOC_PCT: 50.0}
    first = Clamped(-2500.0, "inverter: later", later_s=60.0, standing=(("inverter", 0.0),))
    stage.site.answers = [first, *(replace(first, later_s=60.0 - s, unchanged=True) for s in range(1, 60))]
    await stage.step()
    stage.site.values["second"][Quantity.BATTERY_W] = -2500.0
    stage.site.values["meter"][Quantity.GRID_W] = 3500.0
    await stage.step(59)
    assert (stage.control.counts.written, stage.control.counts.missed) == (1, 0)
    assert not stage.pending.alarms
    assert stage.site.written[-1].battery_w == pytest.approx(-5000.0)
    assert len(stage.site.written) == 60, "asked for at every step"
