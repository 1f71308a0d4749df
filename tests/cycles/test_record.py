"""One commit an interval: what fails is kept and tried again, and the newest picture goes with it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.cycles.alarms import Alarms
from agent.cycles.record import Record
from agent.domain.alarms import AlarmKind
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.horizon import Horizon
from agent.domain.records import Batch, Flags
from agent.domain.setpoint import Applied, Rung, Setpoint
from agent.domain.site import SiteState
from agent.domain.weather import Weather
from agent.domain.wire import from_json
from agent.ports import StoreFailure
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from tests.cycles.control_stage import plan
from tests.cycles.test_upkeep import TidyStore
from tests.shown import show

START = datetime(2026, 3, 17, tzinfo=UTC)


class FullStore(TidyStore):
    """Takes batches, or none while ``full``."""

    def __init__(self) -> None:
        super().__init__([])
        self.full = False
        self.batches: list[Batch] = []

    async def write(self, batch: Batch) -> None:
        if self.full:
            raise StoreFailure("the disk is full")
        self.batches.append(batch)


class RecordStage:
    def __init__(self, weather: Weather | None = None) -> None:
        self.store, self.pending, self.outlet = FullStore(), PendingWrites(), Outlet()
        self.clock = VirtualClock(START)
        self.record = Record(self.clock, self.store, self.pending, self.outlet, lambda now: weather, ZoneInfo("UTC"))

    def kept(self) -> dict[str, str]:
        return dict(self.store.batches[-1].kept)


@pytest.fixture
def stage() -> RecordStage:
    return RecordStage()


async def test_the_newest_picture_is_kept_and_the_plan_only_when_it_is_new(stage: RecordStage) -> None:
    show(stage.outlet, state=SiteState(START))
    show(stage.outlet, setpoint=Setpoint(START, 1500.0, 60.0, Rung.RULES, "a reason"))
    show(stage.outlet, outcome=Applied(1500.0))
    show(stage.outlet, plan=plan(0.2))
    show(stage.outlet, link_trouble="no way")
    stage.pending.keep("input/tariff", "{}")
    await stage.record.step()
    kept = stage.kept()
    assert kept.keys() == {"state", "setpoint", "plan", "link", "override", "alarms", "observing", "input/tariff"}
    assert json.loads(kept["setpoint"])["outcome"] == "applied"
    assert json.loads(kept["link"]) == {
        "connected": False, "trouble": "no way", "trouble_code": None, "trouble_values": None,
    }  # fmt: skip
    await stage.record.step()
    assert stage.kept().keys() == {"state", "setpoint", "link", "override", "alarms", "observing"}
    show(stage.outlet, plan=plan(0.3))
    await stage.record.step()
    assert "plan" in stage.kept()


async def test_what_could_not_be_written_is_written_later_in_its_order(stage: RecordStage) -> None:
    show(stage.outlet, plan=plan(0.2))
    stage.pending.keep("input/tariff", "{}")
    stage.pending.acknowledge("event", 7)
    stage.store.full = True
    for index in range(3):
        stage.pending.event(START, "note", "info", f"event {index}")
        assert not await stage.record.step()
    assert stage.store.batches == []
    assert stage.pending.alarms == ("the disk is full",)
    stage.store.full = False
    await stage.record.step()
    (batch,) = stage.store.batches
    assert [row.text for row in batch.events] == ["event 0", "the disk is full", "event 1", "event 2"]
    assert {"plan", "input/tariff"} <= dict(batch.kept).keys()
    assert batch.acknowledged == (("event", 7),)
    assert not stage.pending.alarms
    assert await stage.record.step()
    assert [row.text for row in stage.store.batches[-1].events] == ["over: the disk is full"]


async def test_the_platforms_marks_go_with_the_next_commit(stage: RecordStage) -> None:
    stage.pending.acknowledge("minute", 5)
    stage.pending.acknowledge("event", 9)
    await stage.record.step()
    assert stage.store.batches[-1].acknowledged == (("minute", 5), ("event", 9))


async def test_alarms_that_stand_are_kept_for_people(stage: RecordStage) -> None:
    Alarms(stage.clock, stage.pending).alarm(AlarmKind.NO_PLAN, "no plan: no price is known")
    await stage.record.step()
    (kept,) = json.loads(stage.kept()["alarms"])
    assert (kept["kind"], kept["text"]) == ("no_plan", "no plan: no price is known")
    assert datetime.fromisoformat(kept["since"]) == START
    assert kept["check"] == AlarmKind.NO_PLAN.check


def learnt(origins: int) -> tuple[ForecastCorrections, ...]:
    return (ForecastCorrections("load_w", START, origins, ("persistence",), ((0.1,),), ((0.25,),)),)


async def test_what_was_learnt_is_kept_at_most_about_once_an_hour() -> None:
    stage = RecordStage()
    kept = []
    for quarter in range(12):
        show(stage.outlet, plan=replace(plan(0.2), corrections=learnt(quarter // 2)))
        await stage.record.step()
        document = stage.kept().get("experience")
        kept.append(None if document is None else from_json(tuple[ForecastCorrections, ...], document)[0].origins)
        stage.clock.advance_to(stage.clock.now() + timedelta(minutes=15))
    assert kept == [0, None, None, None, 2, None, None, None, 4, None, None, None]
    assert 'corrections":[]' in stage.kept()["plan"], "it has its own place"


async def test_the_weather_of_each_hour_goes_with_the_other_rows() -> None:
    stage = RecordStage(Weather(Horizon(START, 3600, 3), temperature_c=(1.0, 2.0, 3.0)))
    written = []
    for _ in range(10):
        await stage.record.step()
        written.append([row.temperature_c for row in stage.store.batches[-1].weather])
        stage.clock.advance_to(stage.clock.now() + timedelta(minutes=20))
    assert written == [[1.0], [], [], [2.0], [], [], [3.0], [], [], []]


async def test_weather_and_flags_wait_for_a_store_that_is_full() -> None:
    stage = RecordStage(Weather(Horizon(START, 3600, 3), temperature_c=(1.0, 2.0, 3.0)))
    flags = Flags(START, ())
    stage.pending.flag(flags)
    stage.store.full = True
    for _ in range(3):
        await stage.record.step()
        stage.clock.advance_to(stage.clock.now() + timedelta(hours=1))
    stage.store.full = False
    await stage.record.step()
    (batch,) = stage.store.batches
    assert [row.temperature_c for row in batch.weather] == [1.0, 2.0, 3.0]
    assert batch.flags == flags
