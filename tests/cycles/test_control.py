"""The ladder, the guard's word, leases, verification, and what is written down."""

from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from agent.dispatch.demand_meter import DemandMeter
from agent.domain.demand_charge import DemandCharge
from agent.domain.inputs import GridLimitInput, TariffInput
from agent.domain.paired_trial import Arm, Schedule
from agent.domain.plan import PeakPrice
from agent.domain.reserve import Reserve
from agent.domain.setpoint import Applied, Clamped, Held, Refused, Rung, Unreachable
from agent.domain.site import Connection
from agent.domain.steering import DailyWrites, SteeringReport
from agent.domain.tariff import Flat, PriceList, TimeOfUse, Window
from drivers.device import Remark
from drivers.reading import Quantity
from tests.cycles.control_stage import START, ControlStage, plan
from tests.shown import show


async def test_without_a_plan_the_rule_covers_the_load() -> None:
    stage = ControlStage()
    setpoint = await stage.step()
    assert (setpoint.battery_w, setpoint.rung) == (1000.0, Rung.RULES)
    assert setpoint.reason == "self-consumption: there is no plan yet"
    assert setpoint.hold_s == 60.0


@pytest.mark.parametrize(
    ("worth", "battery_w", "reason"),
    [
        (1.0, -5000.0, "charging 5.00 kW from the grid at 0.280/kWh"),
        (0.2, 1000.0, "discharging 1.00 kW for the load at 0.280/kWh"),
        (0.28, 0.0, "holding: the grid costs 0.280/kWh"),
    ],
)
async def test_a_plan_is_followed_in_money(worth: float, battery_w: float, reason: str) -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(worth))
    setpoint = await stage.step()
    assert setpoint.battery_w == pytest.approx(battery_w)
    assert setpoint.rung is Rung.PLAN
    assert setpoint.reason.startswith(reason)


async def test_the_ladder_goes_down_with_the_age_of_the_plan() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0, valid=timedelta(hours=1)))
    rungs = []
    for minute in (0, 29, 31, 59, 61):
        stage.clock.advance_to(START + timedelta(minutes=minute))
        setpoint = await stage.step()
        rungs.append((minute, setpoint.rung))
    assert rungs == [(0, Rung.PLAN), (29, Rung.PLAN), (31, Rung.LAST_PLAN), (59, Rung.LAST_PLAN), (61, Rung.RULES)]
    assert setpoint.reason == "self-consumption: the last plan has expired"


@pytest.mark.parametrize(
    ("device", "quantity", "reason"),
    [
        ("inverter", Quantity.SOC_PCT, "released: the state of charge is missing"),
        ("meter", Quantity.GRID_W, "released: the grid power is missing"),
        ("inverter", Quantity.BATTERY_W, "released: the battery power is missing"),
    ],
)
async def test_what_is_missing_releases_and_is_named(device: str, quantity: Quantity, reason: str) -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0))
    await stage.step(3)
    stage.site.values[device][quantity] = None
    setpoint = await stage.step()
    assert (setpoint.battery_w, setpoint.rung, setpoint.reason) == (None, Rung.RELEASE, reason)
    assert stage.site.written[-1].battery_w is None


async def test_a_silent_device_is_used_until_it_is_stale_and_alarmed_at_once() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0))
    await stage.step(2)
    stage.site.silent["meter"] = "unit 1: no answer"
    assert (await stage.step(15)).rung is Rung.PLAN
    assert (await stage.step(2)).reason == "released: the grid power is stale"
    assert stage.pending.alarms == ("unit 1: no answer",)
    del stage.site.silent["meter"]
    assert (await stage.step()).rung is Rung.PLAN
    assert not stage.pending.alarms


async def test_a_lease_is_refreshed_at_half_its_life_and_small_changes_wait() -> None:
    stage = ControlStage()
    await stage.step()
    assert [setpoint.battery_w for setpoint in stage.site.written] == [1000.0]
    stage.site.values["meter"][Quantity.GRID_W] = 40.0  # the dead-band is 1 % of 5 kW
    await stage.step(29)
    assert len(stage.site.written) == 1
    assert isinstance(stage.outlet.view.outcome, Held)
    await stage.step(2)
    assert [setpoint.battery_w for setpoint in stage.site.written] == [1000.0, 1040.0]
    await stage.step(20)  # a meter may be late: what the battery did just now may still stand in its next value
    stage.site.values["meter"][Quantity.GRID_W] = 60.0
    await stage.step()
    assert [setpoint.battery_w for setpoint in stage.site.written] == [1000.0, 1040.0, 1100.0]


