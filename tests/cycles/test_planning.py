"""Asking for a plan: only good ones are taken, and what is wrong is one alarm until it is right again."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.timetable import run_virtual
from agent.cycles.planning import Planning
from agent.cycles.retry import PLAN_RESTS_S, Retry
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.site import Measured, SiteState
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.make_plan import make_plan
from agent.ports import Job, PlannerFailure
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from drivers.reading import Quality
from tests.planning.days import forecasts, request
from tests.shown import show

START = datetime(2026, 6, 1, tzinfo=UTC)


class ScriptedPlanner:
    """Answers with a good plan, spoilt by the next of ``spoils``; None there is a failure."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.takes_s = clock, 0.0
        self.asked: list[PlanRequest] = []
        self.spoils: list[dict[str, object] | None] = []

    async def plan(self, request: PlanRequest) -> Plan:
        self.asked.append(request)
        await self.clock.sleep(self.takes_s)
        changes = self.spoils.pop(0) if self.spoils else {}
        if changes is None:
            raise PlannerFailure("the model is ill")
        load, pv = forecasts(request)
        return replace(make_plan(request, SiteForecast(load, pv), 5.0), **changes)  # type: ignore[arg-type]


class PlanningStage:
    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.planner = ScriptedPlanner(self.clock)
        self.pending, self.outlet = PendingWrites(), Outlet()
        self.has_prices, self.is_defective = True, False
        self.retry = Retry(PLAN_RESTS_S, most_an_hour=4)
        self.planning = Planning(self.clock, self.planner, self._question, self.pending, self.outlet, self.retry)
        self.see_soc(40.0)

    async def step_after(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        await self.planning.step()

    async def play(self, hours: float) -> list[float]:
        """The interval's steps and those between, as the timetable has them; when the planner was started, s."""
        began = self.clock.monotonic()
        times: list[float] = []

        async def counted(step: Callable[[], Awaitable[None]]) -> None:
            before = len(self.planner.asked)
            await step()
            times.extend([self.clock.monotonic() - began] * (len(self.planner.asked) - before))

        jobs = [
            Job("planning", 900, lambda: counted(self.planning.step), aligned=True),
            Job("plan again", 10, lambda: counted(self.planning.again), first_s=10),
        ]
        await run_virtual(jobs, self.clock, self.clock.now() + timedelta(hours=hours))
        return times

    def see_soc(self, soc_pct: float, quality: Quality = Quality.GOOD) -> None:
        show(self.outlet, state=SiteState(self.clock.now(), soc_pct=Measured(soc_pct, quality)))

    def _question(self, now: datetime, soc_pct: float) -> PlanRequest | None:
        if self.is_defective:
            raise TypeError("a set is no JSON")
        asked = request(steps=8)
        return replace(asked, now=asked.horizon.start, soc_pct=soc_pct) if self.has_prices else None


async def test_a_good_plan_is_published() -> None:
    stage = PlanningStage()
    await stage.planning.step()
    assert stage.outlet.view.plan is not None
    assert stage.planner.asked[0].soc_pct == 40.0
    assert (stage.planning.made, stage.planning.failed, stage.outlet.view.plan_failure) == (1, 0, None)
    assert not stage.pending.alarms


async def test_a_defect_where_a_plan_is_asked_for_is_an_alarm_as_any_failure_is() -> None:
    stage = PlanningStage()
    stage.is_defective = True
    await stage.play(2.0)
    assert stage.outlet.view.plan_failure == "no plan: a defect: TypeError: a set is no JSON"
    assert stage.pending.alarms == (stage.outlet.view.plan_failure,)
    assert stage.planning.failed <= 9, "it is left alone for a while each time"
    stage.is_defective = False
    await stage.play(1.0)
    assert stage.outlet.view.plan is not None
    assert not stage.pending.alarms


async def test_a_bad_plan_leaves_the_last_one_in_force() -> None:
    stage = PlanningStage()
    await stage.planning.step()
    first = stage.outlet.view.plan
    spoils: list[dict[str, object] | None] = [
        None,
        {"cost": math.nan},
        {"steps": ()},
        {"issued_at": START - timedelta(days=1)},
    ]
    stage.planner.spoils = spoils
    sentences = []
    for _ in range(4):
        await stage.step_after(900.0)
        sentences.append(stage.outlet.view.plan_failure)
        assert stage.outlet.view.plan is first
    assert sentences[:3] == [
        "no plan: the model is ill",
        "the plan was refused: the cost or the solving time of the plan is not a number",
        "the plan was refused: the plan has 0 steps, the horizon 8",
    ]
    assert str(sentences[3]).startswith("the plan was refused: the plan was issued at ")
    assert stage.planning.failed == 4
    assert stage.pending.alarms == (sentences[3],), "one alarm, with the newest reason"
    await stage.step_after(900.0)
    assert stage.outlet.view.plan is not first
    assert not stage.pending.alarms
    events = stage.pending.take(START).events
    assert [(row.kind, row.severity, row.text) for row in events] == [
        ("no_plan", "alarm", "no plan: the model is ill"),
        ("no_plan", "info", "over: no plan: the model is ill"),
    ]


async def test_a_planner_that_fails_is_started_ever_more_seldom_and_no_oftener_than_one_that_works() -> None:
    works, fails = PlanningStage(), PlanningStage()
    fails.planner.spoils = [None] * 1000
    worked, failed = await works.play(6.0), await fails.play(6.0)
    assert worked == [900.0 * i for i in range(24)]
    assert failed[:7] == [0, 30, 90, 210, 3600, 4500, 5400]
    assert fails.planning.failed == len(failed) == len(worked)
    for start in (*worked, *failed):
        assert sum(start <= at < start + 3600 for at in failed) <= 4, "as many as work"
    assert [row.severity for row in fails.pending.take(START).events] == ["alarm"], "told once"


async def test_after_a_success_all_rests_begin_anew() -> None:
    stage = PlanningStage()
    stage.planner.spoils = [None, None, {}, None, None, None]
    assert await stage.play(1.0) == [0, 30, 90, 900, 930, 990, 1110, 1800, 2700]


async def test_a_rest_is_counted_from_the_end_of_the_failed_try() -> None:
    stage = PlanningStage()
    stage.planner.spoils, stage.planner.takes_s = [None] * 4, 20.0
    assert await stage.play(0.1) == [20, 70, 150, 290]


async def test_while_one_plan_is_asked_for_there_is_no_second() -> None:
    stage = PlanningStage()
    stage.planner.spoils = [None]
    await asyncio.gather(stage.planning.step(), stage.planning.step(), stage.planning.again())
    assert len(stage.planner.asked) == 1


async def test_without_a_state_of_charge_nobody_is_asked() -> None:
    stage = PlanningStage()
    show(stage.outlet, state=None)
    await stage.planning.step()
    stage.see_soc(40.0, Quality.STALE)
    await stage.planning.step()
    assert stage.planner.asked == []
    assert stage.outlet.view.plan_failure == "no plan: the state of charge is not known"


async def test_without_a_price_nobody_is_asked() -> None:
    stage = PlanningStage()
    stage.has_prices = False
    await stage.planning.step()
    assert stage.planner.asked == []
    assert stage.outlet.view.plan_failure == "no plan: no price is known"


async def test_doubted_measurements_are_told_once_and_flagged_when_they_change() -> None:
    stage = PlanningStage()
    since = START - timedelta(days=50)
    asked = request(steps=8).now
    dead = Suspect("load_w", asked - timedelta(hours=3), asked - timedelta(hours=1), DATA_FAULT, "the meter is dead")
    longer = replace(dead, end=asked)
    suspects = [(), (dead,), (dead,), (longer,)]
    stage.planner.spoils = [{"suspects": found, "examined_from": since} for found in suspects]
    flagged = []
    for _ in suspects:
        await stage.planning.step()
        flags = stage.pending.take(START).flags
        flagged.append(None if flags is None else flags.suspects)
    assert flagged == [(), (dead,), None, (longer,)]


async def test_the_events_of_doubted_measurements() -> None:
    stage = PlanningStage()
    asked = request(steps=8).now
    dead = Suspect("load_w", asked - timedelta(hours=3), asked - timedelta(hours=1), DATA_FAULT, "the meter is dead")
    stage.planner.spoils = [{"suspects": (dead,), "examined_from": asked - timedelta(days=50)}] * 3
    for _ in range(3):
        await stage.planning.step()
    (event,) = stage.pending.take(START).events
    assert (event.kind, event.severity) == ("data_fault", "warning")
    assert event.text.endswith(" UTC: the meter is dead")


async def test_a_suspect_without_a_time_zone_is_refused_with_its_plan() -> None:
    stage = PlanningStage()
    naive = Suspect("load_w", datetime(2026, 1, 1), datetime(2026, 1, 2), DATA_FAULT, "naive")
    stage.planner.spoils = [{"suspects": (naive,)}]
    await stage.planning.step()
    assert stage.outlet.view.plan_failure == "the plan was refused: a stretch of doubted measurements has no time zone"


async def test_a_plan_that_was_being_made_when_the_clock_was_set_is_made_again() -> None:
    stage = PlanningStage()
    await stage.planning.step()
    plan_at_once = stage.planner.plan

    async def set_meanwhile(request: PlanRequest) -> Plan:
        plan = await plan_at_once(request)
        if len(stage.planner.asked) == 2:
            stage.planning.discard()
            assert stage.outlet.view.plan is None
        return plan

    stage.planner.plan = set_meanwhile  # type: ignore[method-assign]
    await stage.planning.step()
    assert len(stage.planner.asked) == 3
    assert stage.outlet.view.plan is not None
    assert (stage.planning.made, stage.planning.failed) == (2, 0)
