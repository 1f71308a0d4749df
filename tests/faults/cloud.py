"""What the tests of the cloud link share: a broker, a platform behind it, a site's link, and a bad line between."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.cycles.sync_rules import SyncRules
from agent.ports import Clock
from simulator.platform import Platform
from tests.adapters.store.store_rows import new_store
from tests.cycles.platform_wire import RULES, PlatformWire
from tests.scenarios.stage import Stage

SITE = "site-1"
STREAMS = ("minute", "decision", "event")


def new_link(port: int, session: str = "", **changes: object) -> MqttLink:
    """A link of SITE to a broker of this machine, with short pauses."""
    speaker = JsonPayloads(SITE, session or f"session-{time.monotonic_ns()}")
    options: dict[str, object] = {"tls": False, "longest_pause_s": 0.2, "keepalive_s": 5} | changes
    host = str(options.pop("host", "127.0.0.1"))
    settings = MqttSettings(host, port, SITE, **options)  # type: ignore[arg-type]
    return MqttLink(settings, lambda word: speaker.status(word, datetime.now(UTC)))


@asynccontextmanager
async def linked(port: int, **changes: object) -> AsyncIterator[MqttLink]:
    """A link that has been started; it is stopped at the end."""
    link = new_link(port, **changes)
    await link.start()
    try:
        yield link
    finally:
        await link.stop()


async def trouble_of(port: int, **changes: object) -> str:
    """The first sentence about what keeps a link from the broker."""
    async with linked(port, **changes) as link, asyncio.timeout(60.0):
        while link.trouble is None:
            await asyncio.sleep(0.01)
        assert not link.connected
        return link.trouble


@asynccontextmanager
async def platform_at(port: int, before: Platform | None = None) -> AsyncIterator[Platform]:
    """A platform, with what ``before`` had received."""
    platform = Platform(port)
    if before is not None:
        platform.streams = before.streams
    platform.start()
    try:
        yield platform
    finally:
        platform.stop()


@dataclass
class Uplink:
    """A real store and a real link, with a sync cycle on a clock of the test's. ``told`` is what it reports."""

    path: Path
    port: int
    clock: Clock
    rules: SyncRules = RULES

    def __post_init__(self) -> None:
        self.store = new_store(self.path)
        self.link = new_link(self.port)
        wire = PlatformWire(self.clock, self.store, self.link, SITE, self.rules)
        self.outlet, self.hearing, self.inputs = wire.outlet, wire.hearing, wire.inputs
        self.sync, self.listening = wire.sync, wire.listening

    @property
    def acknowledged(self) -> dict[str, int]:
        """The seq up to which each stream is acknowledged; empty before the first greeting."""
        return {name: marks.acked for name, marks in self.sync._streams.items()}

    @property
    def told(self) -> list[tuple[str, str | None]]:
        """What was raised and told, and (kind, None) for what was cleared."""
        return [(kind, None if text.startswith("over: ") else text) for kind, _, text in self.hearing.told]

    async def listen(self) -> None:
        """Take in what waits, for a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await self.listening.listen()

    async def until(self, reached: Callable[[], object], step_s: float = 0.0, timeout_s: float = 60.0) -> None:
        """Step and listen until ``reached``; the clock goes ``step_s`` on with every step."""
        async with asyncio.timeout(timeout_s):
            while not reached():
                await self.sync.step()
                await self.listen()
                await self.clock.sleep(step_s)

    async def __aenter__(self) -> "Uplink":
        await self.store.open()
        await self.link.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.link.stop()
        await self.store.close()

    async def missing(self, platform: Platform, name: str) -> int:
        """How many rows of a stream the platform has not, of all that were ever written."""
        acked, last = (await self.store.backlog())[name]
        first = min(platform.stream(SITE, name).rows, default=acked + 1)
        return len(set(range(first, last + 1)) - set(platform.stream(SITE, name).rows))


class Proxy:
    """A line to ``port`` that may be slow and late, or lead nowhere. It forwards whole chunks, in order."""

    def __init__(self, port: int, bytes_per_s: float | None = None, delay_s: float = 0.0) -> None:
        self._target, self._bytes_per_s, self._delay_s = port, bytes_per_s, delay_s
        self.dead = False
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def rate(self, bytes_per_s: float | None, delay_s: float) -> None:
        """From now on."""
        self._bytes_per_s, self._delay_s = bytes_per_s, delay_s

    def close(self) -> None:
        """From now on nobody new is let in."""
        self._server.close()

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2048)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._target)
        for source, sink in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._forward(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """At most ``bytes_per_s``; each chunk ``delay_s`` late, without holding up the next."""
        loop = asyncio.get_running_loop()
        try:
            while data := await source.read(256):
                if self._bytes_per_s:
                    await asyncio.sleep(len(data) / self._bytes_per_s)
                if not self.dead:
                    loop.call_later(self._delay_s, _write, sink, data)
        except OSError:
            pass  # one end was cut: so is the other
        finally:
            loop.call_later(self._delay_s, sink.close)


def _write(sink: asyncio.StreamWriter, data: bytes) -> None:
    if not sink.is_closing():
        sink.write(data)


async def play_on(stage: Stage, reached: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Let control go on, a third of a minute at a time, and sync in real time, until ``reached``."""
    minute = (stage.clock.now() - stage.beginning).total_seconds() / 60.0
    async with asyncio.timeout(timeout_s):
        while not reached():
            minute += 1 / 3
            await stage.play(minute)
            await asyncio.sleep(0.05)


async def everything_arrives(stage: Stage, platform: Platform, site: str, timeout_s: float = 60.0) -> int:
    """Sync until the platform has every row that is in the store. Returns how many rows are not there or twice."""
    await stage.app.record.step()
    assert stage.app.platform is not None

    def lost() -> int:
        return sum(
            len({seq for (seq,) in stage.rows(f"SELECT seq FROM {name}")} ^ set(platform.stream(site, name).rows))  # noqa: S608 - own names
            for name in STREAMS
        )

    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while lost():
                await stage.app.platform.sync.step()
                await asyncio.sleep(0.02)
    return lost() + sum(platform.stream(site, name).declared_lost for name in STREAMS)


def kinds(told: Sequence[tuple[str, str | None]]) -> list[str]:
    """The kinds of what was raised."""
    return [kind for kind, text in told if text is not None]
