"""Setpoints that are refused, swallowed, not obeyed or forgotten."""

from pathlib import Path

import pytest

from agent.domain.setpoint import Applied, Refused, Rung
from tests.scenarios.stage import CHARGE_W, Stage, staged

PLANNED = f"setpoint -{CHARGE_W:.0f} W"


async def alarms(stage: Stage, kind: str) -> list[tuple[str, str]]:
    return [(severity, text) for name, severity, text in await stage.events() if name == kind]


@pytest.mark.parametrize(
    ("kind", "minutes", "sentence"),
    [
        ("refused_write", 1.5, "was refused with exception 6 (device busy)"),
        # A swallowed refresh reads back like a written one while the old lease runs, so it shows after a lease's time.
        ("ignored_write", 2.8, "704.WSetEna was set to 1 and reads 0"),
    ],
)
async def test_a_write_that_does_not_last_is_told_and_tried_again_every_step(
    tmp_path: Path, kind: str, minutes: float, sentence: str
) -> None:
    async with staged(tmp_path) as stage:
        over = 5.1 + minutes
        stage.fault(kind, "inverter", 5.1, minutes, code=6)
        await stage.play(11.0)
        refused = [moment for moment in stage.between(5.1, over) if isinstance(moment.outcome, Refused)]
        assert len(refused) >= 2
        assert refused == stage.between(refused[0].minute, over)
        assert stage.app.control.counts.refused == len(refused)
        assert all(moment.rung is Rung.PLAN for moment in stage.between(1.3, 11.0))
        first_after = stage.between(over, 11.0)[0]
        assert isinstance(first_after.outcome, Applied)
        assert all(moment.mode.startswith(PLANNED) for moment in stage.between(over, 11.0))
        (raised, text), (cleared, _) = await alarms(stage, "setpoint_failed")
        assert (raised, cleared) == ("alarm", "info")
        assert sentence in text


async def test_writes_that_are_refused_for_long_end_in_no_control(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("refused_write", "inverter", 5.1, 30.0)
        await stage.play(12.0)
        assert stage.at(12.0).mode == "self-consumption"
        assert stage.at(12.0).setpoint.reason == "released: the battery does not follow its setpoints"
        assert [severity for severity, _ in await alarms(stage, "no_control")] == ["alarm"]


async def test_a_battery_that_does_not_obey_is_left_alone_and_tried_again(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("unheeded_write", "inverter", 5.1, 8.0)
        await stage.play(20.0)
        control = stage.app.control
        lost = next(moment for moment in stage.seen if "does not follow" in moment.setpoint.reason)
        # Before that it is asked for nothing: a release, which discharges here, is the last thing to do.
        assert stage.at(lost.minute).setpoint.battery_w == 0.0
        assert control.counts.missed >= 2
        assert 6.0 <= lost.minute <= 11.0
        # Left alone: released, and not a single order until the ten minutes are over, though it would obey from 13 on.
        for moment in stage.between(lost.minute, lost.minute + 9.9):
            assert (moment.rung, moment.setpoint.battery_w, moment.mode) == (Rung.RELEASE, None, "self-consumption")
        again = stage.between(lost.minute + 10.0, 20.0)
        assert all(moment.mode.startswith(PLANNED) for moment in again)
        assert stage.at(20.0).site.battery_w == pytest.approx(-CHARGE_W, abs=100)
        assert [severity for severity, _ in await alarms(stage, "no_control")] == ["alarm", "info"]


@pytest.mark.parametrize("seconds", [6, 45])
async def test_an_inverter_that_reboots_gets_its_setpoint_again_within_two_steps(tmp_path: Path, seconds: int) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("reboot", "inverter", 5.1, seconds / 60.0)
        await stage.play(9.0)
        back = 5.1 + seconds / 60.0
        steps = stage.between(back, 9.0)
        assert all(moment.mode.startswith(PLANNED) for moment in steps[1:])
        assert stage.at(9.0).rung is Rung.PLAN
        assert "reboot" in [order.ending for order in stage.plant.orders]


async def test_the_battery_is_released_at_the_end_of_the_day(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.play(3.0)
        assert stage.plant.mode().startswith(PLANNED)
    assert stage.plant.mode() == "self-consumption"
    assert stage.plant.orders[-1].ending == "released"
    last = stage.rows("SELECT battery_w, rung, outcome, reason FROM decision ORDER BY seq DESC LIMIT 1")
    assert last == [(None, "release", "applied", "released: the scenario ends")]
