"""RTU framing, over TCP and over a real serial line: late answers, gaps, damaged frames."""

import asyncio
import os

import pytest

from drivers.device import Span, Transport
from drivers.endpoint import SerialEndpoint
from drivers.errors import LinkDown, NoAnswer, NotSupported
from drivers.modbus import Bus
from tests.drivers.wire import VirtualClock, bus_to, good, registers, rtu, serving, until, words


async def rtu_reads(transport: Transport, addresses: list[int]) -> list[int | None]:
    found: list[int | None] = []
    for address in addresses:
        try:
            found.append((await transport.read(Span("holding", address, 1)))[0])
        except NoAnswer:
            found.append(None)
    return found


async def test_a_late_rtu_answer_is_never_taken_for_the_next() -> None:
    """Every second answer is late by more than the timeout, and looks exactly like the answer to the next request."""
    clock = VirtualClock()
    delays = iter([0.12, 0.0] * 4)

    def late(request: bytes) -> tuple[float, bytes]:
        return next(delays), rtu(request[0], registers(3, words(request, rtu_framing=True)))

    async with serving(late) as server:
        transport = bus_to(server.port, clock, timeout_s=0.1, framing="rtu").transport(1)
        found = await rtu_reads(transport, [200, 300, 400, 500, 600, 700])
        assert found == [None, 1300, None, 1500, None, 1700]
        assert server.connections == 4, "closed after each silence"
        assert [slept for slept in clock.slept if slept > 0.1] == [1.0, 1.0, 1.0], "the late window"
        await transport.close()


async def test_an_rtu_caller_that_gives_up_leaves_no_answer_behind() -> None:
    delays = iter([0.05, 0.0])

    def late(request: bytes) -> tuple[float, bytes]:
        return next(delays), rtu(request[0], registers(3, words(request, rtu_framing=True)))

    async with serving(late) as server:
        transport = bus_to(server.port, framing="rtu").transport(1)
        reading = asyncio.create_task(transport.read(Span("holding", 200, 1)))
        await until(lambda: server.requests)
        reading.cancel()
        assert await transport.read(Span("holding", 300, 1)) == [1300]
        assert server.connections == 2
        await transport.close()


async def test_rtu_keeps_its_gap_and_tcp_keeps_none() -> None:
    def answer(request: bytes) -> tuple[float, bytes]:
        return 0.0, rtu(request[0], registers(3, words(request, rtu_framing=True)))

    clock = VirtualClock()
    async with serving(answer) as server:
        transport = bus_to(server.port, clock, framing="rtu").transport(1)
        assert await rtu_reads(transport, [1, 2, 3]) == [1001, 1002, 1003]
        assert clock.slept == pytest.approx([0.06, 0.06])
        await transport.close()
    clock = VirtualClock()
    async with serving(good) as server:
        transport = bus_to(server.port, clock).transport(1)
        await rtu_reads(transport, [1, 2])
        assert clock.slept == []
        await transport.close()


async def test_a_damaged_rtu_frame_is_no_answer() -> None:
    def damaged(request: bytes) -> tuple[float, bytes]:
        answer = bytearray(rtu(request[0], registers(3, words(request, rtu_framing=True))))
        answer[3] ^= 0x01
        return 0.0, bytes(answer)

    async with serving(damaged) as server:
        transport = bus_to(server.port, timeout_s=0.05, framing="rtu").transport(1)
        with pytest.raises(NoAnswer):
            await transport.read(Span("holding", 0, 1))
        await transport.close()


async def test_nobody_writes_to_every_device_of_an_rtu_bus() -> None:
    async with serving(good) as server:
        with pytest.raises(NotSupported, match="obeys unit 0"):
            await bus_to(server.port, framing="rtu").transport(0).write(1, [2])
        assert server.requests == []


async def test_a_serial_port_that_is_not_there() -> None:
    clock = VirtualClock()
    bus = Bus(SerialEndpoint("/dev/does-not-exist"), monotonic=clock.monotonic, sleep=clock.sleep)
    with pytest.raises(LinkDown, match="no connection to /dev/does-not-exist"):
        await bus.transport(1).read(Span("holding", 0, 1))


class SerialDevice:
    """The far end of a pseudo-terminal: answers requests of eight bytes after a delay."""

    def __init__(self) -> None:
        self.master, self._line = os.openpty()  # both ends stay open, or the master would see hang-ups
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self._line)
        self.delay_s = 0.0
        self.requests: list[bytes] = []
        self._buffer = b""
        asyncio.get_running_loop().add_reader(self.master, self._arrived)

    def _arrived(self) -> None:
        self._buffer += os.read(self.master, 256)
        while len(self._buffer) >= 8:
            request, self._buffer = self._buffer[:8], self._buffer[8:]
            self.requests.append(request)
            answer = rtu(request[0], registers(request[1], words(request, rtu_framing=True)))
            asyncio.get_running_loop().call_later(self.delay_s, os.write, self.master, answer)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self._line)


async def test_a_real_serial_line() -> None:
    device = SerialDevice()
    clock = VirtualClock()
    bus = Bus(SerialEndpoint(device.path, 115200), timeout_s=0.3, monotonic=clock.monotonic, sleep=clock.sleep)
    one, two = bus.transport(1), bus.transport(2)
    assert await one.read(Span("holding", 7, 3)) == [1007, 1008, 1009]
    assert await two.read(Span("input", 52, 2)) == [1052, 1053]
    assert [request[:2] for request in device.requests] == [b"\x01\x03", b"\x02\x04"]
    await one.close()
    await two.close()
    device.close()
