"""What is told, how often, when, and what becomes of the rest."""

from datetime import time, timedelta

import pytest

from agent.console.alerts.alert import MORE, Event
from agent.console.alerts.choose import wants_event, wants_threshold
from agent.console.alerts.intake import with_events
from agent.console.alerts.outbox import MOST_WAITING, Outbox, added, refused, rest_s, without
from agent.console.alerts.settings import AlertSettings, Quiet, Target, Webhook
from agent.console.alerts.throttle import due, ready
from agent.domain.alarms import Severity
from agent.domain.wire import from_json, to_json
from tests.console.alerts.boxes import BERLIN, HOOK, NOON, after, alert, box_of, event, settings

INFO, WARNING, ALARM = Severity
NOTIFY = ("alarm", "advisory")


def waiting(box: Outbox, word: str | None = None) -> list[str]:
    return [one.alert.text for one in box.waiting if one.admitted and word in (None, one.alert.word)]


@pytest.mark.parametrize(
    ("kinds", "least", "kind", "severity", "is_told"),
    [
        ((), INFO, "no_plan", ALARM, True),
        ((), INFO, "device_lost/meter", ALARM, True),
        ((), ALARM, "device_lost/meter", INFO, True),  # its end
        ((), INFO, "rows_lost", ALARM, True),
        ((), INFO, "advice", INFO, True),
        ((), WARNING, "advice", INFO, False),
        ((), INFO, "advice_outcome", INFO, True),
        ((), INFO, "advice_answered", INFO, False),
        ((), INFO, "started", INFO, False),
        (("started",), INFO, "started", INFO, True),
        (("started",), INFO, "no_plan", ALARM, False),
        (("device_lost",), INFO, "device_lost/meter", ALARM, True),
        (("device_lost/meter",), INFO, "device_lost/meter", ALARM, True),
        (("device_lost/meter",), INFO, "device_lost/inverter", ALARM, False),
        (("alarm",), INFO, "unknown_word", WARNING, False),
    ],
)
def test_who_is_told_of_an_event(
    kinds: tuple[str, ...], least: Severity, kind: str, severity: Severity, is_told: bool
) -> None:
    target = Target("a", webhook=Webhook("https://x.org/"), severity=least, kinds=kinds)
    assert wants_event(target, event(kind, severity), NOTIFY) is is_told


@pytest.mark.parametrize(
    ("kinds", "least", "is_told"),
    [
        ((), INFO, True),
        ((), ALARM, False),
        (("threshold",), INFO, True),
        (("soc_below",), INFO, True),
        (("alarm",), INFO, False),
    ],
)
def test_who_is_told_of_a_threshold(kinds: tuple[str, ...], least: Severity, is_told: bool) -> None:
    target = Target("a", webhook=Webhook("https://x.org/"), severity=least, kinds=kinds)
    assert wants_threshold(target, "soc_below", WARNING) is is_told


def test_events_wait_and_are_read_once() -> None:
    events = [event(seq=7), event("started", INFO, seq=9)]
    box = with_events(Outbox(seq=5), "site", events, settings(), NOTIFY, NOON)
    assert (box.seq, len(box.waiting)) == (9, 1)
    again = with_events(Outbox(seq=5, waiting=box.waiting), "site", events, settings(), NOTIFY, NOON)
    assert again == box  # it has the same id
    other = with_events(Outbox(seq=5), "site-2", events, settings(), NOTIFY, NOON)
    assert other.waiting[0].alert.id != box.waiting[0].alert.id


def test_an_event_of_the_day_before_is_only_counted() -> None:
    old = Event(2, NOON - timedelta(hours=25), "no_plan", ALARM, "long ago")
    box = with_events(Outbox(seq=1), "site", [old], settings(), NOTIFY, NOON)
    assert not box.waiting
    assert [(one.word, one.count) for one in box.more] == [("no_plan", 1)]


def test_so_many_of_a_kind_in_an_hour_and_the_rest_as_a_number() -> None:
    few = settings(of_kind=2)
    box = ready(box_of(*(alert("no_plan", text=str(i)) for i in range(5)), alert("link_down")), few, NOON, BERLIN)
    assert waiting(box) == ["0", "1", "it is so"]
    assert [(one.word, one.count) for one in box.more] == [("no_plan", 3)]
    assert not waiting(ready(box, few, after(9), BERLIN), MORE)
    later = ready(box, few, after(10), BERLIN)
    assert [one.alert.more[0].count for one in later.waiting if one.alert.word == MORE] == [3]
    assert not later.more
    full = ready(added(later, ["hook"], alert("no_plan", text="soon"), after(30)), few, after(30), BERLIN)
    assert "soon" not in waiting(full)
    free = ready(added(later, ["hook"], alert("no_plan", text="late"), after(61)), few, after(61), BERLIN)
    assert "late" in waiting(free)


