"""A wall clock that is wrong, on the virtual clock: a whole site with real Modbus."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.timetable import run_virtual
from agent.domain.horizon import Horizon
from agent.domain.setpoint import Rung
from agent.domain.tariff import TimeOfUse, Window, mean_prices
from agent.domain.time_trust import TimeEvidence
from agent.ports import Job
from agent.recording.rollups import span_start
from tests.faults.catalogue import Outcome, fault
from tests.faults.time_sources import NOTHING, SYNCED, WAITING, ScriptedTime
from tests.scenarios.stage import MIDNIGHT, HonestPlanner, Stage, staged

SINCE_1970_S = (MIDNIGHT - datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC)).total_seconds()
DAY_S = 86400.0


def minutes(stage: Stage) -> list[tuple[datetime, bool]]:
    """Start and trust of every minute in the store, in the order in which it was written."""
    found = stage.rows("SELECT at, time_trusted FROM minute ORDER BY seq")
    return [(datetime.fromtimestamp(at, UTC), bool(trusted)) for at, trusted in found]


def is_one_row_a_minute(rows: list[tuple[datetime, bool]], start: datetime) -> bool:
    return [at for at, _ in rows] == [start + timedelta(minutes=i) for i in range(len(rows))]


def never_paused(stage: Stage) -> bool:
    return all(later.minute - one.minute == pytest.approx(1 / 3) for one, later in pairwise(stage.seen))


def no_lease_ran_out(stage: Stage) -> bool:
    return all(order.ending != "lapsed" for order in stage.plant.orders)


def asked(stage: Stage) -> list[datetime]:
    """The times for which a plan was asked."""
    assert isinstance(stage.planner, HonestPlanner)
    return [request.now for request in stage.planner.asked]


@fault(
    18,
    injected="a start in 1970; the time is found after ten minutes",
    neutral_s=0,
    rows_lost=0,
    alarm="clock_untrusted",
)
async def test_a_start_in_1970_follows_our_own_rule_until_the_time_is_found(tmp_path: Path, outcome: Outcome) -> None:
    source = ScriptedTime(WAITING)
    async with staged(tmp_path, time_source=source, ahead_s=-SINCE_1970_S) as stage:
        await stage.play(10)
        assert {moment.rung for moment in stage.seen} == {Rung.RULES}
        assert "the clock says 1970-01-01" in stage.at(10).setpoint.reason
        assert asked(stage) == []
        outcome.neutral_after(60.0 * stage.seen[0].minute)
        await stage.app.record.step()
        lost = minutes(stage)
        assert len(lost) >= 9
        assert {(at.year, trusted) for at, trusted in lost} == {(1970, False)}

        stage.clock.step_wall(SINCE_1970_S)
        source.says = SYNCED
        await stage.play(25)
        assert asked(stage)[0] == MIDNIGHT + timedelta(minutes=10)
        assert stage.at(25).rung is Rung.PLAN
        assert never_paused(stage)
        assert no_lease_ran_out(stage)
        told = await stage.events()
    found = minutes(stage)
    outcome.raised(next(kind for kind, _, _ in told if kind == "clock_untrusted"))
    (set_by,) = [text for kind, _, text in told if kind == "clock_stepped"]
    assert set_by.startswith(f"the clock was set {SINCE_1970_S / DAY_S:.1f} days ahead; what was measured")
    assert {trusted for _, trusted in found} == {True}
    assert is_one_row_a_minute(found, found[0][0])
    assert abs(found[0][0] - MIDNIGHT) <= timedelta(seconds=30)
    outcome.lost(25 - len(found))
    decided = stage.rows("SELECT min(at) FROM decision WHERE seq > 0")[0][0]
    assert decided >= MIDNIGHT.timestamp() - 60.0


@pytest.mark.parametrize("step_h", [5.0, -5.0])
@fault(19, injected="the wall clock is set by five hours, ahead and back", rows_lost=0, alarm="clock_stepped")
async def test_a_step_of_hours_moves_nothing_but_the_plan(tmp_path: Path, outcome: Outcome, step_h: float) -> None:
    async with staged(tmp_path, time_source=ScriptedTime(SYNCED)) as stage:
        await stage.play(20)
        assert stage.at(20).rung is Rung.PLAN
        before = len(asked(stage))
        stage.clock.step_wall(3600.0 * step_h)
        await stage.play(20.5)
        assert asked(stage)[before] == MIDNIGHT + timedelta(minutes=20, hours=step_h)
        assert stage.at(20.5).rung is Rung.PLAN
        await stage.play(50)
        later = asked(stage)[before + 1 :]
        assert [at.minute % 15 for at in later] == [0] * len(later)
        assert len(later) == 2
        assert never_paused(stage)
        assert no_lease_ran_out(stage)
        told = await stage.events()
    found = minutes(stage)
    (said,) = [kind for kind, _, text in told if text.startswith("the clock was set 5.0 h")]
    outcome.raised(said)
    assert len({at for at, _ in found}) == len(found)
    outcome.lost(50 - len(found))


async def test_a_time_that_is_written_already_is_marked_when_it_comes_again(tmp_path: Path) -> None:
    async with staged(tmp_path, time_source=ScriptedTime(SYNCED)) as stage:
        await stage.play(20)
        stage.clock.step_wall(-600.0)
        await stage.play(40)
        await stage.app.record.step()
        await stage.app.store.tidy(None)
        hour_s = stage.rows("SELECT covered_s FROM rollup WHERE span = 'hour'")
    found = minutes(stage)
    trusted = [at for at, is_trusted in found if is_trusted]
    assert trusted == sorted(set(trusted))
    assert len(found) == 40
    assert sum(not is_trusted for _, is_trusted in found) == 10
    assert hour_s[-1][0] <= 60.0 * 30


@fault(
    21, injected="a time service that never finds the time, on a host without a clock of its own", neutral_s=0,
    alarm="clock_untrusted",
)  # fmt: skip
async def test_a_clock_that_was_never_synchronised_is_not_planned_by(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, time_source=ScriptedTime(WAITING)) as stage:
        await stage.play(20)
        assert {moment.rung for moment in stage.seen} == {Rung.RULES}
        assert asked(stage) == []
        outcome.neutral_after(60.0 * stage.seen[0].minute)
        told = await stage.events()
        assert {trusted for _, trusted in minutes(stage)} == {False}
    outcome.raised(next(kind for kind, _, _ in told if kind == "clock_untrusted"))


@fault(21, injected="the time service falls silent for a day", neutral_s=20, alarm="clock_untrusted")
async def test_a_day_after_the_last_synchronisation_our_own_rule_holds(tmp_path: Path, outcome: Outcome) -> None:
    source = ScriptedTime(TimeEvidence(is_kept=True, synced_s=DAY_S - 600.0))
    async with staged(tmp_path, time_source=source) as stage:
        source.says = WAITING  # the age of the last one goes on in the agent
        await stage.play(20)
        rules_from = next(moment.minute for moment in stage.seen if moment.rung is Rung.RULES)
        outcome.neutral_after(60.0 * (rules_from - 10.0))
        assert "has not been synchronised for 24 h" in stage.at(20).setpoint.reason
        told = await stage.events()
        found = minutes(stage)
        assert [trusted for _, trusted in found] == [True] * 10 + [False] * (len(found) - 10)
        await stage.app.store.tidy(None)
        assert sum(row[0] for row in stage.rows("SELECT covered_s FROM rollup WHERE span = 'hour'")) > 1000
        source.says = SYNCED
        await stage.play(22)
        assert stage.at(22).rung is Rung.PLAN
    outcome.raised(next(kind for kind, _, _ in told if kind == "clock_untrusted"))


async def test_a_site_without_any_time_service_is_planned_for(tmp_path: Path) -> None:
    async with staged(tmp_path, time_source=ScriptedTime(NOTHING)) as stage:
        await stage.play(16)
        assert stage.at(16).rung is Rung.PLAN


async def test_a_leap_of_a_month_is_not_believed_and_takes_nothing_with_it(tmp_path: Path) -> None:
    async with staged(tmp_path, time_source=ScriptedTime(NOTHING)) as stage:
        await stage.play(70)
        stage.clock.step_wall(30 * DAY_S)
        await stage.play(130)
        assert {moment.rung for moment in stage.between(70, 130)} == {Rung.RULES}
        tidied_at = stage.app.upkeep.tidied_at
        assert tidied_at is not None
        assert tidied_at > MIDNIGHT + timedelta(days=30)
        assert len(minutes(stage)) >= 128, "the hourly upkeep prunes nothing by a clock that leapt"
        stage.clock.step_wall(-30 * DAY_S)
        await stage.play(135)
        assert stage.at(135).rung is Rung.PLAN
        assert never_paused(stage)
    found = minutes(stage)
    trusted = [at for at, is_trusted in found if is_trusted]
    assert trusted == sorted(set(trusted))
    assert max(at for at, _ in found) < MIDNIGHT + timedelta(minutes=136)
    assert len(found) - len(trusted) <= 1
    assert len(found) == 135


async def test_a_leap_soon_after_the_boot_is_the_time_that_was_found(tmp_path: Path) -> None:
    """The gateway began at its last shutdown, three days ago, and nothing says whether a service sets its clock."""
    async with staged(tmp_path, time_source=ScriptedTime(NOTHING)) as stage:
        await stage.play(10)
        stage.clock.step_wall(3 * DAY_S)
        await stage.play(20)
        assert stage.at(20).rung is Rung.PLAN
        stage.clock.step_wall(-3 * DAY_S)
        await stage.play(25)
        assert stage.at(25).rung is Rung.PLAN
    assert {trusted for _, trusted in minutes(stage)} == {True}, "what was never written does not come again"


ZONES = ("Europe/London", "Europe/Berlin", "Europe/Lisbon", "Europe/Dublin", "America/New_York", "Australia/Sydney")


def clock_changes(zone: ZoneInfo) -> list[datetime]:
    """The local midnights (UTC) of the days of 2026 that are not 24 h long."""
    noons = (datetime(2026, 1, 1, 12, tzinfo=zone) + timedelta(days=day) for day in range(365))
    starts = [span_start(noon.astimezone(UTC), "day", zone) for noon in noons]
    return [start for start, after in pairwise(starts) if after - start != timedelta(hours=24)]


@pytest.mark.parametrize("name", ZONES)
@fault(20, injected="both days of a clock change in six time zones", rows_lost=0)
async def test_days_of_a_clock_change_have_92_and_100_quarters(outcome: Outcome, name: str) -> None:
    zone, counted = ZoneInfo(name), []
    night = TimeOfUse(0.6, (Window(0.1, datetime.min.time(), datetime.min.time().replace(hour=6)),), name)
    for start in clock_changes(zone):
        end = span_start(start + timedelta(hours=30), "day", zone)
        clock, plans = VirtualClock(start), []

        async def plan(clock: VirtualClock = clock, plans: list[datetime] = plans) -> None:
            plans.append(clock.now())

        await run_virtual([Job("plan", 900, plan, aligned=True)], clock, end)
        assert [span_start(at, "day", zone) for at in plans] == [start] * len(plans)
        assert [later - at for at, later in pairwise(plans)] == [timedelta(minutes=15)] * (len(plans) - 1)
        cheap = [price == 0.1 for price in mean_prices(night, Horizon(start, 900, len(plans)))]
        assert cheap.count(True) == 24 + len(plans) - 96  # six hours by the clock on the wall, one less or more by ours
        assert cheap == sorted(cheap, reverse=True)
        counted.append(len(plans))
    assert sorted(counted) == [92, 100]
    outcome.lost(92 + 100 - sum(counted))
