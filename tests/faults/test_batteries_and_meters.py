"""Batteries that do not do what they are asked for, gauges that lie, and meters that answer wrong, late or not at all.

Whole sites on the virtual clock behind real Modbus TCP sockets; control steps are 20 s apart.
"""

from pathlib import Path
from typing import Any

import pytest

from agent.adapters.store.points_blob import from_blob
from agent.domain.setpoint import Rung
from drivers.reading import Quality
from tests import site_files
from tests.faults.catalogue import Outcome, fault
from tests.scenarios.stage import CHARGE_W, LOAD_W, Moment, Stage, passing_clouds, staged

FAULT_AT = 5.1  # minutes
STEP_S = 20.0
FLAT: dict[str, Any] = {"import_tariff": site_files.FLAT_TARIFF}


async def raised(stage: Stage, kind: str) -> list[str]:
    """The severities of the events of ``kind``, oldest first."""
    return [severity for name, severity, _ in await stage.events() if name == kind]


def neutral_after_s(stage: Stage, begun: float = FAULT_AT) -> float:
    """From minute ``begun`` until the battery was left to its own device."""
    first = next(moment for moment in stage.seen if moment.minute >= begun and moment.rung is Rung.RELEASE)
    return 60.0 * (first.minute - begun)


def is_charging(moment: Moment) -> bool:
    """By the plan, at the pace at which the night is long enough: above half of the rating in all of these scenes."""
    watts = moment.setpoint.battery_w
    return moment.rung is Rung.PLAN and watts is not None and -CHARGE_W <= watts <= -CHARGE_W / 2.0


@fault(27, injected="a meter that answers two polls with exception 6, then one that does so for three minutes",
       neutral_s=60.0, alarm="device_lost")  # fmt: skip
async def test_busy_twice_is_nothing_and_busy_for_long_is_lost(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, stale_s=40) as stage:
        stage.fault("refused_read", "meter", FAULT_AT, 0.6, code=6)
        stage.fault("refused_read", "meter", 9.1, 3.0, code=6)
        await stage.play(9.0)
        assert all(is_charging(moment) for moment in stage.between(1.3, 9.0))
        assert await raised(stage, "device_lost/meter") == []
        await stage.play(14.0)
        outcome.neutral_after(neutral_after_s(stage, 9.1))
        assert await raised(stage, "device_lost/meter") == ["alarm", "info"]
        outcome.raised("device_lost/meter")
        assert is_charging(stage.at(14.0))


@fault(
    28, injected="every measured register of the inverter, then of the meter, reads not implemented", neutral_s=STEP_S
)
@pytest.mark.parametrize("device", ["inverter", "meter"])
async def test_sentinels_are_missing_and_reach_neither_control_nor_the_platform(
    tmp_path: Path, outcome: Outcome, device: str
) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("sentinel", device, FAULT_AT, 3.0)
        await stage.play(9.0)
        outcome.neutral_after(neutral_after_s(stage))
        assert is_charging(stage.at(9.0))
        stage.app.control.minutes.flush()
        await stage.app.record.step()
        names = stage.app.control.minutes.means.catalogue
        ((points,),) = stage.rows("SELECT points FROM minute WHERE at = (SELECT min(at) + 420 FROM minute)")
        found = dict(zip(names, from_blob(points), strict=True))
        measured = {name: value for name, value in found.items() if name.startswith(f"{device}.")}
        rated = {name for name in measured if ".rated_" in name or name.endswith(".soh_pct")}
        assert {value for name, value in measured.items() if name not in rated} == {None}


@fault(29, injected="the meter's measurements stay at their last digits under passing clouds (frozen_s = 60)",
       neutral_s=80.0, alarm="frozen")  # fmt: skip
async def test_a_frozen_meter_is_released_from_once_the_world_has_moved(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, trace=passing_clouds(), usable_wh=10_000, frozen_s=60, **FLAT) as stage:
        stage.fault("frozen", "meter", 10.1, 10.0)
        await stage.play(20.0)
        # Clouds come every five minutes: until the next one nothing contradicts the meter.
        outcome.neutral_after(neutral_after_s(stage, 10.1))
        assert await raised(stage, "frozen/meter") == ["alarm"]
        outcome.raised("frozen/meter")


