"""Models are tried once a night, and what was decided is told."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.cycles.model_trials import NightlyTrials
from agent.domain.request import PlanRequest
from agent.domain.site import Measured, SiteState
from agent.ports import TrialFailure
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from tests.planning.days import request
from tests.security.items import security
from tests.shown import show

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)


class ScriptedTrials:
    def __init__(self) -> None:
        self.held: list[PlanRequest] = []
        self.answer: tuple[str, ...] | TrialFailure = ()

    async def hold(self, request: PlanRequest) -> tuple[str, ...]:
        self.held.append(request)
        if isinstance(self.answer, TrialFailure):
            raise self.answer
        return self.answer


class TrialStage:
    def __init__(self) -> None:
        self.clock, self.pending, self.outlet = VirtualClock(NOON), PendingWrites(), Outlet()
        self.scripted, self.has_prices = ScriptedTrials(), True
        zone = ZoneInfo("Australia/Brisbane")  # ten hours ahead: its night is our afternoon
        self.trials = NightlyTrials(self.clock, self.scripted, self._question, self.pending, self.outlet, zone)
        self.times: list[datetime] = []

    async def pass_hours(self, hours: float) -> None:
        end = self.clock.now() + timedelta(hours=hours)
        while self.clock.now() < end:
            before = len(self.scripted.held)
            await self.trials.step()
            if len(self.scripted.held) > before:
                self.times.append(self.clock.now())
            self.clock.advance_to(self.clock.now() + STEP)

    def events(self) -> list[tuple[str, str, str]]:
        return [(row.kind, row.severity, row.text) for row in self.pending.take(self.clock.now()).events]

    def _question(self, now: datetime, soc_pct: float) -> PlanRequest | None:
        return request(steps=8, soc_pct=soc_pct) if self.has_prices else None


async def test_once_a_night_of_the_site() -> None:
    stage = TrialStage()
    await stage.pass_hours(80)
    local = [at.astimezone(ZoneInfo("Australia/Brisbane")) for at in stage.times]
    assert [(at.hour, at.minute) for at in local] == [(2, 0)] * 3
    assert len({at.date() for at in local}) == 3


async def test_a_restart_in_the_night_does_not_try_again_and_a_missed_night_is_made_up_for() -> None:
    stage = TrialStage()
    stage.clock.advance_to(NOON + timedelta(hours=5))
    last = stage.clock.now() - timedelta(hours=1)
    stage.trials.recall(json.dumps({"at": last.isoformat()}))
    await stage.pass_hours(3)
    assert stage.times == []
    stage.clock.advance_to(last + timedelta(hours=37))
    await stage.pass_hours(1)
    assert len(stage.times) == 1
    assert json.loads(dict(stage.pending.take(NOON).kept)["trial"]) == {"at": stage.times[0].isoformat()}


@pytest.mark.parametrize(
    "document",
    [
        None,
        "",
        "{}",
        "[]",
        '{"at": "2026-06-01T00:00:00"}',
        '{"at": 7}',
        '{"at": "soon"}',
        '{"at": "2999-01-01T00:00:00Z"}',
    ],
)
async def test_a_kept_time_that_is_of_no_use_counts_as_none(document: str | None) -> None:
    stage = TrialStage()
    stage.trials.recall(document)
    await stage.pass_hours(40)
    assert stage.times == [NOON + timedelta(hours=28)], "the first night is too soon: nothing was measured yet"


@security(15, shows="what was decided about models is an event each, a failure a warning")
async def test_what_was_decided_is_an_event_each_and_a_failure_one_warning() -> None:
    stage = TrialStage()
    stage.scripted.answer = ("model a is on trial", "model b is refused")
    await stage.pass_hours(30)
    assert stage.events() == [
        ("model_trial", "info", "model a is on trial"),
        ("model_trial", "info", "model b is refused"),
    ]
    stage.scripted.answer = TrialFailure("the trial ended with code 3")
    await stage.pass_hours(24)
    assert stage.events() == [("trial_failed", "warning", "no trial of models: the trial ended with code 3")]
    assert len(stage.times) == 2


async def test_it_waits_for_prices_and_asks_with_the_battery_as_it_is() -> None:
    stage = TrialStage()
    stage.has_prices = False
    await stage.pass_hours(17)
    assert stage.times == []
    stage.has_prices = True
    show(stage.outlet, state=SiteState(NOON, soc_pct=Measured(30.0)))
    await stage.pass_hours(20)
    assert [asked.soc_pct for asked in stage.scripted.held] == [30.0]
