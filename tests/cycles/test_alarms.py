"""An alarm is raised once, follows its reason, stands over a restart with its time, and is told as over once."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.alarms import GRACE_S, Alarms
from agent.cycles.control import OF_A_DEVICE
from agent.domain.alarms import AlarmKind, EventKind, Severity, StandingAlarm, Subject
from agent.domain.records import Redate
from agent.domain.sentences.model_faults import model_folder_also_holds
from agent.domain.wire import from_json
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from tests.cycles.hand_clock import START, HandClock
from tests.cycles.hearing import Hearing

LOST = ("device_lost/meter", "alarm", "no answer")
OVER = ("device_lost/meter", "info", "over: no answer")


class Run:
    """The agent from one start to its end, with the document that the last commit left."""

    def __init__(self, clock: HandClock, document: str | None = None) -> None:
        self.clock, self.hearing = clock, Hearing(clock)
        self.alarms.recall(document)

    @property
    def alarms(self) -> Alarms:
        return self.hearing.alarms

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return self.hearing.told

    def meter(self, text: str | None) -> None:
        self.alarms.alarm(AlarmKind.DEVICE_LOST, text, "meter")

    def steps(self, seconds: float, meter: str | None) -> None:
        for _ in range(int(seconds)):
            self.clock.seconds += 1.0
            self.meter(meter)
            self.alarms.step()

    def commit(self) -> str:
        """What is kept, with the events that wait."""
        self.alarms.keep()
        batch = self.hearing.pending.take(self.clock.now())
        return dict(batch.kept)["alarms"]

    def standing(self) -> tuple[StandingAlarm, ...]:
        return self.hearing.pending.standing.all


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def left_by_a_run(clock: HandClock) -> str:
    """The document of a run that ended while the meter was lost since START."""
    run = Run(clock)
    run.meter("no answer")
    clock.seconds += 100.0
    run.meter("still no answer")
    return run.commit()


def test_it_is_raised_once_follows_its_reason_and_is_cleared_once(clock: HandClock) -> None:
    run = Run(clock)
    run.meter("no answer")
    run.meter("still no answer")
    assert run.hearing.pending.alarms == ("still no answer",)
    assert run.told == [LOST]
    run.meter(None)
    run.meter(None)
    assert run.told == [LOST, OVER], "as it was told"
    assert run.hearing.pending.alarms == ()


def coded_cause(cause: str) -> dict[str, object]:
    return {"code": "device_lost", "values": {"device": "meter", "cause": cause}}


def test_what_is_kept_says_what_where_since_when_and_what_to_check(clock: HandClock) -> None:
    (kept,) = json.loads(left_by_a_run(clock))
    assert kept == {
        "kind": "device_lost",
        "subject": "meter",
        "since": START.isoformat(),
        "text": {**coded_cause("still no answer"), "text": "still no answer"},
        "told": {**coded_cause("no answer"), "text": "no answer"},
        "check": AlarmKind.DEVICE_LOST.check,
    }


def test_one_that_is_over_after_a_restart_is_told_as_over_once(clock: HandClock) -> None:
    run = Run(clock, left_by_a_run(clock))
    run.steps(GRACE_S - 1.0, meter=None)
    assert run.hearing.pending.alarms == ("still no answer",), "the first looks after a start prove little"
    assert run.told == []
    run.steps(GRACE_S, meter=None)
    assert run.told == [OVER]
    assert run.commit() == "[]"


def test_one_that_stands_after_a_restart_goes_on_with_its_time(clock: HandClock) -> None:
    run = Run(clock, left_by_a_run(clock))
    run.steps(3.0, meter=None)
    run.steps(2 * GRACE_S, meter="no way to it")
    assert run.told == []
    (alarm,) = run.standing()
    assert (alarm.since, alarm.text, alarm.device) == (START, "no way to it", "meter")
    run.steps(1.0, meter=None)
    assert run.told == [OVER]


def test_one_that_nobody_judges_any_more_is_over(clock: HandClock) -> None:
    """Its device has gone from the site file, or its kind from the table."""
    document = left_by_a_run(clock).replace("device_lost", "of_a_later_version")
    run = Run(clock, document)
    clock.seconds += GRACE_S
    run.alarms.step()
    assert run.told == [("of_a_later_version/meter", "info", "over: no answer")]


@pytest.mark.parametrize("seconds", [1.0, GRACE_S - 1.0, GRACE_S + 1.0])
def test_a_crash_between_start_and_judgement_tells_it_exactly_once(clock: HandClock, seconds: float) -> None:
    """What was not committed is gone, with the document that would have said so: they are of one transaction."""
    document = left_by_a_run(clock)
    committed = Run(clock, document)
    committed.steps(seconds, meter=None)
    told = list(committed.told)
    again = Run(clock, committed.commit())
    again.steps(2 * GRACE_S, meter=None)
    assert told + again.told == [OVER]
    crashed = Run(clock, document)
    crashed.steps(seconds, meter=None)
    again = Run(clock, document)
    again.steps(2 * GRACE_S, meter=None)
    assert again.told == [OVER]


def test_one_that_was_raised_before_the_store_could_be_read_is_as_old_as_what_was_kept(clock: HandClock) -> None:
    document = left_by_a_run(clock)
    run = Run(clock)
    run.meter("no answer")
    run.alarms.alarm(AlarmKind.STORE_FAILED, "not there")
    run.alarms.recall(document)
    assert [(alarm.kind, alarm.since) for alarm in run.standing()] == [
        ("device_lost", START),
        ("store_failed", clock.now()),
    ]
    run.steps(2 * GRACE_S, meter="no answer")
    assert run.hearing.pending.alarms == ("no answer", "not there")


def test_the_texts_that_earlier_versions_kept_are_read_and_left_to_be_raised_anew(clock: HandClock) -> None:
    run = Run(clock, '["no answer"]')
    run.steps(2 * GRACE_S, meter="no answer")
    assert run.told == [LOST]


@pytest.mark.parametrize("document", ["{", "[1]", '[{"kind": "no_plan"}]', "[" * 100_000])
def test_a_document_that_cannot_be_read_is_told_and_left(clock: HandClock, document: str) -> None:
    run = Run(clock, document)
    ((kind, severity, text),) = run.told
    assert (kind, severity) == ("document_refused", "warning")
    assert text.startswith("the kept alarms cannot be used: ")
    assert run.standing() == ()


def test_one_that_several_judge_stands_until_none_says_so(clock: HandClock) -> None:
    run = Run(clock)
    run.alarms.alarm(AlarmKind.STORE_FAILED, "not written", by="commit")
    run.alarms.alarm(AlarmKind.STORE_FAILED, "not read", by="sync")
    assert run.hearing.pending.alarms == ("not read",)
    run.alarms.alarm(AlarmKind.STORE_FAILED, None, by="sync")
    assert run.hearing.pending.alarms == ("not written",)
    run.alarms.alarm(AlarmKind.STORE_FAILED, None, by="upkeep")
    assert run.hearing.pending.alarms == ("not written",)
    run.alarms.alarm(AlarmKind.STORE_FAILED, None, by="commit")
    assert [told[:2] for told in run.told] == [("store_failed", "alarm"), ("store_failed", "info")]


def test_what_a_wrong_clock_raised_moves_with_the_other_rows(clock: HandClock) -> None:
    run = Run(clock)
    run.meter("no answer")
    minute = timedelta(minutes=1)
    run.hearing.pending.redate(Redate((), START - minute, START + minute, 86400.0, trusted=True))
    (alarm,) = from_json(tuple[StandingAlarm, ...], run.commit())
    assert alarm.since == datetime(2026, 6, 2, tzinfo=UTC)


def test_an_event_has_the_severity_of_its_kind_or_its_own(clock: HandClock) -> None:
    run = Run(clock)
    run.alarms.note(EventKind.COMPARISON, "begun")
    run.alarms.note(EventKind.COMPARISON, "not begun", severity=Severity.WARNING)
    run.alarms.note(EventKind.COUNTER_RESET, "it fell", "meter")
    assert run.told == [
        ("comparison", "info", "begun"),
        ("comparison", "warning", "not begun"),
        ("counter_reset/meter", "warning", "it fell"),
    ]


async def test_the_name_of_a_file_that_is_no_text_costs_no_commit(clock: HandClock, tmp_path: Path) -> None:
    run, name = Run(clock), os.fsdecode(b"model-\xff")
    run.alarms.note(EventKind.COMMAND_REFUSED, f"the request {name} cannot be used")
    run.alarms.alarm(AlarmKind.STORE_FAILED, f"{name} cannot be read")
    run.alarms.note(EventKind.MODEL_TRIAL, model_folder_also_holds(found=name))  # whose text alone can be written
    store = SqliteStore(tmp_path / "site.sqlite3", ZoneInfo("UTC"), clock.now)
    await store.open()
    await store.write(run.hearing.pending.take(clock.now()))
    told = [str(row.values[3]) for row in await store.pending("event", 0, 10)]
    await store.close()
    assert [text.encode() for text in told] == [
        b"the request model-\\udcff cannot be used",
        b"model-\\udcff cannot be read",
        b"its folder also holds 'model-\\udcff'",
    ]


def test_what_stands_is_shown_after_the_step_in_which_it_was_raised(clock: HandClock) -> None:
    pending, outlet = PendingWrites(), Outlet()
    main, other = Alarms(clock, pending, outlet), Alarms(clock, pending)
    other.alarm(AlarmKind.DEVICE_LOST, "no answer", "meter")
    main.step()
    assert [(alarm.key, alarm.text) for alarm in outlet.view.alarms] == [("device_lost/meter", "no answer")]
    version = outlet.view.version
    main.step()
    assert outlet.view.version == version, "nothing has changed"
    other.alarm(AlarmKind.DEVICE_LOST, None, "meter")
    main.step()
    assert outlet.view.alarms == ()


def test_every_alarm_of_a_device_ends_when_it_leaves_the_site_file() -> None:
    of_a_device = {kind for kind in AlarmKind if kind.subject is Subject.DEVICE}
    assert of_a_device - set(OF_A_DEVICE) == {AlarmKind.SWITCH_FAILED}, "that one its relay ends"