async def test_a_released_device_is_written_once() -> None:
    stage = ControlStage()
    await stage.control.release("released: the agent starts")
    stage.site.values["inverter"][Quantity.SOC_PCT] = None
    await stage.step(100)
    assert [setpoint.battery_w for setpoint in stage.site.written] == [None]


@pytest.mark.parametrize("failure", [Refused("busy"), Unreachable("no answer")])
async def test_a_write_that_fails_is_tried_at_the_next_step_and_alarmed(failure: Refused | Unreachable) -> None:
    stage = ControlStage()
    stage.site.answers = [failure, failure]
    await stage.step()
    assert stage.pending.alarms == (failure.reason,)
    await stage.step(2)
    assert len(stage.site.written) == 3
    assert isinstance(stage.outlet.view.outcome, Applied)
    assert not stage.pending.alarms
    counts = stage.control.counts
    assert (counts.written, counts.refused + counts.unreachable) == (1, 2)


@pytest.mark.parametrize("failure", [Refused("busy"), Unreachable("no answer")])
async def test_after_a_release_that_could_not_be_written_it_is_written_again(failure: Refused | Unreachable) -> None:
    stage = ControlStage()
    stage.site.answers = [failure]
    await stage.control.release("released: the agent starts")
    stage.site.values["inverter"][Quantity.SOC_PCT] = None
    await stage.step(3)
    assert [setpoint.battery_w for setpoint in stage.site.written] == [None, None]


async def test_a_clamped_setpoint_is_verified_by_what_the_device_took() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0))
    stage.site.obeys = False
    stage.site.answers = [Clamped(-3000.0, "its rating")]
    await stage.step()
    stage.site.values["inverter"][Quantity.BATTERY_W] = -3000.0
    stage.site.values["meter"][Quantity.GRID_W] = 4000.0
    await stage.step(29)
    assert stage.control.counts.missed == 0
    assert stage.control.counts.verified == 1
    decisions = stage.pending.take(START).decisions
    assert [(row.battery_w, row.outcome, row.detail) for row in decisions] == [
        (-5000.0, "clamped", "-3000 W: its rating")
    ]


async def test_a_battery_that_does_the_opposite_is_held_at_0_and_then_left_alone_for_ten_minutes() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0))
    stage.site.obeys = False
    stage.site.values["inverter"][Quantity.BATTERY_W] = 2000.0
    setpoint = await stage.step(95)
    assert (setpoint.rung, setpoint.battery_w) == (Rung.PLAN, 0.0)
    assert stage.pending.alarms == ("the battery was asked for -5000 W and delivers 2000 W; it is held at 0 W",)
    setpoint = await stage.step(35)
    assert setpoint.reason == "released: the battery does not follow its setpoints"
    assert stage.control.counts.missed == 3
    (alarm,) = stage.pending.alarms
    assert "left to itself for ten minutes" in alarm
    writes = len(stage.site.written)
    assert stage.site.written[-1].battery_w is None
    await stage.step(580)
    assert len(stage.site.written) == writes
    stage.site.obeys = True
    setpoint = await stage.step(30)
    assert setpoint.rung is Rung.PLAN
    assert not stage.pending.alarms


async def test_a_battery_that_takes_nothing_is_held_and_never_released() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0))
    stage.site.obeys = False
    rungs = {(await stage.step()).rung for _ in range(1500)}
    assert rungs == {Rung.PLAN}
    assert stage.pending.alarms == ("the battery takes nothing of the 5000 W asked for; it is held at 0 W",)
    planned_with = stage.outlet.view.battery
    assert planned_with is not None
    assert (planned_with.charge_w, planned_with.discharge_w) == (0.0, 5000.0)


async def test_the_ramp_is_kept_from_step_to_step() -> None:
    stage = ControlStage(ramp_w_per_s=500.0)
    show(stage.outlet, plan=plan(1.0))
    powers = [(await stage.step()).battery_w for _ in range(12)]
    assert powers == [max(-5000.0, -500.0 * (i + 1)) for i in range(12)]


async def test_a_ramp_that_is_slower_than_what_is_worth_a_write_in_a_step_is_kept_and_not_stuck() -> None:
    stage = ControlStage(ramp_w_per_s=20.0)  # the dead-band is 1 % of 5 kW
    stage.site.values["meter"][Quantity.GRID_W] = 3000.0
    await stage.step(120)
    written = [setpoint.battery_w or 0.0 for setpoint in stage.site.written]
    assert 1800.0 <= written[-1] <= 120 * 20.0
    assert max(after - before for before, after in pairwise(written)) <= 51.0