@fault(30, injected="the gauge of a battery that is charged stays at its value for two hours", alarm="soc_jump")
async def test_a_stuck_gauge_is_counted_on(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("stuck_gauge", "inverter", FAULT_AT, 120.0)
        await stage.play(122.0)
        assert all(is_charging(moment) for moment in stage.between(1.3, 122.0))
        assert await raised(stage, "soc_jump/inverter") == ["alarm"]
        outcome.raised("soc_jump/inverter")
        counted = [moment for moment in stage.seen if moment.state.soc_pct.quality is Quality.ESTIMATED]
        assert counted
        assert all(moment.state.soc_pct.known == pytest.approx(moment.site.soc_pct, abs=3.0) for moment in counted)
        await stage.play(128.0)
        assert stage.at(128.0).state.soc_pct.quality is Quality.GOOD
        assert await raised(stage, "soc_jump/inverter") == ["alarm", "info"]


@fault(
    30, injected="the gauge reads 0 % for ten minutes while the battery is at 60 %, then 60 % again", alarm="soc_jump"
)
async def test_a_gauge_that_is_wrong_for_minutes_is_never_believed(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, soc_pct=60.0) as stage:
        stage.fault("wrong_gauge", "inverter", FAULT_AT, 10.0, share=0.0)
        await stage.play(17.0)
        assert all(is_charging(moment) for moment in stage.between(1.3, 17.0))
        wrong = stage.between(FAULT_AT, 15.1)
        assert all(moment.state.soc_pct.known == pytest.approx(moment.site.soc_pct, abs=0.5) for moment in wrong)
        assert await raised(stage, "soc_jump/inverter") == ["alarm", "info"]
        outcome.raised("soc_jump/inverter")


@fault(30, injected="the gauge reads 0 % at 60 %, and the agent is restarted meanwhile", alarm="soc_jump")
async def test_a_restart_makes_no_gauge_believed(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, soc_pct=60.0) as stage:
        stage.fault("wrong_gauge", "inverter", FAULT_AT, 20.0, share=0.0)
        await stage.play(8.0)
        await stage.app.stop("the scenario restarts the agent")
        stage.build()
        await stage.start()
        await stage.play(14.0)
        known = {moment.state.soc_pct.quality for moment in stage.between(8.1, 14.0)}
        assert known == {Quality.ESTIMATED}
        assert stage.at(14.0).state.soc_pct.known == pytest.approx(stage.at(14.0).site.soc_pct, abs=1.0)
        assert await raised(stage, "soc_jump/inverter") == ["alarm"]  # it stands over the restart
        outcome.raised("soc_jump/inverter")


@fault(30, injected="the gauge jumps from 18 % to 60 % under a load that the plan would cover", alarm="soc_jump")
async def test_no_discharge_is_forced_on_a_count_below_reserve_and_ten_percent(
    tmp_path: Path, outcome: Outcome
) -> None:
    async with staged(tmp_path, soc_pct=18.0, **FLAT) as stage:
        stage.fault("wrong_gauge", "inverter", 2.1, 20.0, share=0.6)
        await stage.play(10.0)
        assert stage.at(2.1).setpoint.battery_w == pytest.approx(LOAD_W, abs=150.0)
        for moment in stage.between(2.7, 10.0):
            assert (moment.rung is Rung.RELEASE, moment.setpoint.battery_w) == (False, 0.0)
        assert await raised(stage, "soc_jump/inverter") == ["alarm"]
        outcome.raised("soc_jump/inverter")


@fault(30, injected="a battery that is empty gives nothing while its gauge reads 50 %", alarm="battery_limited")
async def test_a_battery_that_gives_nothing_at_50_percent_is_empty_and_not_out_of_control(
    tmp_path: Path, outcome: Outcome
) -> None:
    async with staged(tmp_path, **FLAT) as stage:
        stage.fault("gives_nothing", "inverter", FAULT_AT, 120.0)
        await stage.play(60.0)
        assert Rung.RELEASE not in {moment.rung for moment in stage.between(1.3, 60.0)}
        assert {moment.setpoint.battery_w for moment in stage.between(12.0, 60.0)} == {0.0}
        assert stage.at(60.0).state.soc_pct.known == pytest.approx(10.0)
        assert await raised(stage, "no_control") == []
        assert await raised(stage, "battery_limited") == ["alarm", "info"]
        outcome.raised("battery_limited")
        assert await raised(stage, "soc_jump/inverter") == ["alarm"]


@fault(
    31,
    injected="the sign, then the scale factor of the meter changes while a battery is charged",
    neutral_s=140.0,
    alarm="meter_contradicts",
)
@pytest.mark.parametrize("factor", [-1.0, 0.1])
async def test_a_meter_that_contradicts_the_battery_is_not_acted_on(
    tmp_path: Path, outcome: Outcome, factor: float
) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("scaled_power", "meter", FAULT_AT, 20.0, factor=factor)
        await stage.play(24.0)
        outcome.neutral_after(neutral_after_s(stage))
        released = [moment for moment in stage.between(FAULT_AT, 24.0) if moment.rung is Rung.RELEASE]
        assert {moment.setpoint.reason for moment in released} == {"released: the grid power is implausible"}
        assert {moment.mode for moment in released} == {"self-consumption"}
        assert {moment.state.load_w.known for moment in released} == {None}
        assert await raised(stage, "meter_contradicts/meter") == ["alarm"]
        outcome.raised("meter_contradicts/meter")
        await stage.play(60.0)  # the fault is over: one step of the battery shows it
        assert await raised(stage, "meter_contradicts/meter") == ["alarm", "info"]
        assert is_charging(stage.at(60.0))


@fault(
    31,
    injected="the meter shows ten times what it is while a battery is charged: the guard turns it round with each step",
    neutral_s=200.0,
    alarm="battery_swings",
)
async def test_a_battery_that_swings_by_a_meter_of_the_wrong_scale_is_told_and_held_back(
    tmp_path: Path, outcome: Outcome
) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("scaled_power", "meter", FAULT_AT, 20.0, factor=10.0)
        await stage.play(18.0)
        outcome.neutral_after(neutral_after_s(stage))
        assert await raised(stage, "battery_swings") == ["alarm"]
        outcome.raised("battery_swings")
        assert stage.at(18.0).rung is Rung.RELEASE


@fault(31, injected="the inverter shows ten times what its battery does while it is charged", neutral_s=STEP_S,
       alarm="battery_power_missing")  # fmt: skip
async def test_a_battery_power_beyond_its_rating_is_told_and_not_acted_on(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("scaled_power", "inverter", FAULT_AT, 20.0, factor=10.0)
        await stage.play(9.0)
        outcome.neutral_after(neutral_after_s(stage))
        assert await raised(stage, "battery_power_missing/inverter") == ["alarm"]
        outcome.raised("battery_power_missing/inverter")


@fault(31, injected="the sign of the meter changes while a battery covers the load", neutral_s=300.0,
       alarm="meter_contradicts")  # fmt: skip
async def test_a_battery_that_covers_the_load_does_not_run_away_by_a_sign_that_has_changed(
    tmp_path: Path, outcome: Outcome
) -> None:
    """The load decides how soon it runs away: within a minute or two. The fault lasts, and so does the release."""
    async with staged(tmp_path, trace=passing_clouds(), step_s=2, hold_s=60, stale_s=10, **FLAT) as stage:
        stage.fault("scaled_power", "meter", FAULT_AT, 60.0, factor=-1.0)
        await stage.play(20.0)
        outcome.neutral_after(neutral_after_s(stage))
        for moment in stage.between(FAULT_AT + 5.0, 20.0):
            assert moment.setpoint.reason == "released: the grid power is implausible"
            assert moment.mode == "self-consumption"
        assert await raised(stage, "meter_contradicts/meter") == ["alarm"]
        outcome.raised("meter_contradicts/meter")


@fault(
    32,
    injected="the inverter stores what is written, reads it back, and covers the load as before",
    neutral_s=260.0,
    alarm="no_control",
)
async def test_writes_without_effect_end_in_no_control(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("unheeded_write", "inverter", FAULT_AT, 20.0)
        await stage.play(16.0)
        first = next(moment for moment in stage.seen if "does not follow" in moment.setpoint.reason)
        assert stage.at(first.minute).setpoint.battery_w == 0.0  # the hold at 0 W comes before
        outcome.neutral_after(60.0 * (first.minute - FAULT_AT))
        assert await raised(stage, "no_control") == ["alarm"]
        outcome.raised("no_control")


@fault(32, injected="a battery takes 500 W of 3,000 W in a cheap hour", alarm="battery_limited")
async def test_a_sixth_is_kept_and_never_released_into_the_load(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("derate", "inverter", FAULT_AT, 60.0, share=1.0 / 6.0)
        await stage.play(40.0)
        for moment in stage.between(FAULT_AT + 1.0, 40.0):
            assert moment.rung is Rung.PLAN
            assert moment.site.battery_w == pytest.approx(-CHARGE_W / 6.0, abs=20.0)
        assert await raised(stage, "no_control") == []
        assert await raised(stage, "battery_limited") == ["alarm"]
        outcome.raised("battery_limited")


@fault(37, injected="every device of the site stops listening", neutral_s=60.0, rows_lost=0, alarm="device_lost")
async def test_without_any_device_the_loop_lives_and_says_so(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, stale_s=40) as stage:
        await stage.play(20.0, {FAULT_AT: stage.site.stop, 15.1: stage.site.start})
        outcome.neutral_after(neutral_after_s(stage))
        assert len(stage.between(FAULT_AT, 15.1)) == 30  # a control step every 20 s throughout
        for device in ("inverter", "meter"):
            assert await raised(stage, f"device_lost/{device}") == ["alarm", "info"]
            outcome.raised(f"device_lost/{device}")
        rows = stage.rows("SELECT covered_s, grid_w, load_w, points FROM minute ORDER BY seq")
        outcome.lost(19 - len(rows) if len(rows) < 19 else 0)
        assert rows[10][:3] == (0.0, None, None)
        assert set(from_blob(rows[10][3])) == {None}  # and not what was said five minutes ago
        assert is_charging(stage.at(20.0))
