"""The control cycle with several batteries, with a gauge that jumps, and with a battery that delivers half."""

from dataclasses import replace

import pytest

from agent.cycles.control import Control
from agent.domain.setpoint import Clamped, Rung
from agent.domain.site import BatteryUnit
from drivers.reading import Quantity
from tests.cycles.control_stage import BATTERY, ROLES, ControlStage, plan

HALF = replace(BATTERY, usable_wh=5000.0, charge_w=2500.0, discharge_w=2500.0)


def staged(*units: BatteryUnit) -> ControlStage:
    stage = ControlStage()
    roles = {**ROLES, **{unit.device: frozenset({"battery"}) for unit in units if unit.device not in ROLES}}
    rules = replace(stage.control._rules, units=units, roles=roles)
    stage.control = Control(stage.clock, stage.site, stage.market, stage.journal, stage.latest, rules)
    stage.latest.plan = plan(1.0)
    return stage


def two() -> ControlStage:
    stage = staged(BatteryUnit("inverter", HALF), BatteryUnit("second", HALF))
    stage.site.obeys = False
    stage.site.values["second"] = {Quantity.BATTERY_W: 0.0, Quantity.SOC_PCT: 70.0}
    return stage


async def test_two_batteries_are_one_to_the_plan_and_share_its_power() -> None:
    stage = two()
    assert (await stage.step()).battery_w == pytest.approx(-5000.0)
    assert stage.latest.state is not None
    assert stage.latest.state.soc_pct.value == pytest.approx(60.0)
    assert dict(stage.site.written[-1].shares) == {"inverter": -2500.0, "second": -2500.0}


async def test_one_that_dies_is_left_out_and_the_other_goes_on_within_its_rating() -> None:
    stage = two()
    await stage.step()
    stage.site.silent["second"] = "second: no answer"
    setpoint = await stage.step(20)
    assert (setpoint.battery_w, setpoint.rung) == (pytest.approx(-2500.0), Rung.PLAN)
    assert dict(stage.site.written[-1].shares) == {"inverter": -2500.0}
    assert stage.latest.battery is not None
    assert stage.latest.battery.usable_wh == 5000.0
    stage.site.silent.clear()
    assert (await stage.step()).battery_w == pytest.approx(-5000.0)


async def test_one_that_refuses_its_share_is_left_out_for_a_lease() -> None:
    stage = two()
    stage.site.answers = [Clamped(-2500.0, "second: busy", ("second",))]
    await stage.step(2)
    assert dict(stage.site.written[-1].shares) == {"inverter": -2500.0}
    await stage.step(61)
    assert set(dict(stage.site.written[-1].shares)) == {"inverter", "second"}


async def test_without_any_of_them_the_site_is_released() -> None:
    stage = two()
    for name in ("inverter", "second"):
        stage.site.values[name][Quantity.SOC_PCT] = None
    assert (await stage.step()).reason == "released: the state of charge is missing"


async def test_a_gauge_that_jumps_releases_until_it_has_held() -> None:
    stage = staged(BatteryUnit("inverter", BATTERY))
    assert (await stage.step()).rung is Rung.PLAN
    stage.site.values["inverter"][Quantity.SOC_PCT] = 85.0
    assert (await stage.step()).reason == "released: the state of charge is implausible"
    (alarm,) = stage.journal.alarms
    assert alarm.startswith("inverter: the state of charge jumped from 50 to 85 %")
    assert (await stage.step(61)).rung is Rung.PLAN
    assert not stage.journal.alarms


async def test_a_battery_that_delivers_half_goes_on_at_that_and_recovers() -> None:
    stage = staged(BatteryUnit("inverter", BATTERY))
    stage.site.obeys = False
    stage.site.values["inverter"][Quantity.BATTERY_W] = -2500.0
    stage.site.values["meter"][Quantity.GRID_W] = 3500.0
    setpoint = await stage.step(40)
    assert (setpoint.battery_w, setpoint.rung) == (pytest.approx(-2500.0), Rung.PLAN)
    assert stage.journal.alarms == ("the battery delivers 2500 W of the 5000 W asked for",)
    rungs = {(await stage.step()).rung for _ in range(700)}
    assert rungs == {Rung.PLAN}
    assert [event.kind for event in stage.journal.take(stage.clock.now()).events].count("battery_limited") == 1
    stage.site.obeys = True
    await stage.step(700)
    assert stage.latest.setpoint is not None
    assert stage.latest.setpoint.battery_w == pytest.approx(-5000.0)
    assert not stage.journal.alarms