async def test_limits_of_the_connection_hold_at_the_step_after_they_come() -> None:
    stage = ControlStage(connection=Connection(import_limit_w=10_000.0))
    show(stage.outlet, plan=plan(1.0))
    assert (await stage.step()).battery_w == -5000.0
    stage.conditions.take(GridLimitInput(START, START, START + timedelta(hours=1), 3000.0, None))
    setpoint = await stage.step()
    assert setpoint.battery_w == pytest.approx(-2000.0)


async def test_sun_that_nobody_pays_for_is_capped_while_its_export_costs_money() -> None:
    stage = ControlStage(sold=Flat(-0.10))
    show(stage.outlet, plan=plan(-0.5))  # stored energy is a burden too
    stage.site.values["inverter"][Quantity.PV_W] = 4000.0
    stage.site.values["meter"][Quantity.GRID_W] = -3000.0  # load 1000 W
    setpoint = await stage.step()
    assert setpoint.pv_limit_w is not None
    assert setpoint.pv_limit_w == pytest.approx(max(0.0, 1000.0 - (setpoint.battery_w or 0.0)))


@pytest.mark.parametrize(
    ("price", "curtailed_w", "limit_w", "cap_w"),
    [(-0.5, 500.0, None, 0.0), (-0.5, 500.0, 4000.0, 2000.0), (-0.5, 0.0, None, None), (0.1, 500.0, None, None)],
)
async def test_sun_makes_room_for_import_that_is_paid_for_where_the_plan_says_so(
    price: float, curtailed_w: float, limit_w: float | None, cap_w: float | None
) -> None:
    """5 kW of charging and 1 kW of load: an import limit of 4 kW leaves 2 kW to the sun."""
    stage = ControlStage(bought=Flat(price), sold=Flat(0.0))
    made = plan(1.0)
    show(stage.outlet, plan=replace(made, steps=tuple(replace(step, curtail_w=curtailed_w) for step in made.steps)))
    stage.conditions.take(GridLimitInput(START, START, START + timedelta(hours=1), limit_w, None))
    stage.site.values["inverter"][Quantity.PV_W] = 3000.0
    stage.site.values["meter"][Quantity.GRID_W] = -2000.0  # load 1000 W
    setpoint = await stage.step()
    assert setpoint.battery_w == pytest.approx(-5000.0)
    assert setpoint.pv_limit_w == (None if cap_w is None else pytest.approx(cap_w))


async def test_a_sun_that_cannot_be_seen_ends_no_step_while_import_is_paid_for() -> None:
    stage = ControlStage(bought=Flat(-0.5), sold=Flat(0.0), connection=Connection(4000.0, None))
    made = plan(1.0)
    show(stage.outlet, plan=replace(made, steps=tuple(replace(step, curtail_w=500.0) for step in made.steps)))
    stage.site.values["inverter"][Quantity.PV_W] = None
    setpoint = await stage.step()
    assert (setpoint.battery_w, setpoint.pv_limit_w) == (pytest.approx(-3000.0), None)


async def test_the_reserve_of_the_hour_is_kept_by_the_rule_and_by_the_guard() -> None:
    """The stage begins at 12:00. The reserve rises to the 50 % that the battery has at 12:10."""
    stage = ControlStage()
    stage.conditions.reserve = Reserve(TimeOfUse(20.0, (Window(50.0, time(12, 10), time(12, 20)),), "UTC"))
    powers = {}
    for second in (0, 539, 541, 601, 1199, 1201):
        stage.clock.advance_to(START + timedelta(seconds=second))
        setpoint = await stage.step()
        powers[second] = setpoint.battery_w
    # A lease of 60 s that is given from 12:09:00 on would reach into the window.
    assert powers == {0: 1000.0, 539: 1000.0, 541: 0.0, 601: 0.0, 1199: 0.0, 1201: 1000.0}


async def test_minutes_and_decisions_are_written_down() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0))
    await stage.step(121)
    batch = stage.pending.take(stage.clock.now())
    assert [(row.at - START).total_seconds() for row in batch.minutes] == [0.0, 60.0]
    assert [(row.covered_s, row.rung) for row in batch.minutes] == [(60.0, Rung.PLAN)] * 2
    assert batch.catalogue == ("inverter.battery_w", "inverter.pv_w", "inverter.soc_pct", "meter.grid_w")
    assert batch.minutes[1].points == (-5000.0, 0.0, 50.0, 6000.0)
    assert [(row.battery_w, row.rung, row.outcome) for row in batch.decisions] == [(-5000.0, Rung.PLAN, "applied")]


