"""The connection to the broker: a dead thread, a frozen broker, a thousand sites that return, a second client."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event

import pytest

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_thread import RIVAL_AFTER
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.adapters.mqtt.reconnect_delay import Ending, ReconnectDelay
from agent.cycles.alarms import Alarms
from agent.cycles.link_watch import LinkWatch
from agent.domain.envelope import Envelope
from agent.domain.setpoint import Rung
from agent.ports import LinkFailure
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from simulator.broker import Broker, find_mosquitto
from simulator.platform import Platform
from tests import site_files
from tests.cycles.hand_clock import HandClock
from tests.faults.catalogue import Outcome, fault
from tests.faults.cloud import SITE, Proxy, everything_arrives, linked, new_link, play_on
from tests.scenarios.stage import staged
from tests.shown import show
from tests.waiting import until

needs_broker = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
pytestmark = needs_broker
NOTE = Envelope("up/info", b"{}")


def _raises(*_: object) -> None:
    raise ValueError("a callback that raises")


def _dies(*_: object) -> None:
    raise SystemExit


def _hangs(*_: object) -> None:
    Event().wait()


@fault(3, injected="a callback of paho raises, ends its thread or never returns, with a real broker", rows_lost=0)
@pytest.mark.parametrize("how", [_raises, _dies, _hangs], ids=["raises", "ends the thread", "never returns"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_network_thread_that_is_dead_is_seen_and_replaced(
    tmp_path: Path, broker: Broker, platform: Platform, outcome: Outcome, how: Callable[..., None]
) -> None:
    async with staged(tmp_path, cloud=site_files.CLOUD.format(port=broker.port)) as stage:
        assert stage.app.platform is not None
        link = stage.app.platform.link
        await stage.play(2.0)
        await play_on(stage, lambda: link.connected)
        assert link._thread is not None
        assert link._thread.client is not None
        first = link._thread.client
        first.on_message = how
        platform.send_input(site_files.HOME_ID, "carbon", {"valid_from": "2026-03-17T00:00:00Z", "step_s": 900})
        began = time.monotonic()
        await play_on(stage, lambda: link._client is not first)
        assert time.monotonic() - began <= 15.0
        await play_on(stage, lambda: link.connected)
        await play_on(stage, lambda: stage.seen[-1].minute > 4.0)
        assert (link.rebuilt == 0) is (how is _raises)
        assert {moment.rung for moment in stage.between(2.0, 1e6)} == {Rung.PLAN}
        outcome.lost(await everything_arrives(stage, platform, site_files.HOME_ID))


@fault(48, injected="SIGSTOP of a real broker, idle and while a message waits; a line that goes dead")
@pytest.mark.parametrize(("how", "protocol"), [("idle", "5"), ("idle", "3.1.1"), ("waiting", "5"), ("dead line", "5")])
async def test_a_frozen_broker_or_a_half_open_line_is_left_within_two_keepalives(
    broker: Broker, outcome: Outcome, how: str, protocol: str
) -> None:
    keepalive_s = 3
    async with Proxy(broker.port) as proxy, linked(proxy.port, keepalive_s=keepalive_s, protocol=protocol) as link:
        await until(lambda: link.connected)
        await link.publish(NOTE)
        proxy.dead = how == "dead line"
        if not proxy.dead:
            broker.freeze()
        began = time.monotonic()
        if how == "waiting":
            with pytest.raises(LinkFailure):
                await link.publish(NOTE)
        await until(lambda: not link.connected)
        assert time.monotonic() - began <= 2 * keepalive_s + 0.5
        assert "did not answer" in str(link.trouble)
        broker.thaw()
        proxy.dead = False
        await until(lambda: link.connected)
        await link.publish(NOTE)


def test_the_pauses_of_a_thousand_sites_are_spread_and_bounded() -> None:
    """Every pause lies between 0 and an upper end that doubles from 1 to 120 s, evenly."""
    for tries, upper_s in ((1, 1.0), (4, 8.0), (9, 120.0)):
        pauses = []
        for seed in range(1000):
            delay = ReconnectDelay(Random(seed).random)
            pauses.append([delay.after(0.0, Ending.LOST) for _ in range(tries)][-1])
        assert 0.0 <= min(pauses) < 0.02 * upper_s
        assert 0.98 * upper_s < max(pauses) <= upper_s
        tenths = Counter(int(10 * pause / upper_s) for pause in pauses)
        assert all(60 <= tenths[tenth] <= 140 for tenth in range(10))  # binomial: 100 +- 4 standard deviations of 9.5


@fault(50, injected="a broker that is away for 2 s, 30 s and 5 minutes, and 1,000 sites with seeds of their own")
@pytest.mark.parametrize(("away_s", "most_a_second"), [(2.0, 300), (30.0, 90), (300.0, 40)])
def test_a_thousand_sites_do_not_return_together(away_s: float, most_a_second: int) -> None:
    """After 2 s a hundred a second come for the first time, and the two hundred that had come too early again."""
    returns = []
    for seed in range(1000):
        delay = ReconnectDelay(Random(seed).random)
        now = delay.after(3600.0, Ending.LOST)
        while now < away_s:
            now += max(0.01, delay.after(0.0, Ending.LOST))
        returns.append(now - away_s)
    assert max(returns) <= 120.0
    busiest = max(Counter(int(seconds) for seconds in returns).values())
    assert busiest <= most_a_second, f"{busiest} of 1,000 sites came in one second"


async def test_a_refusal_or_a_take_over_waits_longer_and_not_all_alike() -> None:
    for ending in (Ending.REFUSED, Ending.TAKEN_OVER):
        pauses = [ReconnectDelay(Random(seed).random).after(5.0, ending) for seed in range(1000)]
        assert min(pauses) >= 60.0
        assert max(pauses) <= 180.0
        assert max(pauses) - min(pauses) > 100.0


def watch_of(link: object, clock: HandClock) -> tuple[LinkWatch, Outlet, PendingWrites]:
    outlet, pending = Outlet(), PendingWrites()

    async def no_certificates() -> dict[str, datetime | str]:
        return {}

    watch = LinkWatch(clock, outlet, Alarms(clock, pending), lambda: link.rival, no_certificates)  # type: ignore[attr-defined]
    return watch, outlet, pending


def _keeps_apart(link: MqttLink) -> bool:
    return link._thread is not None and link._thread._short >= RIVAL_AFTER


@fault(55, injected="two links with one id at a real broker, MQTT 5 and 3.1.1", alarm="same_site_id")
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_two_gateways_with_one_id_both_say_so_and_keep_apart(
    broker: Broker, platform: Platform, outcome: Outcome, protocol: str
) -> None:
    """Mosquitto 2.0 ends the older connection without a word: the birth of the other in `up/status` tells both of them,
    and the repetition makes one of them keep apart.
    """
    saying: set[str] = set()
    async with linked(broker.port, session="a", protocol=protocol) as one:
        await until(lambda: one.connected)
        await asyncio.sleep(0.2)
        assert one.rival is None, "alone, and what an earlier run has left is no other gateway"
        async with linked(broker.port, session="b", protocol=protocol) as other:

            def both_say_so() -> bool:
                saying.update(name for name, link in (("a", one), ("b", other)) if link.rival)
                return len(saying) == 2

            await until(both_say_so)
            await until(lambda: _keeps_apart(one) or _keeps_apart(other))
            first, second = (one, other) if _keeps_apart(one) else (other, one)
            connections = first.connections
            await until(lambda: second.connected)
            await asyncio.sleep(1.0)
            assert first.connections == connections  # it keeps apart, so the other has its peace
            assert second.connected
            assert first.connections + second.connections >= RIVAL_AFTER
            assert "another gateway with the same site id" in str(first.rival)
            assert SITE in platform.rivals
            watch, _, pending = watch_of(first, HandClock())
            await watch.step()
            assert pending.alarms == (first.rival,)
            outcome.raised("same_site_id")


async def test_where_the_broker_says_taken_over_each_of_two_knows_at_once() -> None:
    """A broker after MQTT 5.0, 4.13.2: the older connection with an id is told 0x8E."""
    holder: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        while holder:
            holder.pop().write(b"\xe0\x02\x8e\x00")
        holder.append(writer)
        writer.write(b"\x20\x03\x00\x00\x00")
        while await reader.read(1024):
            pass
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with linked(port, apart_s=0.3) as one:
            await until(lambda: one.connected)
            async with linked(port, apart_s=0.3) as other:
                await until(lambda: one.rival)
                await until(lambda: other.rival)


@fault(55, injected="the will of an older connection comes after the birth of a newer one")
async def test_an_old_death_cannot_beat_a_new_birth(broker: Broker, platform: Platform, outcome: Outcome) -> None:
    speaker = JsonPayloads(SITE, "run-2")
    old_will, before = speaker.status("lost", datetime.now(UTC)), JsonPayloads(SITE, "run-1")
    strange_will = before.status("lost", datetime.now(UTC))
    will = speaker.status("lost", datetime.now(UTC))
    birth = speaker.status("online", datetime.now(UTC))
    async with linked(broker.port) as line:
        await until(lambda: line.connected)
        await until(lambda: platform.document(SITE, "status"))
        for envelope in (birth, old_will, strange_will):
            await line.publish(envelope)
        await until(lambda: platform.counts["late_deaths"] == 2)
        status = platform.document(SITE, "status")
        assert status is not None
        assert (status["session"], status["status"]) == ("run-2", "online")
        await line.publish(will)
        await until(lambda: platform.document(SITE, "status")["status"] == "lost")  # type: ignore[index]


async def test_the_alarm_about_a_second_gateway_stands_while_the_two_take_turns() -> None:
    clock, link = HandClock(), new_link(1)
    watch, outlet, pending = watch_of(link, clock)
    show(outlet, link_trouble="another gateway with the same site id runs somewhere")
    for minute in range(120):
        show(outlet, connected=minute % 4 < 2)
        link.rival = None if outlet.view.connected else outlet.view.link_trouble
        for _ in range(30):
            clock.seconds += 2.0
            await watch.step()
    assert pending.alarms == (outlet.view.link_trouble,)
    show(outlet, connected=True)
    link.rival = None
    for _ in range(3700 // 2):
        clock.seconds += 2.0
        await watch.step()
    events = [(row.kind, row.severity) for row in pending.take(clock.now()).events]
    assert events == [("same_site_id", "alarm"), ("same_site_id", "info")]


async def test_the_alarm_of_the_link_neither_flickers_nor_comes_for_a_moment() -> None:
    clock = HandClock()
    watch, outlet, pending = watch_of(new_link(1), clock)
    show(outlet, link_trouble="the connection to the broker was lost")

    async def pass_by(seconds: int, connected: bool) -> None:
        show(outlet, connected=connected)
        for _ in range(seconds):
            clock.seconds += 1.0
            await watch.step()

    for _ in range(20):
        await pass_by(10, False)
        await pass_by(10, True)
    assert pending.alarms == ()
    await pass_by(20, False)
    assert pending.alarms == ("the connection to the broker was lost",)
    for _ in range(20):
        await pass_by(20, False)
        await pass_by(40, True)
    await pass_by(70, True)
    events = [(row.kind, row.severity) for row in pending.take(clock.now()).events]
    assert events == [("link_down", "alarm"), ("link_down", "info")]
