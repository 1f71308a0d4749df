"""What is told over the life of a console: a real store, a real live file, a real receiver."""

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from agent.console.alerts import delivery
from agent.console.alerts.outcome import NotReached
from agent.console.alerts.settings import Target, Webhook
from agent.console.own_settings import OUTBOX, OwnSettings
from agent.console.source import Source
from agent.domain.sentences.alarms import frozen
from tests.console.alerts.receivers import Hook, hook
from tests.console.alerts.told import console, row, set_up, texts, write
from tests.console.served import Times


async def test_what_was_before_is_not_told_and_what_comes_is_told_once(
    source: Source, times: Times, receiver: Hook
) -> None:
    set_up(source, receiver)
    await write(source, row(times.now, "before"))
    async with console(source, times) as first:
        await first.look()
        await write(source, row(times.now, "one"), row(times.now, "remark", "started", "info"), row(times.now, "two"))
        await first.look()
        await first.look()
    assert texts(receiver) == ["one", "two"]
    await write(source, row(times.now, "while it was down"))
    async with console(source, times) as second:
        await second.look()
        await second.look()
    assert texts(receiver) == ["one", "two", "while it was down"]


async def test_a_receiver_that_is_away_is_tried_ever_more_seldom_over_restarts(
    source: Source, times: Times, receiver: Hook, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up(source, receiver)
    await write(source)
    receiver.answers = [503, 503, 503]
    async with console(source, times) as first:
        await first.look()
        await write(source, row(times.now, "one"), row(times.now, "two"))
        for passed_s, tries in ((0, 1), (29, 1), (1, 2), (59, 2), (1, 3)):
            times.passes(passed_s)
            await first.look()
            assert len(receiver.got) == tries
    async with console(source, times) as second:
        await second.look()
    assert texts(receiver) == ["one", "one", "one", "one", "two"]
    assert len({got.headers["Idempotency-Key"] for got in receiver.got}) == 2
    logged = capfd.readouterr().out
    assert logged.count("127.0.0.1 answered 503 Service Unavailable") == 1
    assert "secret-path" not in logged


async def test_a_german_is_told_in_german_over_a_restart_and_of_an_older_row_as_it_was(
    source: Source, times: Times, receiver: Hook
) -> None:
    set_up(source, receiver, language="de")
    await write(source)
    receiver.answers = [503]
    async with console(source, times) as first:
        await first.look()
        await write(source, row(times.now, frozen(device="meter"), "frozen/meter"), row(times.now, "of an older agent"))
        await first.look()
    async with console(source, times) as second:
        times.passes(60)
        await second.look()
    german = "meter antwortet, aber die Werte ändern sich nicht mehr"
    assert texts(receiver) == [german, german, "of an older agent"]
    assert receiver.got[0].document["check"].startswith("Das Gerät oder das Gateway davor neu starten")
    assert receiver.got[0].document["title"] == "Home 1: Alarm: Gerät zeigt stets dieselben Werte (meter)"


async def test_a_store_that_is_made_anew_is_told_from_its_beginning(
    source: Source, times: Times, receiver: Hook
) -> None:
    set_up(source, receiver)
    await write(source, *(row(times.now, f"old {i}") for i in range(3)))
    async with console(source, times) as one:
        await one.look()
        source.store.unlink()
        times.passes(60)
        await write(source, row(times.now, "new 0"), row(times.now, "new 1"))
        await one.look()
        await one.look()
    assert texts(receiver) == ["new 0", "new 1"]


@pytest.mark.parametrize("since", [1, 3])
async def test_a_store_that_is_restored_is_told_on_from_there(
    source: Source, times: Times, receiver: Hook, since: int
) -> None:
    """With fewer events than were read, and with as many others: what was told before has the same id."""
    set_up(source, receiver)
    await write(source, row(times.now, "long ago", ago_h=30))
    copy = source.store.read_bytes()
    async with console(source, times) as one:
        await one.look()
        await write(source, *(row(times.now, f"lost {i}", "link_down") for i in range(3)))
        await one.look()
        for name in ("", "-wal", "-shm"):
            source.store.with_name(source.store.name + name).unlink(missing_ok=True)
        source.store.write_bytes(copy)
        await write(source, *(row(times.now, f"new {i}") for i in range(since)))
        await one.look()
        await one.look()
    assert texts(receiver)[3:] == [f"new {i}" for i in range(since)]


async def test_an_outbox_that_is_damaged_is_begun_anew_under_the_same_ids(
    source: Source, times: Times, receiver: Hook
) -> None:
    set_up(source, receiver)
    await write(source)
    async with console(source, times) as first:
        await first.look()
        await write(source, row(times.now, "one"))
        await first.look()
    before = json.loads((source.own / OUTBOX).read_text())
    (source.own / OUTBOX).write_text('{"seq": ')
    async with console(source, times) as second:
        await second.look()
        await second.look()
    assert texts(receiver) == ["one", "one"]
    assert receiver.got[0].headers["Idempotency-Key"] == receiver.got[1].headers["Idempotency-Key"]
    assert {**json.loads((source.own / OUTBOX).read_text()), "admitted": []} == {**before, "admitted": []}


async def test_a_folder_that_cannot_be_written_keeps_no_alarm_back(
    source: Source, times: Times, receiver: Hook
) -> None:
    set_up(source, receiver)
    await write(source)
    async with console(source, times) as one:
        await one.look()
        hidden = source.own / f".{OUTBOX}.new"
        hidden.mkdir()  # a file cannot be made there, by nobody
        await write(source, row(times.now, "disk full", "disk_full"))
        await one.look()
        await one.look()
        assert texts(receiver) == ["disk full"]
        hidden.rmdir()
        await one.look()
    async with console(source, times) as second:
        await second.look()
    assert texts(receiver) == ["disk full"]


async def test_more_events_than_are_read_at_once(source: Source, times: Times, receiver: Hook) -> None:
    set_up(source, receiver, most_per_hour_of_kind=2)
    await write(source)
    async with console(source, times) as one:
        await one.look()
        await write(source, *(row(times.now, str(i)) for i in range(450)))
        for _ in range(3):
            await one.look()
        times.passes(600)
        await one.look()
    assert len(receiver.got) == 3
    assert texts(receiver)[2] == "and 448 more: no plan (448)"
    assert receiver.got[2].document["more"] == {"no_plan": 448}


async def test_what_was_kept_for_one_receiver_goes_to_no_other(source: Source, times: Times, receiver: Hook) -> None:
    settings = set_up(source, receiver)
    await write(source)
    with hook() as other:
        async with console(source, times) as one:
            await one.look()
            await write(source, *(row(times.now, str(i)) for i in range(3)))

            def replaced() -> None:
                one.delivery.changed(set_up(source, other))

            receiver.before = replaced
            await one.look()
            assert texts(receiver) == ["0"]
            await one.look()
        assert texts(other) == ["1", "2"]
    assert OwnSettings(source.own).alerts() != settings


async def test_without_a_store_nothing_fails_and_later_all_is_told(
    source: Source, times: Times, receiver: Hook
) -> None:
    set_up(source, receiver)
    async with console(source, times) as one:
        await one.look()
        await write(source, row(times.now, "first"))
        await one.look()  # it is the first look at a store
        await write(source, row(times.now, "second"))
        await one.look()
    assert texts(receiver) == ["second"]


async def test_a_target_that_is_switched_off_and_on_is_not_told_what_was_meanwhile(
    source: Source, times: Times, receiver: Hook
) -> None:
    settings = set_up(source, receiver)
    await write(source)
    own = OwnSettings(source.own)
    async with console(source, times) as one:
        await one.look()
        own.set_alerts(replace(settings, targets=(replace(settings.targets[0], enabled=False),)))
        await one.look()
        await write(source, row(times.now, "meanwhile"))
        await one.look()
        own.set_alerts(settings)
        await one.look()
        await write(source, row(times.now, "then"))
        await one.look()
    assert texts(receiver) == ["then"]


async def test_a_receiver_that_never_ends_keeps_nobody_waiting(
    source: Source, times: Times, receiver: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ABANDONED_S", 2.0)
    settings = set_up(source, receiver)
    await write(source)
    answer = threading.Event()

    def waits() -> None:
        answer.wait()

    receiver.before = waits
    with hook() as other:
        second = Target("second", webhook=Webhook(other.url))
        OwnSettings(source.own).set_alerts(replace(settings, targets=(*settings.targets, second)))
        async with console(source, times) as one:
            await one.look()
            await write(source, row(times.now, "one"))
            await one.look()
            assert texts(other) == ["one"]
            last = one.delivery.lines["hook"].last
            assert last is not None
            assert last.outcome == NotReached(delivery.ABANDONED)
            times.passes(60)
            await one.look()
            assert len(receiver.got) == 1  # the thread that was given up is still at it
            answer.set()
            while one.delivery.lines["hook"].threads:
                await asyncio.sleep(0.01)
            await one.look()
    assert texts(receiver) == ["one", "one"]
