"""The wire: cut, swallowed, silent, late and noisy, with real sockets between driver and device."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from agent.domain.setpoint import Rung
from drivers.device import Span
from drivers.errors import DriverError, NoAnswer
from drivers.modbus import Bus
from tests.drivers.wire import SILENT, VirtualClock, bus_to, good, registers, rtu, serving, words
from tests.faults.catalogue import Outcome, fault
from tests.scenarios.stage import CHARGE_W, staged
from tests.security.items import security

FRAMES = int(os.environ.get("NOISY_FRAMES", "4000"))
PLANNED = f"setpoint -{CHARGE_W:.0f} W"
Spoil = Callable[[bytes], bytes]


class Cable:
    """A proxy in front of a device: it passes bytes on, swallows them, or is pulled."""

    def __init__(self) -> None:
        self.port = self.behind = 0
        self.swallows = False
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None

    async def plug_in(self) -> None:
        self._listener = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def pull(self) -> None:
        """Nobody listens any more, and every connection is reset."""
        assert self._listener is not None
        self._listener.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            inner, device = await asyncio.open_connection("127.0.0.1", self.behind)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, device}
        await asyncio.gather(self._pump(reader, device), self._pump(inner, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(4096):
                if not self.swallows:
                    sink.write(data)
        except ConnectionError:
            pass
        finally:
            sink.transport.abort()
            self._writers.discard(sink)


@asynccontextmanager
async def cabled(folder: Path) -> AsyncIterator[tuple[object, Cable]]:
    """A stage whose inverter is reached through a cable of ours."""
    cable = Cable()
    await cable.plug_in()
    async with staged(folder, step_s=5, stale_s=15, hold_s=60, inverter_port=cable.port, timeout_s=0.1) as stage:
        cable.behind = stage.inverter_port
        try:
            yield stage, cable
        finally:
            cable.swallows = False


@fault(23, injected="every connection reset and the port closed", neutral_s=75.0, alarm="device_lost")
async def test_a_cable_that_is_pulled(tmp_path: Path, outcome: Outcome) -> None:
    await _gone_and_back(tmp_path, outcome, swallows=False)


@fault(23, injected="a black hole: connections stand, and nothing comes through", neutral_s=75.0, alarm="device_lost")
async def test_a_black_hole(tmp_path: Path, outcome: Outcome) -> None:
    await _gone_and_back(tmp_path, outcome, swallows=True)


async def _gone_and_back(folder: Path, outcome: Outcome, swallows: bool) -> None:
    """Gone from minute 5 to 8: 15 s until stale, then the lease of 60 s that was written last runs out by itself."""
    async with cabled(folder) as (stage, cable):

        async def cut() -> None:
            if swallows:
                cable.swallows = True
            else:
                cable.pull()

        async def mend() -> None:
            if swallows:
                cable.swallows = False
            else:
                await cable.plug_in()

        await stage.play(12.0, {5.01: cut, 8.01: mend})
        neutral = next(at.minute for at in stage.between(5.02, 8.0) if at.mode == "self-consumption")
        outcome.neutral_after(60.0 * (neutral - 5.01))
        stale = next(at.minute for at in stage.between(5.02, 8.0) if at.rung is Rung.RELEASE)
        assert 60.0 * (stale - 5.01) <= 15.0 + 5.0
        again = next(at.minute for at in stage.between(8.02, 12.0) if at.mode.startswith(PLANNED))
        assert 60.0 * (again - 8.01) <= 20.0
        raised = [kind for kind, severity, _ in await stage.events() if severity == "alarm"]
        outcome.raised(next(kind for kind in raised if kind != "setpoint_failed"))


@security(19, shows="a device that never answers delays no other")
@fault(24, injected="a peer that accepts connections and never answers, beside one that does")
async def test_a_peer_that_never_answers_costs_little_and_delays_nobody(outcome: Outcome) -> None:
    clock = VirtualClock()
    async with serving(lambda request: SILENT) as deaf, serving(good) as server:
        dead = bus_to(deaf.port, clock, timeout_s=0.1).transport(1)
        alive = bus_to(server.port, clock).transport(1)
        loop, polls, longest_s = asyncio.get_running_loop(), 0, 0.0
        for _ in range(50):
            began = loop.time()
            asked = asyncio.create_task(_or_none(dead.read(Span("holding", 0, 1))))
            polls += await alive.read(Span("holding", 5, 1)) == [1005]
            assert await asked is None
            longest_s = max(longest_s, loop.time() - began)
            clock.now += 1.0
        assert polls == 50, "at least 90 % of its polls"
        assert longest_s <= 2.0
        assert len(deaf.requests) < 50, "asked ever more seldom"
        await dead.close()
        await alive.close()


async def _or_none(reading: object) -> list[int] | None:
    try:
        return await reading  # type: ignore[misc, no-any-return]
    except DriverError:
        return None


@fault(25, injected="RTU over TCP: answers at random later than the time-out, each looking like the next one's")
async def test_a_late_answer_is_never_taken_for_the_next(outcome: Outcome) -> None:
    clock, chance = VirtualClock(), random.Random(3)

    def late(request: bytes) -> tuple[float, bytes]:
        return chance.choice((0.0, 0.0, 0.07)), rtu(request[0], registers(3, words(request, rtu_framing=True)))

    async with serving(late) as server:
        transport = bus_to(server.port, clock, timeout_s=0.05, framing="rtu").transport(1)
        answered = 0
        for address in range(60):
            clock.now += 5.0
            try:
                assert await transport.read(Span("holding", address, 2)) == [address + 1000, address + 1001]
                answered += 1
            except NoAnswer:
                pass
        assert 20 <= answered < 60
        assert server.connections > 2, "a new session after each"
        await transport.close()


def flip(chance: random.Random) -> Spoil:
    """One frame in ten is damaged: a bit, a cut, a doubled half, or noise before it."""

    def spoil(frame: bytes) -> bytes:
        if chance.random() >= 0.1:
            return frame
        kind, at = chance.randrange(4), chance.randrange(len(frame))
        if kind == 0:
            return frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :]
        if kind == 1:
            return frame[:at]
        return frame[:at] + frame if kind == 2 else chance.randbytes(3) + frame

    return spoil


@fault(26, injected=f"{FRAMES} RTU frames over TCP, one in ten damaged: bits flipped, cut, doubled, noise before")
async def test_noise_gives_no_wrong_value(outcome: Outcome) -> None:
    """Each register holds its own address plus 1000, so that every value can be told from every other."""
    clock, chance = VirtualClock(), random.Random(5)
    spoil = flip(chance)

    def noisy(request: bytes) -> tuple[float, bytes]:
        return 0.0, spoil(rtu(request[0], registers(3, words(request, rtu_framing=True))))

    answered = refused = 0
    async with serving(noisy) as server:
        bus: Bus = bus_to(server.port, clock, timeout_s=0.005, framing="rtu")
        transport = bus.transport(1)
        while len(server.requests) < FRAMES:
            address, count = chance.randrange(60000), chance.randrange(1, 20)
            clock.now += 10.0
            try:
                found = await transport.read(Span("holding", address, count))
            except DriverError:
                refused += 1
                continue
            assert found == [address + 1000 + i for i in range(count)]
            answered += 1
        await transport.close()
    print(f"{answered} answers taken, {refused} refused, none wrong")
    assert answered > 0.8 * FRAMES
    assert refused > 0.02 * FRAMES


async def test_500_reconnects_leave_no_descriptor_behind() -> None:
    """Hung up by the device 250 times and by us 250 times."""
    clock = VirtualClock()
    async with serving(good) as server:
        transport = bus_to(server.port, clock, timeout_s=0.02).transport(1)
        await transport.read(Span("holding", 0, 1))
        before = len(os.listdir("/proc/self/fd"))
        for turn in range(500):
            if turn % 2:
                server.hang_up()
                await asyncio.sleep(0)
            else:
                await transport.close()
            clock.now += 10.0
            while True:
                try:
                    assert await transport.read(Span("holding", turn, 1)) == [turn + 1000]
                    break
                except DriverError:
                    clock.now += 10.0
        assert server.connections >= 500
        while server.open > 1:
            await asyncio.sleep(0.01)
        assert len(os.listdir("/proc/self/fd")) <= before
        await transport.close()