def test_sums_come_once_an_hour_and_never_two_wait() -> None:
    few = settings(of_kind=1)
    box = ready(box_of(*(alert(text=str(i)) for i in range(2))), few, NOON, BERLIN)
    box = ready(box, few, after(10), BERLIN)
    assert len(waiting(box, MORE)) == 1
    box = ready(added(box, ["hook"], alert(text="x"), after(11)), few, after(80), BERLIN)
    box = ready(added(box, ["hook"], alert(text="y"), after(81)), few, after(81), BERLIN)
    box = ready(box, few, after(95), BERLIN)
    assert len(waiting(box, MORE)) == 1  # the first has not been sent
    sent = without(box, next(one for one in box.waiting if one.alert.word == MORE))
    assert len(waiting(ready(sent, few, after(95), BERLIN), MORE)) == 1


def test_a_flood_of_remarks_silences_no_alarm() -> None:
    flood = [alert(f"remark_{i}", INFO, str(i)) for i in range(50)]
    box = ready(box_of(*flood), settings(in_all=5), NOON, BERLIN)
    assert len(waiting(box)) == 5
    box = ready(added(box, ["hook"], alert(text="fire"), NOON), settings(in_all=5), NOON, BERLIN)
    assert "fire" in waiting(box)


def test_each_target_has_its_own_hour() -> None:
    two = settings(HOOK, Target("other", webhook=Webhook("https://x.org/")), of_kind=1)
    box = ready(box_of(alert(), targets=("hook", "other")), two, NOON, BERLIN)
    assert len(waiting(box)) == 2


@pytest.mark.parametrize(
    ("severity", "alarms_pass", "local_hour", "is_sent"),
    [
        (WARNING, True, 23, False),
        (WARNING, True, 21, True),
        (ALARM, True, 23, True),
        (ALARM, False, 23, False),
    ],
)
def test_quiet_hours_are_those_of_the_site(
    severity: Severity, alarms_pass: bool, local_hour: int, is_sent: bool
) -> None:
    quiet = settings(quiet=Quiet(time(22), time(6), alarms_pass))
    now = NOON.replace(hour=local_hour - 2)
    box = ready(box_of(alert(severity=severity), now=now), quiet, now, BERLIN)
    assert (due(box, "hook", quiet, now, BERLIN) is not None) is is_sent


def test_after_quiet_hours_the_hour_holds() -> None:
    quiet = settings(of_kind=2, quiet=Quiet(time(22), time(6)))
    night = NOON.replace(hour=22)
    box = ready(box_of(*(alert("advice", INFO, str(i)) for i in range(6)), now=night), quiet, night, BERLIN)
    assert not waiting(box)
    morning = ready(box, quiet, night + timedelta(hours=7), BERLIN)
    assert waiting(morning) == ["0", "1"]
    assert morning.more[0].count == 4


def test_what_waited_a_day_is_only_counted() -> None:
    box = ready(box_of(alert()), settings(), NOON, BERLIN)
    assert ready(box, settings(), after(24 * 60 - 1), BERLIN).waiting
    over = ready(box, settings(), after(24 * 60), BERLIN)
    assert [one.alert.word for one in ready(over, settings(), after(24 * 60 + 10), BERLIN).waiting] == [MORE]


def test_a_full_outbox_counts_the_oldest_of_the_least_severity() -> None:
    box = box_of(alert("advice", INFO, "remark"), *(alert(text=str(i)) for i in range(MOST_WAITING)))
    assert len(box.waiting) == MOST_WAITING
    assert [(one.word, one.count) for one in box.more] == [("advice", 1)]
    assert box_of(*(alert(text=str(i)) for i in range(MOST_WAITING + 1))).waiting[0].alert.text == "1"


def test_a_full_outbox_can_be_read_again() -> None:
    box = box_of(*(alert(text="ä" * 500 + str(i)) for i in range(2 * MOST_WAITING)))
    box = ready(box, settings(), NOON, BERLIN)
    text = to_json(box)
    assert len(text.encode()) < 200_000 - 50_000
    assert from_json(Outbox, text) == box


def test_what_is_refused_lets_others_go_first_and_comes_ever_more_seldom() -> None:
    box = ready(box_of(alert(text="bad"), alert(text="good")), settings(), NOON, BERLIN)
    first = due(box, "hook", settings(), NOON, BERLIN)
    assert first is not None
    assert first.alert.text == "bad"
    box = refused(box, first, NOON)
    second = due(box, "hook", settings(), NOON, BERLIN)
    assert second is not None
    assert second.alert.text == "good"
    box = without(box, second)
    assert due(box, "hook", settings(), after(0.4), BERLIN) is None
    assert due(box, "hook", settings(), after(0.5), BERLIN) is not None
    assert [rest_s(tries) for tries in range(1, 9)] == [30, 60, 120, 300, 900, 3600, 3600, 3600]


def test_nothing_waits_for_a_target_that_is_no_more() -> None:
    other = Target("other", webhook=Webhook("https://x.org/"))
    box = ready(box_of(alert()), settings(), NOON, BERLIN)
    assert ready(box, settings(other), NOON, BERLIN) == Outbox(seq=1)
    off = AlertSettings((Target("hook", webhook=Webhook("https://x.org/"), enabled=False),))
    assert not ready(box, off, NOON, BERLIN).waiting


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    few = settings(of_kind=1)
    box = ready(box_of(alert(text="1")), few, NOON, BERLIN)
    before = NOON - timedelta(days=3)
    box = ready(added(box, ["hook"], alert(text="2"), before), few, before, BERLIN)
    assert waiting(box) == ["1", "2"]
