"""The link and the sync cycle against a real mosquitto, with the simulated platform behind it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.host.clock import SystemClock
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.adapters.mqtt.reconnect_delay import longest_pause
from agent.domain.envelope import Envelope
from agent.domain.notice import Notice, NoticeAction
from agent.domain.records import Batch
from agent.ports import EnvelopeRefused, LinkFailure
from simulator.broker import Broker, find_mosquitto, start_broker
from simulator.platform import Platform
from tests.adapters.store.store_rows import NAMES, event, minute, new_store
from tests.cycles.platform_wire import PlatformWire
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
SITE = "site-1"
NOTE = Envelope("up/info", b"{}")


def new_link(broker: Broker, **changes: object) -> MqttLink:
    speaker = JsonPayloads(SITE, f"session-{time.monotonic_ns()}")
    options: dict[str, object] = {"tls": False, "longest_pause_s": 0.5, "keepalive_s": 5} | changes
    settings = MqttSettings("127.0.0.1", broker.port, SITE, **options)  # type: ignore[arg-type]
    return MqttLink(settings, lambda word: speaker.status(word, datetime.now(UTC)))


@pytest.fixture
async def link(broker: Broker) -> AsyncIterator[MqttLink]:
    started = new_link(broker)
    await started.start()
    await until(lambda: started.connected)
    yield started
    await started.stop()


async def test_nothing_it_sends_waits_for_an_acknowledgement_that_the_broker_delays(link: MqttLink) -> None:
    client = link._client
    assert client is not None
    sock = client.socket()
    assert isinstance(sock, socket.socket)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_it_says_online_and_stopping(broker: Broker, platform: Platform) -> None:
    link = new_link(broker)
    await link.start()
    await until(lambda: platform.document(SITE, "status"))
    status = platform.document(SITE, "status")
    assert status is not None
    assert (status["status"], status["schema"]) == ("online", "status/1.0")
    await link.stop()
    await until(lambda: platform.document(SITE, "status")["status"] == "stopping")  # type: ignore[index]
    assert not link.connected


async def test_an_envelope_nobody_hears_is_noticed(link: MqttLink) -> None:
    await until(lambda: link.unheard == 1)  # our own "online"
    await link.publish(NOTE)
    assert link.unheard == 2


async def test_what_all_sites_are_asked_is_heard(link: MqttLink, platform: Platform) -> None:
    platform.send_notice("report_info", 0)
    topic, payload, retained = await link.incoming()
    notice = JsonPayloads(SITE, "s").parse(topic, payload)
    assert (notice, retained) == (Notice(NoticeAction.REPORT_INFO, 0), False)


async def test_many_at_once_are_all_acknowledged(link: MqttLink, platform: Platform) -> None:
    before = platform.counts["messages"]
    await asyncio.gather(*(link.publish(NOTE) for _ in range(200)))
    await until(lambda: platform.counts["messages"] >= before + 200)


@pytest.mark.parametrize(("more", "most"), [((), 16), (("max_inflight_messages 3",), 3)])
async def test_little_waits_inside_paho_and_no_more_than_the_broker_wants(
    tmp_path: Path, more: tuple[str, ...], most: int
) -> None:
    broker = start_broker(tmp_path, more=more)
    link = new_link(broker)
    await link.start()
    await until(lambda: link.connected)
    await link.publish(NOTE)
    broker.freeze()
    waiting = [asyncio.ensure_future(link.publish(NOTE)) for _ in range(100)]
    client = link._client
    assert client is not None
    await until(lambda: len(client._out_messages) >= most)
    await asyncio.sleep(0.1)
    assert len(client._out_messages) == most
    broker.thaw()
    await asyncio.gather(*waiting)
    await link.stop()
    broker.stop()


async def test_without_a_broker_nothing_is_taken_and_the_trouble_is_told(broker: Broker) -> None:
    broker.stop()
    link = new_link(broker)
    await link.start()
    await until(lambda: link.trouble)
    assert "Connection refused" in str(link.trouble)
    with pytest.raises(LinkFailure, match="Connection refused"):
        await link.publish(NOTE)
    await link.stop()


async def test_a_wrong_password_is_told(tmp_path: Path) -> None:
    broker = start_broker(tmp_path, users={SITE: "right"})
    word = tmp_path / "word"
    for password, accepted in (("wrong", False), ("right", True)):
        word.write_text(password + "\n")
        link = new_link(broker, username=SITE, password_file=word)
        await link.start()
        await until(lambda link=link: link.connected or link.trouble)  # type: ignore[misc]
        assert link.connected is accepted
        if not accepted:
            assert "refused the connection" in str(link.trouble)
            assert "wrong" not in str(link.trouble)
            with pytest.raises(LinkFailure, match="Not authorized"):
                await link.publish(NOTE)
        await link.stop()
    broker.stop()


async def test_a_file_that_is_not_there_is_told(broker: Broker, tmp_path: Path) -> None:
    link = new_link(broker, tls=True, ca_file=tmp_path / "no.pem")
    await link.start()
    await until(lambda: link.trouble)
    assert "No such file" in str(link.trouble)
    await link.stop()


async def test_plain_text_is_never_fallen_back_to(broker: Broker) -> None:
    link = new_link(broker, tls=True)
    await link.start()
    await until(lambda: link.trouble)
    assert not link.connected
    await link.stop()


async def test_a_refusal_by_the_broker_is_an_exception_with_its_code(tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text(f"topic write ee/1/{SITE}/up/status\ntopic read ee/1/{SITE}/down/#\n")
    broker = start_broker(tmp_path, more=(f"acl_file {acl}",))
    link = new_link(broker)
    await link.start()
    await until(lambda: link.connected)
    with pytest.raises(EnvelopeRefused, match="0x87") as refusal:
        await link.publish(NOTE)
    assert refusal.value.code == 0x87
    assert link.connected
    await link.stop()
    broker.stop()


async def test_a_frozen_broker_does_not_hold_up_the_stop(broker: Broker, link: MqttLink) -> None:
    broker.freeze()
    waiting = [asyncio.ensure_future(link.publish(Envelope("up/info", b"x" * 60_000))) for _ in range(40)]
    await asyncio.sleep(0.2)
    async with asyncio.timeout(3.0):
        await link.stop()
    broker.thaw()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {LinkFailure}


async def test_a_broker_that_freezes_is_noticed_and_left(broker: Broker) -> None:
    link = new_link(broker, keepalive_s=1)
    await link.start()
    await until(lambda: link.connected)
    broker.freeze()
    with pytest.raises(LinkFailure):
        await link.publish(NOTE)
    await until(lambda: not link.connected)
    broker.thaw()
    await until(lambda: link.connected)
    await link.publish(NOTE)
    await link.stop()


async def test_a_take_over_is_told_and_waited_out() -> None:
    """A broker that accepts and then says 0x8E (MQTT 5.0, 4.13.2: session taken over); mosquitto 2.0.11 does not."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(1)
        writer.write(b"\x20\x03\x00\x00\x00" + b"\xe0\x02\x8e\x00")
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        speaker = JsonPayloads(SITE, "s")
        settings = MqttSettings("127.0.0.1", port, SITE, tls=False, longest_pause_s=0.01)
        link = MqttLink(settings, lambda word: speaker.status(word, datetime.now(UTC)))
        await link.start()
        await until(lambda: link.trouble)
        assert "another client has connected" in str(link.trouble)
        await asyncio.sleep(0.3)
        assert connections == 1
        await link.stop()


