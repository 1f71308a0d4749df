"""Modbus servers on loopback that do what no library server does: stay silent, answer late, answer something else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from drivers.endpoint import TcpEndpoint
from drivers.modbus import Bus

Reply = Callable[[bytes], tuple[float, bytes]]  # a request to a delay in seconds and the bytes to send (b"" for none)


def crc16(data: bytes) -> bytes:
    """Modbus over serial line 1.02, appendix B."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def rtu(unit_id: int, pdu: bytes) -> bytes:
    frame = bytes([unit_id]) + pdu
    return frame + crc16(frame)


def tcp(request: bytes, pdu: bytes) -> bytes:
    """An answer with the transaction and unit id of ``request``."""
    return request[:4] + (len(pdu) + 1).to_bytes(2, "big") + request[6:7] + pdu


def registers(function: int, words: list[int]) -> bytes:
    return bytes([function, 2 * len(words)]) + b"".join(word.to_bytes(2, "big") for word in words)


class Server:
    """Counts connections and keeps every request."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.port = 0
        self.is_taken = False  # somebody else holds the only place: who comes is turned away
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.is_taken:
            writer.close()
            return
        self.open += 1
        self._writers.add(writer)
        try:
            while request := await reader.read(260):
                self.requests.append(request)
                delay_s, answer = self.reply(request)
                task = asyncio.create_task(self._answer(writer, delay_s, answer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, delay_s: float, answer: bytes) -> None:
        await asyncio.sleep(delay_s)
        if answer and not writer.is_closing():
            writer.write(answer)

    def say(self, data: bytes) -> None:
        """Send ``data`` on every connection, unasked."""
        for writer in self._writers:
            writer.write(data)

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        self.hang_up()
        async with asyncio.timeout(60):
            while self.open:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(reply: Reply, port: int = 0) -> AsyncIterator[Server]:
    server = Server(reply)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", port)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        await server.stop()
        listener.close()


class VirtualClock:
    """Pacing and back-off on a clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, delay: float) -> None:
        self.slept.append(delay)
        self.now += delay
        await asyncio.sleep(0)


SILENT = (0.0, b"")


def words(request: bytes, rtu_framing: bool = False) -> list[int]:
    """What every misbehaving server holds: each register is its own address plus 1000."""
    start = 2 if rtu_framing else 8
    address, count = (int.from_bytes(request[i : i + 2], "big") for i in (start, start + 2))
    return [address + 1000 + i for i in range(count)]


def good(request: bytes) -> tuple[float, bytes]:
    return 0.0, tcp(request, registers(request[7], words(request)))


def bus_to(port: int, clock: VirtualClock | None = None, **options: object) -> Bus:
    clock = clock or VirtualClock()
    options = {"timeout_s": 0.2, "jitter": lambda: 1.0, **options}
    spoken = {key: options.pop(key) for key in ("framing", "echo", "ids_ignored") if key in options}
    endpoint = TcpEndpoint("127.0.0.1", port, **spoken)  # type: ignore[arg-type]
    return Bus(endpoint, monotonic=clock.monotonic, sleep=clock.sleep, **options)  # type: ignore[arg-type]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)
