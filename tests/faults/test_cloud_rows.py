"""Rows on their way to the platform: none is lost and none comes twice, whatever the broker does with them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.timetable import run_virtual
from agent.cycles.alarms import Alarms
from agent.cycles.link_watch import LinkWatch
from agent.cycles.record import Record
from agent.cycles.stream_marks import REFUSALS_BEFORE_PARKING
from agent.cycles.sync_rules import SyncRules
from agent.cycles.upkeep import Upkeep
from agent.domain.records import Batch, EventRow
from agent.domain.site import SiteState
from agent.ports import Job
from agent.recording.pending_writes import PendingWrites
from simulator.broker import Broker, find_mosquitto, start_broker
from simulator.platform import Platform
from tests.adapters.store.store_rows import NAMES, START, decision, event, minute
from tests.cycles.hearing import Hearing
from tests.faults.catalogue import Outcome, fault
from tests.faults.cloud import SITE, STREAMS, Uplink, kinds, platform_at
from tests.faults.picky_broker import PickyBroker
from tests.shown import show

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
WEEK_MINUTES = 7 * 24 * 60
DECISIONS_A_MINUTE = 5  # with the minute itself a row in ten seconds: 60,480 in the week


async def _last(site: Uplink) -> dict[str, int]:
    return {name: last for name, (_, last) in (await site.store.backlog()).items()}


async def _event_while_draining(site: Uplink, platform: Platform) -> int:
    """Write an event while the minutes of the week come in. Returns how many had come when it was there."""
    minutes = platform.stream(SITE, "minute")
    while len(minutes.rows) < 200:
        await asyncio.sleep(0.002)
    await site.store.write(Batch(events=(EventRow(START, "alarm_now", "alarm", "what counts now"),)))
    newest = (await _last(site))["event"]
    while newest not in platform.stream(SITE, "event").rows:
        await asyncio.sleep(0.002)
    return len(minutes.rows)


async def no_certificates() -> dict[str, datetime | str]:
    return {}


@fault(45, injected="a real broker away for 7 days of the virtual clock, 60,480 rows", rows_lost=0, alarm="link_down")
async def test_seven_days_without_a_broker(tmp_path: Path, broker: Broker, outcome: Outcome) -> None:
    clock, pending = VirtualClock(START), PendingWrites()
    rules = SyncRules(drain_s=0.0)  # an event waits for one turn of one batch; packed, a longer one takes all minutes
    async with Uplink(tmp_path / "site.db", broker.port, clock, rules) as site, platform_at(broker.port) as platform:
        await site.store.write(Batch(minutes=(minute(-1, 50),), events=(event(-1),), catalogue=NAMES))
        first = await _last(site)
        await site.until(lambda: site.acknowledged == first)
        broker.stop()
        await site.store.write(Batch(acknowledged=tuple(site.acknowledged.items())))
        record = Record(clock, site.store, pending, site.outlet, lambda now: None, ZoneInfo("UTC"))
        upkeep = Upkeep(site.store, clock, Alarms(clock, pending))
        watch = LinkWatch(clock, site.outlet, Alarms(clock, pending), lambda: site.link.rival, no_certificates)

        async def live() -> None:
            at = round((clock.now() - START) / timedelta(minutes=1))
            pending.catalogue(NAMES)
            pending.minute(minute(at, 50))
            for turn in range(DECISIONS_A_MINUTE):
                pending.decision(decision(60 * at + 10 * turn))
            await site.sync.step()
            await watch.step()

        jobs = [Job("live", 60.0, live), Job("record", 3600.0, record.step, 3599.0), Job("upkeep", 60.0, upkeep.step)]
        await run_virtual(jobs, clock, START + timedelta(days=7))
        await record.step()
        told = [row.named() for row in await site.store.pending("event", 0, 100)]
        alarms = [row["kind"] for row in told if row["severity"] == "alarm"]
        assert len(alarms) == 1
        outcome.raised(alarms[0])
        backlog = await site.store.backlog()
        assert backlog["minute"][1] - backlog["minute"][0] >= WEEK_MINUTES
        assert sum(last - acked for acked, last in backlog.values()) >= (1 + DECISIONS_A_MINUTE) * WEEK_MINUTES
        assert sum(file.stat().st_size for file in tmp_path.glob("site.db*")) <= 200_000_000

        show(site.outlet, state=SiteState(clock.now()))
        broker.restart()
        early = asyncio.create_task(_event_while_draining(site, platform))
        await site.until(early.done, step_s=2.0)
        assert early.result() < WEEK_MINUTES, "an event does not wait for the end of the backlog"
        assert platform.document(SITE, "live") is not None
        last = await _last(site)
        await site.until(lambda: site.acknowledged == last, 2.0, timeout_s=120.0)
        outcome.lost(sum([await site.missing(platform, name) for name in STREAMS]))
        assert sum(platform.stream(SITE, name).declared_lost for name in STREAMS) == 0
        assert sum(platform.stream(SITE, name).duplicates for name in STREAMS) == 0


@fault(46, injected="mosquitto with room for 5 messages and a platform that is away", rows_lost=0)
async def test_what_the_broker_acknowledges_and_drops_is_sent_again(tmp_path: Path, outcome: Outcome) -> None:
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker", more=("max_queued_messages 5", "max_inflight_messages 1"))
    clock = VirtualClock(START)
    try:
        async with Uplink(tmp_path / "site.db", broker.port, clock) as site:
            async with platform_at(broker.port) as before:
                await site.store.write(Batch(events=(event(0),)))
                acked = (await site.store.backlog())["event"][1]
                await site.until(lambda: site.acknowledged.get("event") == acked)
            for index in range(1, 61):
                await site.store.write(Batch(events=(event(index),)))
                await site.sync.step()
            last = (await site.store.backlog())["event"][1]
            await site.until(lambda: site.sync.counters.sent >= 61)
            assert site.acknowledged["event"] == acked  # the broker's word is none
            async with platform_at(broker.port, before) as platform:
                await site.store.write(Batch(events=(event(61),)))
                await site.until(lambda: platform.stream(SITE, "event").contiguous == last + 1, step_s=31.0)
                assert before.stream(SITE, "event").gaps > 0
                outcome.lost(await site.missing(platform, "event"))
    finally:
        broker.stop()


@fault(46, injected="nobody acknowledges for 31 days of the virtual clock", alarm="records_lost")
async def test_what_the_ring_lets_go_of_is_told_as_a_gap(tmp_path: Path, broker: Broker, outcome: Outcome) -> None:
    clock = VirtualClock(START)
    hearing = Hearing(clock)
    async with Uplink(tmp_path / "site.db", broker.port, clock) as site:
        await site.store.write(Batch(minutes=tuple(minute(index) for index in range(30))))
        await site.until(lambda: site.sync.counters.sent >= 30)
        await clock.sleep(31 * 86400.0)
        await site.store.write(Batch(minutes=(minute(31 * 1440),)))
        await Upkeep(site.store, VirtualClock(clock.now()), hearing.alarms).step()
        upkeep = Upkeep(site.store, clock, hearing.alarms)
        await clock.sleep(120.0)
        await upkeep.step()
        told = hearing.told
        assert [(kind, text.split(" of the stream")[0]) for kind, _, text in told] == [
            ("records_lost", "30 unacknowledged rows")
        ]
        outcome.raised(told[0][0])
        async with platform_at(broker.port) as platform:
            minutes = platform.stream(SITE, "minute")
            await site.until(lambda: minutes.rows, step_s=2000.0)
            assert (len(minutes.rows), minutes.gaps) == (1, 0)


@fault(47, injected="an ACL of mosquitto that forbids the minutes (0x87)", rows_lost=0, alarm="upload_refused")
async def test_rows_that_may_not_be_written_wait_and_the_others_flow(tmp_path: Path, outcome: Outcome) -> None:
    (tmp_path / "broker").mkdir()
    acl = tmp_path / "acl"
    few = [f"topic write ee/1/{SITE}/up/{kind}" for kind in ("status", "info", "event")]
    acl.write_text("\n".join([*few, f"topic read ee/1/{SITE}/down/#"]) + "\n")
    broker = start_broker(tmp_path / "broker", more=(f"acl_file {acl}",))
    clock = VirtualClock(START)
    try:
        async with Uplink(tmp_path / "site.db", broker.port, clock) as site:
            await site.store.write(Batch(minutes=tuple(minute(index) for index in range(20))))
            await site.until(lambda: site.sync.counters.refused)
            assert kinds(site.told) == ["upload_refused/up/data/minute"]
            outcome.raised(kinds(site.told)[0])
            for _ in range(24 * 60):
                await clock.sleep(60.0)
                await site.sync.step()
            assert site.sync.counters.refused <= 40  # of 1,440 steps in a day: ever more seldom
            assert site.sync.counters.skipped == 0
            await site.store.write(Batch(events=(event(0),)))
            sent = site.sync.counters.sent
            await site.until(lambda: site.sync.counters.sent > sent)
            acl.write_text("topic readwrite #\n")
            broker.stop()
            broker.restart()
            async with platform_at(broker.port) as platform:
                await site.until(lambda: len(platform.stream(SITE, "minute").rows) == 20, step_s=60.0)
                outcome.lost(await site.missing(platform, "minute"))
            assert site.told[-1] == ("upload_refused/up/data/minute", None)
    finally:
        broker.stop()


@fault(47, injected="a row larger than mosquitto takes (0x95)", rows_lost=0, alarm="row_skipped")
@pytest.mark.parametrize("limit", ["max_packet_size 4000", "message_size_limit 4000"])
async def test_a_row_that_no_broker_takes_is_parked_and_kept(tmp_path: Path, outcome: Outcome, limit: str) -> None:
    """A PUBACK of mosquitto 2.0 with 0x95 is no valid MQTT, and paho ends the connection."""
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker", more=(limit,))
    clock = VirtualClock(START)
    try:
        async with Uplink(tmp_path / "site.db", broker.port, clock) as site, platform_at(broker.port) as platform:
            poison = EventRow(START, "long", "info", "x" * 6000)
            await site.store.write(Batch(events=(event(0), event(1), poison, event(2), event(3))))
            first, last = await _bounds(site)
            events = platform.stream(SITE, "event")
            await site.until(lambda: events.contiguous == last, step_s=31.0)
            assert set(events.rows) == set(range(first, last + 1)) - {first + 2}
            assert site.sync.counters.skipped == 1
            tries = site.sync.counters.refused if "packet" in limit else site.link.connections - 1
            assert REFUSALS_BEFORE_PARKING <= tries <= REFUSALS_BEFORE_PARKING + 3
            assert site.link.rival is None
            outcome.raised(kinds(site.told)[0])
            parked = json.loads(site.hearing.documents["parked"])
            assert [(row["stream"], row["seq"]) for row in parked] == [("event", first + 2)]
            assert json.loads(parked[0]["row"])["text"] == poison.text
            outcome.lost(len(set(range(first, last + 1)) - set(events.rows) - {row["seq"] for row in parked}))
            await site.store.write(Batch(kept=(("parked", json.dumps(parked)),)))
        async with Uplink(tmp_path / "site.db", broker.port, clock) as again:
            await again.until(lambda: again.link.connected)
            await again.sync.step()
            assert len(again.sync._parked) == 1
    finally:
        broker.stop()


async def _bounds(site: Uplink) -> tuple[int, int]:
    """(first, last) seq of the events."""
    acked, last = (await site.store.backlog())["event"]
    return acked + 1, last


@fault(47, injected="a broker that cuts the connection at one row", rows_lost=0, alarm="row_skipped")
async def test_a_row_that_ends_every_connection_is_parked(tmp_path: Path, outcome: Outcome) -> None:
    """Some brokers answer what they do not take by ending the connection (MQTT 5.0, 4.13; 3.1.1 has no other way)."""
    clock = VirtualClock(datetime(2026, 6, 1, tzinfo=UTC))
    async with PickyBroker(b"poison") as broker, Uplink(tmp_path / "site.db", broker.port, clock) as site:
        poison = EventRow(START, "long", "info", "poison")
        await site.store.write(Batch(events=(event(0), event(1), poison, event(2), event(3))))
        first, last = await _bounds(site)
        await site.until(lambda: broker.seen(last), timeout_s=60.0, step_s=1.0)
        assert broker.cut >= REFUSALS_BEFORE_PARKING
        outcome.raised(kinds(site.told)[0])
        parked = json.loads(site.hearing.documents["parked"])
        missing = set(range(first, last + 1)) - broker.rows - {row["seq"] for row in parked}
        outcome.lost(len(missing))