@pytest.mark.parametrize(
    ("before_s", "lasted_s", "after_s"),
    [(0.0, 0.0, 1.0), (1.0, 0.0, 2.0), (64.0, 0.0, 120.0), (120.0, 5.0, 120.0), (120.0, 60.0, 1.0)],
)
def test_pauses_double_until_a_connection_lasts(before_s: float, lasted_s: float, after_s: float) -> None:
    assert longest_pause(before_s, lasted_s, 120.0) == after_s


async def test_messages_sent_while_away_arrive(broker: Broker, platform: Platform) -> None:
    tariff = {"valid_from": "2026-06-01T10:00:00Z", "step_s": 3600, "import_price": [0.3]}
    limit = {"valid_from": "2026-06-01T10:00:00Z", "valid_to": "2026-06-02T10:00:00Z", "import_limit_w": 4200}
    platform.send_input(SITE, "tariff", tariff)
    first = new_link(broker)
    await first.start()
    topic, _, retained = await asyncio.wait_for(first.incoming(), 10)
    assert (topic, retained) == ("down/input/tariff", True)
    await first.stop()
    platform.send_input(SITE, "gridlimit", limit)
    second = new_link(broker)
    await second.start()
    topics = {(await asyncio.wait_for(second.incoming(), 10))[0] for _ in range(2)}
    assert topics == {"down/input/tariff", "down/input/gridlimit"}
    await second.stop()