async def test_a_minute_knows_the_prices_that_were_said_and_no_guess() -> None:
    stage = ControlStage(bought=PriceList(START, 3600, ()))
    await stage.step(61)
    stage.conditions.take(TariffInput(START, START, 3600, (0.31,), (0.04,)))
    await stage.step(60)
    first, second = stage.pending.take(stage.clock.now()).minutes
    assert (first.import_price, first.export_price) == (None, pytest.approx(0.05))
    assert (second.import_price, second.export_price) == (pytest.approx(0.31), pytest.approx(0.04, abs=3e-4))


async def test_when_it_is_the_rules_turn_the_rule_decides_and_the_plan_waits() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0))
    turns = (Arm.OPTIMISER, Arm.RULE, Arm.RULE, Arm.OPTIMISER)
    show(stage.outlet, paired_trial=Schedule(START - timedelta(minutes=59, seconds=59), 1, turns))
    found = [await stage.step() for _ in range(2)]
    assert [(setpoint.rung, setpoint.battery_w) for setpoint in found] == [
        (Rung.PLAN, pytest.approx(-5000.0)),
        (Rung.RULES, pytest.approx(1000.0)),
    ]
    assert found[1].reason == "self-consumption: it is the rule's turn in the comparison"
    assert stage.outlet.view.plan is not None
    show(stage.outlet, paired_trial=Schedule(START - timedelta(days=2), 24, turns[:2]))
    assert (await stage.step()).rung is Rung.PLAN, "it is over"


async def test_a_rung_that_changes_without_a_write_is_written_down_too() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(0.2))  # as the rule would have it: cover the load
    await stage.step(2)
    show(stage.outlet, plan=None)
    await stage.step(2)
    decisions = stage.pending.take(START).decisions
    assert [(row.battery_w, row.rung) for row in decisions] == [(1000.0, Rung.PLAN), (1000.0, Rung.RULES)]


@pytest.mark.parametrize(("imported_w", "grid_w"), [(None, 2000.0), (5000.0, 500.0), (500.0, 2750.0)])
async def test_what_the_demand_interval_has_imported_decides_what_is_left_of_it(
    imported_w: float | None, grid_w: float
) -> None:
    """Ten of fifteen minutes are left of a peak of 2 kW; before, nothing was seen, or five minutes of a power."""
    meter = DemandMeter(DemandCharge(15.0, 900), ZoneInfo("UTC"))
    if imported_w is not None:
        meter.add(START, 300.0, 300.0, imported_w / 12.0)
    stage = ControlStage(meter=meter)
    stage.clock.advance_to(START + timedelta(seconds=0 if imported_w is None else 300))
    stage.site.values["meter"][Quantity.GRID_W] = 5000.0
    peak = PeakPrice(900, (2000.0,) * 16, (15.0,) * 16, (0,) * 16)
    made = plan(0.29, stage.clock.now())
    show(stage.outlet, plan=replace(made, values=replace(made.values, peak=peak)))
    setpoint = await stage.step()
    assert setpoint.battery_w == pytest.approx(5000.0 - grid_w, abs=30.0)


async def test_the_demand_peak_is_kept_when_an_interval_has_ended_and_not_before() -> None:
    stage = ControlStage(meter=DemandMeter(DemandCharge(15.0, 900), ZoneInfo("UTC")))
    stage.clock.advance_to(START + timedelta(seconds=880))
    for _ in range(2):
        await stage.step(15)
        documents = dict(stage.pending.take(stage.clock.now()).kept)
        assert set(documents) == ({"demand"} if stage.clock.now() > START + timedelta(seconds=900) else set())


async def test_a_battery_that_something_else_steers_is_left_alone_and_told() -> None:
    stage = ControlStage()
    await stage.step(2)
    written = len(stage.site.written)
    told = "something else steers this battery: inverter holds 5"
    stage.site.report = SteeringReport(foreign={"inverter": told}, left_alone=f"left alone: {told}", lost=True)
    setpoint = await stage.step(3)
    assert (setpoint.rung, setpoint.battery_w, setpoint.reason) == (Rung.RELEASE, None, f"left alone: {told}")
    assert len(stage.site.written) == written
    assert stage.pending.alarms == (told,)
    stage.site.report = SteeringReport()
    await stage.step()
    assert len(stage.site.written) == written + 1
    assert stage.pending.alarms == ()


