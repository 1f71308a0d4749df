"""The control cycle with several batteries, with a gauge that jumps, and with a battery that delivers half."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.cycles.control import Control
from agent.dispatch.control_mode import Situation
from agent.domain.battery import Battery, BatteryUnit
from agent.domain.setpoint import Clamped, Rung
from agent.domain.site import Measured, SiteState
from drivers.reading import Quality, Quantity, Reading
from tests.cycles.control_stage import BATTERY, ROLES, START, ControlStage, plan
from tests.shown import show

HALF = replace(BATTERY, usable_wh=5000.0, charge_w=2500.0, discharge_w=2500.0)


def staged(*units: BatteryUnit) -> ControlStage:
    stage = ControlStage()
    roles = {**ROLES, **{unit.device: frozenset({"battery"}) for unit in units if unit.device not in ROLES}}
    rules = replace(stage.control._rules, units=units, roles=roles)
    stage.control = Control(stage.clock, stage.site, stage.conditions, stage.pending, stage.outlet, rules)
    show(stage.outlet, plan=plan(1.0))
    return stage


def two() -> ControlStage:
    stage = staged(BatteryUnit("inverter", HALF), BatteryUnit("second", HALF))
    stage.site.obeys = False
    stage.site.values["second"] = {Quantity.BATTERY_W: 0.0, Quantity.SOC_PCT: 70.0}
    return stage


async def gauged(stage: ControlStage) -> Rung:
    """A step in which the gauge moves as the power says."""
    inverter = stage.site.values["inverter"]
    inverter[Quantity.SOC_PCT] = (inverter[Quantity.SOC_PCT] or 0.0) - (inverter[Quantity.BATTERY_W] or 0.0) / 380e3
    return (await stage.step()).rung


async def test_two_batteries_are_one_to_the_plan_and_share_its_power() -> None:
    stage = two()
    assert (await stage.step()).battery_w == pytest.approx(-5000.0)
    assert stage.outlet.view.state is not None
    assert stage.outlet.view.state.soc_pct.value == pytest.approx(60.0)
    assert dict(stage.site.written[-1].shares) == {"inverter": -2500.0, "second": -2500.0}


async def test_one_that_dies_is_left_out_and_the_other_goes_on_within_its_rating() -> None:
    stage = two()
    await stage.step()
    stage.site.silent["second"] = "second: no answer"
    setpoint = await stage.step(20)
    assert (setpoint.battery_w, setpoint.rung) == (pytest.approx(-2500.0), Rung.PLAN)
    assert dict(stage.site.written[-1].shares) == {"inverter": -2500.0}
    assert stage.outlet.view.battery is not None
    assert stage.outlet.view.battery.usable_wh == 5000.0
    stage.site.silent.clear()
    assert (await stage.step()).battery_w == pytest.approx(-5000.0)


def test_a_plan_that_is_made_after_the_clock_was_set_back_is_for_what_was_there_when_it_was_made() -> None:
    ladder = two().control._ladder

    def usable_wh(passed_s: float, battery: Battery, issued_s: float | None) -> float:
        made = None if issued_s is None else plan(1.0, START + timedelta(seconds=issued_s))
        state = SiteState(START + timedelta(seconds=passed_s))
        return ladder._of_the_plan(Situation(state, made, there=battery)).usable_wh

    assert usable_wh(0.0, BATTERY, 0.0) == BATTERY.usable_wh
    assert usable_wh(600.0, HALF, 0.0) == BATTERY.usable_wh
    assert usable_wh(-3000.0, HALF, None) == HALF.usable_wh  # a step of the clock leaves no plan in force
    assert usable_wh(-2990.0, HALF, -2995.0) == HALF.usable_wh


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


async def test_a_gauge_that_jumps_is_replaced_by_a_count_with_caution() -> None:
    stage = staged(BatteryUnit("inverter", BATTERY))
    assert (await stage.step()).rung is Rung.PLAN
    stage.site.values["inverter"][Quantity.SOC_PCT] = 85.0
    setpoint = await stage.step(600)  # ten minutes, and still not believed
    assert (setpoint.rung, setpoint.battery_w) == (Rung.PLAN, pytest.approx(-5000.0))
    assert stage.outlet.view.state is not None
    assert stage.outlet.view.state.soc_pct.quality is Quality.ESTIMATED
    assert stage.outlet.view.state.soc_pct.known == pytest.approx(57.9, abs=0.1)  # of 10 kWh
    (alarm,) = stage.pending.alarms
    assert alarm.startswith("inverter: the state of charge jumped from 50 to 85 %")
    assert stage.outlet.view.battery is not None
    assert stage.outlet.view.battery.caution_pct == 0.0  # the planner works within the whole window
    stage.site.values["inverter"][Quantity.SOC_PCT] = 58.0
    assert (await stage.step()).rung is Rung.PLAN
    assert not stage.pending.alarms


async def test_a_count_forces_no_discharge_below_the_floor_and_ten_percent() -> None:
    stage = staged(BatteryUnit("inverter", BATTERY))
    show(stage.outlet, plan=plan(0.2))  # stored energy is worth less than the grid costs: it covers the load
    stage.site.values["inverter"][Quantity.SOC_PCT] = 19.0
    assert (await stage.step()).battery_w == pytest.approx(1000.0)
    stage.site.values["inverter"][Quantity.SOC_PCT] = 60.0
    setpoint = await stage.step()
    assert (setpoint.rung, setpoint.battery_w) == (Rung.PLAN, 0.0)


async def test_a_battery_that_gives_nothing_at_50_percent_is_empty_until_it_has_been_charged() -> None:
    stage = staged(BatteryUnit("inverter", BATTERY))
    show(stage.outlet, plan=plan(0.2))
    stage.site.obeys = False
    assert (await stage.step()).battery_w == pytest.approx(1000.0)
    rungs = {(await stage.step()).rung for _ in range(6 * 3600 // 10)}
    assert Rung.RELEASE not in rungs  # never out of control
    assert stage.outlet.view.state is not None
    assert stage.outlet.view.state.soc_pct.known == pytest.approx(10.0)
    tries = [one for one in stage.site.written if one.battery_w]
    assert tries == tries[:3]  # the order and two repetitions; nothing after that
    assert any("gives nothing at 50 %, so it counts as empty" in alarm for alarm in stage.pending.alarms)


async def test_of_two_the_one_that_does_not_follow_is_left_out_and_without_both_the_site_is_released() -> None:
    stage = two()
    stage.site.values["inverter"][Quantity.BATTERY_W] = 2000.0
    stage.site.values["second"][Quantity.BATTERY_W] = -2500.0
    setpoint = await stage.step(130)
    assert (setpoint.rung, setpoint.battery_w) == (Rung.PLAN, pytest.approx(-2500.0))
    assert dict(stage.site.written[-1].shares) == {"second": -2500.0}
    lost = "inverter: the battery does not follow its setpoints; it is left to itself for ten minutes"
    assert stage.pending.alarms == (lost,)
    stage.site.values["second"][Quantity.BATTERY_W] = 2000.0
    setpoint = await stage.step(130)
    assert setpoint.reason == "released: the battery does not follow its setpoints"
    writes = len(stage.site.written)
    await stage.step(100)
    assert len(stage.site.written) == writes


async def test_a_short_battery_does_not_cut_the_other_one() -> None:
    stage = two()
    stage.site.values["inverter"][Quantity.BATTERY_W] = -1000.0
    stage.site.values["second"][Quantity.BATTERY_W] = -2500.0
    await stage.step(60)
    assert dict(stage.site.written[-1].shares) == {"inverter": -1000.0, "second": -2500.0}
    assert stage.pending.alarms == ("inverter: the battery delivers 1000 W of the 2500 W asked for",)


async def test_a_battery_that_delivers_half_goes_on_at_that_and_recovers() -> None:
    stage = staged(BatteryUnit("inverter", BATTERY))
    stage.site.obeys = False
    stage.site.values["inverter"][Quantity.BATTERY_W] = -2500.0
    stage.site.values["meter"][Quantity.GRID_W] = 3500.0
    setpoint = await stage.step(40)
    assert (setpoint.battery_w, setpoint.rung) == (pytest.approx(-2500.0), Rung.PLAN)
    assert stage.pending.alarms == ("the battery delivers 2500 W of the 5000 W asked for",)
    assert {await gauged(stage) for _ in range(700)} == {Rung.PLAN}
    assert [event.kind for event in stage.pending.take(stage.clock.now()).events].count("battery_limited") == 1
    stage.site.obeys = True
    for _ in range(700):
        await gauged(stage)
    assert stage.outlet.view.setpoint is not None
    assert stage.outlet.view.setpoint.battery_w == pytest.approx(-5000.0)
    assert not stage.pending.alarms


@pytest.mark.parametrize(
    ("quality", "age_s", "goes_on"),
    [
        (Quality.ESTIMATED, 10.0, True),
        (Quality.ESTIMATED, 599.0, True),
        (Quality.ESTIMATED, 601.0, False),  # no better than a gauge
        (Quality.ESTIMATED, -10.0, False),
        (Quality.GOOD, 10.0, False),
    ],
)
def test_a_count_of_lately_goes_on_over_a_start_and_a_gauge_that_was_believed_begins_anew(
    quality: Quality, age_s: float, goes_on: bool
) -> None:
    units = staged(BatteryUnit("inverter", replace(BATTERY, usable_wh=1e6))).control._units
    units.recall(SiteState(START, soc_pct=Measured(60.0, quality)), START + timedelta(seconds=age_s))
    gauge = {"inverter": {Quantity.SOC_PCT: Reading(Quantity.SOC_PCT, 30.0, 1.0)}}
    assert (units.doubts(gauge, 1.0)["inverter"] is not None) is goes_on


async def test_a_power_that_cannot_be_is_not_counted() -> None:
    stage = staged(BatteryUnit("inverter", BATTERY))
    stage.site.obeys = False
    await stage.step()
    units = stage.control._units
    soc = Reading(Quantity.SOC_PCT, 80.0, 2.0)
    wild = Reading(Quantity.BATTERY_W, -(2.0**31), 2.0, Quality.IMPLAUSIBLE)
    assert units.doubts({"inverter": {Quantity.SOC_PCT: soc, Quantity.BATTERY_W: wild}}, 2.0)["inverter"] is not None