class Node:
    """A store, a link and a sync cycle, running."""

    def __init__(self, broker: Broker, path: Path) -> None:
        self.store = new_store(path)
        self.link = new_link(broker)
        wire = PlatformWire(SystemClock(), self.store, self.link, SITE)
        self.hearing, self.inputs, self.sync, self.listening = wire.hearing, wire.inputs, wire.sync, wire.listening
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.store.open()
        await self.link.start()
        self._tasks = [asyncio.create_task(self._step()), asyncio.create_task(self.listening.listen())]

    async def _step(self) -> None:
        while True:
            await self.sync.step()
            await self.store.write(Batch(acknowledged=tuple(self.hearing.acknowledged.items())))
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.link.stop()
        await self.store.close()

    async def write(self, first: int, count: int) -> None:
        minutes = tuple(minute(first + i, 50) for i in range(count))
        await self.store.write(Batch(minutes=minutes, events=(event(first),), catalogue=NAMES))


@pytest.mark.parametrize("reads_history", [True, False])
async def test_a_broker_that_dies_and_returns_costs_no_row(
    broker: Broker, platform: Platform, tmp_path: Path, reads_history: bool
) -> None:
    platform.reads_history = reads_history
    node = Node(broker, tmp_path / "site.db")
    await node.start()
    minutes = platform.stream(SITE, "minute")
    await node.write(0, 300)
    await until(lambda: len(minutes.rows) == 300)
    for round_ in range(3):
        first = 300 + 400 * round_
        await node.write(first, 100)
        broker.kill()
        await node.write(first + 100, 300)
        broker.restart()
        await until(lambda first=first: len(minutes.rows) == first + 400)  # type: ignore[misc]
    last = (await node.store.backlog())["minute"][1]
    await until(lambda: node.hearing.acknowledged.get("minute") == last)
    assert sorted(minutes.rows) == list(range(last - 1499, last + 1))
    assert minutes.declared_lost == 0
    assert minutes.contiguous == last
    await until(lambda: len(platform.stream(SITE, "event").rows) == 7)
    assert list(next(iter(minutes.rows.values())))[-1] == f"points.{NAMES[-1]}"
    assert bool(platform.counts["packed"]) is reads_history
    assert platform.counts["unreadable"] == 0
    kept = {row.seq: row for row in await node.store.pending("minute", 0, 2000)}
    for seq, received in minutes.rows.items():
        own = kept[seq]
        assert list(received.values()) == [seq, *own.values, *own.points]
    await node.stop()


async def test_rows_the_broker_dropped_are_asked_for_again(broker: Broker, tmp_path: Path) -> None:
    """The broker acknowledges while no platform has subscribed, and forgets. The next batch shows the gap."""
    platform = Platform(broker.port)
    platform.start()
    node = Node(broker, tmp_path / "site.db")
    await node.start()
    minutes = platform.stream(SITE, "minute")
    await node.write(0, 50)
    await until(lambda: len(minutes.rows) == 50)
    platform.stop()
    broker.kill()  # and with it the platform's session
    (broker.log.parent / "mosquitto.db").unlink(missing_ok=True)
    broker.restart()
    await until(lambda: node.link.connected)
    sent = node.sync.counters.sent
    await node.write(50, 50)
    await until(lambda: node.sync.counters.sent >= sent + 50)
    assert len(minutes.rows) == 50
    platform = _again(platform, broker)
    await node.write(100, 50)
    await until(lambda: len(minutes.rows) == 150)
    last = (await node.store.backlog())["minute"][1]
    await until(lambda: minutes.contiguous == last)
    await node.stop()
    platform.stop()


def _again(platform: Platform, broker: Broker) -> Platform:
    """The same platform, with what it knew, started again."""
    started = Platform(broker.port)
    started.streams = platform.streams
    started.start()
    return started