async def test_what_is_not_in_force_any_more_is_written_again() -> None:
    stage = ControlStage()
    await stage.step(3)
    written = len(stage.site.written)
    stage.site.report = SteeringReport(lost=True)
    await stage.step()
    assert len(stage.site.written) == written + 1


async def test_the_writes_of_a_day_are_kept_and_told_when_it_is_over() -> None:
    stage = ControlStage()
    for day, used in (("2026-03-17", 5), ("2026-03-17", 83), ("2026-03-18", 0)):
        stage.site.report = SteeringReport(writes={"inverter": DailyWrites(day, used, 100)})
        await stage.step(2)
    batch = stage.pending.take(stage.clock.now())
    assert dict(batch.kept)["persistent_writes"] == '{"inverter": {"day": "2026-03-18", "used": 0, "budget": 100}}'
    told = [event.text for event in batch.events if event.kind == "persistent_writes"]
    assert len(told) == 1
    assert "written 83 times on 2026-03-17, of 100" in told[0]


async def test_a_lifetime_counter_that_reads_0_for_half_a_minute_is_neither_0_nor_a_mean() -> None:
    stage = ControlStage()
    stage.site.values["meter"][Quantity.IMPORT_WH] = 4501.0
    await stage.step(60)
    stage.site.values["meter"][Quantity.IMPORT_WH] = 0.0
    await stage.step(30)
    stage.site.values["meter"][Quantity.IMPORT_WH] = 4503.0
    await stage.step(31)
    stage.site.values["meter"][Quantity.IMPORT_WH] = 0.0
    await stage.step(60)
    place = stage.control.minutes.means.catalogue.index("meter.import_wh")
    found = [row.points[place] for row in stage.pending.take(stage.clock.now()).minutes]
    assert found == [4501.0, 4503.0, 4503.0]  # each is the last that was right
    assert not stage.pending.alarms


async def test_a_counter_that_goes_on_from_lower_is_told_when_an_hour_has_passed() -> None:
    stage = ControlStage()
    stage.site.values["meter"][Quantity.IMPORT_WH] = 4_500_000.0
    await stage.step(2)
    stage.site.values["meter"][Quantity.IMPORT_WH] = 70.0
    await stage.step(3602)
    events = stage.pending.take(stage.clock.now()).events
    (told,) = [event for event in events if event.kind == "counter_reset/meter"]
    assert told.text == "meter.import_wh was reset: it stood at 4500.0 kWh and goes on from 0.1 kWh"


async def test_a_device_that_goes_on_refusing_is_written_ever_more_seldom_and_released_at_every_step() -> None:
    stage = ControlStage()
    stage.site.answers = [Refused("busy")] * 100
    await stage.step(120)
    assert 8 <= len(stage.site.written) <= 12
    assert stage.outlet.view.outcome == Refused("busy")
    stage.site.answers = [Refused("busy")] * 100
    stage.site.values["inverter"][Quantity.SOC_PCT] = None
    before = len(stage.site.written)
    await stage.step(20)
    assert len(stage.site.written) - before == 20
    stage.site.answers.clear()
    stage.site.values["inverter"][Quantity.SOC_PCT] = 50.0
    await stage.step(21)
    assert stage.site.written[-1].battery_w == 1000.0
    assert not stage.pending.alarms


async def test_what_is_odd_about_a_device_is_told_once() -> None:
    stage = ControlStage()
    wrong = Remark("chain_irregular", "the common model is one register shorter than it says")
    stage.site.odd = {"inverter": (wrong,)}
    await stage.step(5)
    stage.site.odd = {"inverter": (wrong, Remark("model_repeated", "model 160 is there twice"))}
    await stage.step(5)
    told = [(row.kind, row.text) for row in stage.pending.take(stage.clock.now()).events]
    assert told == [
        ("device_remark/inverter", "the common model is one register shorter than it says"),
        ("device_remark/inverter", "model 160 is there twice"),
    ]


async def test_a_step_that_is_still_under_way_when_the_agent_ends_writes_nothing_after_the_release() -> None:
    stage = ControlStage()
    await stage.step()
    await stage.control.end("the agent stops")
    assert stage.site.written[-1].battery_w is None
    written = len(stage.site.written)
    stage.site.values["meter"][Quantity.GRID_W] = 4000.0
    await stage.step(5)
    assert len(stage.site.written) == written
