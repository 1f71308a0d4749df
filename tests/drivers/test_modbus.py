"""A bus against real sockets: a pymodbus server, and servers that misbehave."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.device import Span
from drivers.endpoint import SerialEndpoint, TcpEndpoint
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, Refused
from tests.drivers.wire import SILENT, VirtualClock, bus_to, good, registers, rtu, serving, tcp, until


@pytest.fixture
async def free_port() -> int:
    listener = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port: int = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    return port


@pytest.fixture
async def library_server(free_port: int) -> AsyncIterator[int]:
    """Units 1 and 2 with a shared table of 200 registers, unit 7 whose target behind a gateway is silent."""

    async def gateway(*_: object) -> ExcCodes:
        return ExcCodes.GATEWAY_NO_RESPONSE

    table = [SimData(0, count=200, values=5, datatype=DataType.UINT16)]
    devices = [SimDevice(1, table), SimDevice(2, table), SimDevice(7, table, action=gateway)]  # type: ignore[arg-type]
    server = ModbusTcpServer(devices, address=("127.0.0.1", free_port))
    await server.serve_forever(background=True)
    yield free_port
    await server.shutdown()


async def test_reading_and_writing_a_library_server(library_server: int) -> None:
    bus = bus_to(library_server, timeout_s=1.0)
    one, two = bus.transport(1), bus.transport(2, single_write_fc6=True)
    assert await one.read(Span("holding", 10, 3)) == [5, 5, 5]
    assert await one.read(Span("input", 0, 125)) == [5] * 125
    await one.write(10, [1, 65535, 3])
    await two.write(10, [7])
    assert await one.read(Span("holding", 10, 3)) == [1, 65535, 3]
    assert await two.read(Span("holding", 10, 1)) == [7]
    await one.close()
    await two.close()


@pytest.mark.parametrize(("unit_id", "span", "code"), [(1, Span("holding", 199, 2), 2), (7, Span("holding", 0, 1), 11)])
async def test_exceptions_carry_their_code(library_server: int, unit_id: int, span: Span, code: int) -> None:
    transport = bus_to(library_server, timeout_s=1.0).transport(unit_id)
    with pytest.raises(Refused, match=f"unit {unit_id}: reading .* refused with exception {code}") as caught:
        await transport.read(span)
    assert caught.value.code == code
    await transport.close()


async def test_requests_of_many_tasks_share_one_connection_and_wait_for_each_other() -> None:
    async with serving(lambda request: (0.01, good(request)[1])) as server:
        bus = bus_to(server.port)
        transports = [bus.transport(unit_id) for unit_id in (1, 2, 3)]
        found = await asyncio.gather(*(t.read(Span("holding", 10 * i, 2)) for i, t in enumerate(transports)))
        assert found == [[1000, 1001], [1010, 1011], [1020, 1021]]
        assert server.connections == 1
        assert [len(request) for request in server.requests] == [12, 12, 12], "never two requests in a segment"
        for transport in transports:
            await transport.close()


async def test_the_connection_is_made_lazily_and_closed_by_the_last_user() -> None:
    async with serving(good) as server:
        bus = bus_to(server.port)
        one, two = bus.transport(1), bus.transport(2)
        assert server.connections == 0
        await one.read(Span("holding", 0, 1))
        await two.read(Span("holding", 0, 1))
        await one.close()
        assert await two.read(Span("holding", 0, 1)) == [1000]
        assert server.connections == 1
        await two.close()
        await until(lambda: server.open == 0)
        assert await two.read(Span("holding", 0, 1)) == [1000]
        assert server.connections == 2
        await two.close()


async def test_a_silent_peer_is_asked_twice_at_first_then_once_then_left_alone() -> None:
    clock = VirtualClock()
    async with serving(lambda request: SILENT) as server:
        transport = bus_to(server.port, clock, timeout_s=0.05).transport(1)
        with pytest.raises(NoAnswer, match=r"no answer from 127\.0\.0\.1"):
            await transport.read(Span("holding", 0, 1))
        assert len(server.requests) == 2
        with pytest.raises(NoAnswer):
            await transport.read(Span("holding", 0, 1))
        assert len(server.requests) == 3
        with pytest.raises(NoAnswer, match=r"silent or busy before, next attempt in 0\.5 s"):
            await transport.read(Span("holding", 0, 1))
        assert len(server.requests) == 3
        clock.now += 0.5
        server.reply = good
        assert await transport.read(Span("holding", 0, 1)) == [1000]
        assert server.connections == 2, "three silences in a row: the connection may be half open"
        await transport.close()


@pytest.mark.parametrize(("code", "is_rested"), [(4, True), (6, True), (11, True), (2, False), (3, False)])
async def test_a_unit_that_is_busy_three_times_is_rested_and_one_that_answers_no_is_not(
    code: int, is_rested: bool
) -> None:
    def busy(request: bytes) -> tuple[float, bytes]:
        return 0.0, tcp(request, bytes((request[7] | 0x80, code)))

    clock = VirtualClock()
    async with serving(busy) as server:
        transport = bus_to(server.port, clock).transport(1)
        for _ in range(3):
            with pytest.raises(Refused):
                await transport.read(Span("holding", 0, 1))
        with pytest.raises(NoAnswer if is_rested else Refused):
            await transport.read(Span("holding", 0, 1))
        assert len(server.requests) == (3 if is_rested else 4)
        clock.now += 0.5
        server.reply = good
        assert await transport.read(Span("holding", 0, 1)) == [1000]
        await transport.close()


async def test_a_write_that_the_device_still_works_at_is_taken() -> None:
    """Exception 5 is "acknowledge": whether it was done is read back."""

    def slowly(request: bytes) -> tuple[float, bytes]:
        return 0.0, tcp(request, bytes((request[7] | 0x80, 5)))

    async with serving(slowly) as server:
        transport = bus_to(server.port, VirtualClock()).transport(1)
        for address in range(4):
            await transport.write(address, [1])
        await transport.write_coil(0, True)
        assert len(server.requests) == 5, "it is not rested"
        with pytest.raises(Refused, match="exception 5"):
            await transport.read(Span("holding", 0, 1))
        await transport.close()


async def test_a_silent_unit_does_not_silence_its_neighbour() -> None:
    def deaf_unit_9(request: bytes) -> tuple[float, bytes]:
        return SILENT if request[6] == 9 else good(request)

    async with serving(deaf_unit_9) as server:
        bus = bus_to(server.port, timeout_s=0.05)
        dead, alive = bus.transport(9), bus.transport(1)
        for _ in range(8):
            with pytest.raises(NoAnswer):
                await dead.read(Span("holding", 0, 1))
            assert await alive.read(Span("holding", 0, 1)) == [1000]
        assert sum(request[6] == 9 for request in server.requests) == 3
        await dead.close()
        await alive.close()


async def test_buses_have_nothing_in_common() -> None:
    """While one bus waits for a silent peer, another one answers."""
    async with serving(lambda request: SILENT) as deaf, serving(good) as server:
        waiting = asyncio.create_task(bus_to(deaf.port, timeout_s=30).transport(1).read(Span("holding", 0, 1)))
        await until(lambda: deaf.requests)
        transport = bus_to(server.port).transport(1)
        assert await transport.read(Span("holding", 4, 1)) == [1004]
        assert not waiting.done()
        waiting.cancel()
        await transport.close()


async def test_writes_are_never_repeated() -> None:
    async with serving(lambda request: SILENT) as server:
        transport = bus_to(server.port, timeout_s=0.05).transport(1)
        with pytest.raises(NoAnswer):
            await transport.write(0, [1])
        assert len(server.requests) == 1
        await transport.close()


async def test_no_connection_backs_off_and_answers_at_once_meanwhile(free_port: int) -> None:
    clock = VirtualClock()
    transport = bus_to(free_port, clock).transport(1)
    for rest_s in (0.5, 1.0, 2.0, 4.0, 5.0, 5.0):
        with pytest.raises(LinkDown, match=f"no connection to 127.0.0.1:{free_port}: .* nothing listens on this port$"):
            await transport.read(Span("holding", 0, 1))
        with pytest.raises(LinkDown, match=f"next attempt in {rest_s:.1f} s"):
            await transport.read(Span("holding", 0, 1))
        clock.now += rest_s
    assert clock.slept == [], "nobody is kept waiting"


async def test_a_link_that_comes_back_is_used_and_its_failures_forgotten(free_port: int) -> None:
    clock = VirtualClock()
    transport = bus_to(free_port, clock).transport(1)
    for _ in range(3):
        with pytest.raises(LinkDown):
            await transport.read(Span("holding", 0, 1))
        clock.now += 5.0
    async with serving(good, free_port):
        assert await transport.read(Span("holding", 0, 1)) == [1000]
    with pytest.raises(LinkDown, match="no connection"):
        await transport.read(Span("holding", 0, 1))
    with pytest.raises(LinkDown, match=r"next attempt in 0\.5 s"):
        await transport.read(Span("holding", 0, 1))


async def test_an_idle_connection_that_was_closed_is_made_again() -> None:
    async with serving(good) as server:
        transport = bus_to(server.port).transport(1)
        await transport.read(Span("holding", 0, 1))
        server.hang_up()
        await until(lambda: server.open == 0)
        assert await transport.read(Span("holding", 0, 1)) == [1000]
        assert server.connections == 2
        await transport.close()


@pytest.mark.parametrize("is_read", [True, False])
async def test_a_peer_that_closes_instead_of_answering(is_read: bool) -> None:
    """A read is repeated on a new connection, a write is not."""
    async with serving(good) as server:

        def close_once(request: bytes) -> tuple[float, bytes]:
            server.hang_up()
            server.reply = good
            return SILENT

        server.reply = close_once
        transport = bus_to(server.port).transport(1)
        if is_read:
            assert await transport.read(Span("holding", 0, 1)) == [1000]
        else:
            with pytest.raises(LinkDown, match="closed the connection instead of answering"):
                await transport.write(0, [1])
        assert len(server.requests) == (2 if is_read else 1)
        await transport.close()


@pytest.mark.parametrize(
    ("pdu", "reason"),
    [
        (registers(3, [1]), "1 registers came back"),
        (registers(3, [1, 2, 3, 4, 5]), "5 registers came back"),
        (registers(4, [1, 2]), "answered with function 4 instead of 3"),
        (b"\x06\x00\x00\x00\x01", "answered with function 6 instead of 3"),
    ],
)
async def test_an_answer_to_another_question_is_no_answer(pdu: bytes, reason: str) -> None:
    async with serving(lambda request: (0.0, tcp(request, pdu))) as server:
        transport = bus_to(server.port, retries=0).transport(1)
        with pytest.raises(BadFrame, match=reason):
            await transport.read(Span("holding", 0, 2))
        await transport.close()


async def test_a_bad_frame_is_asked_for_again_once() -> None:
    async with serving(lambda request: (0.0, tcp(request, registers(3, [9])))) as server:
        transport = bus_to(server.port).transport(1)
        with pytest.raises(BadFrame):
            await transport.read(Span("holding", 0, 2))
        assert len(server.requests) == 2
        await transport.close()


@pytest.mark.parametrize("wrong", ["transaction", "unit", "protocol"])
async def test_a_foreign_tcp_answer_is_dropped(wrong: str) -> None:
    at = {"transaction": 1, "protocol": 3, "unit": 6}[wrong]

    def foreign(request: bytes) -> tuple[float, bytes]:
        answer = bytearray(good(request)[1])
        answer[at] ^= 0x11
        return 0.0, bytes(answer)

    async with serving(foreign) as server:
        transport = bus_to(server.port, timeout_s=0.05, retries=0).transport(1)
        with pytest.raises(BadFrame if wrong == "transaction" else NoAnswer):
            await transport.read(Span("holding", 0, 1))
        await transport.close()


async def test_a_late_tcp_answer_is_never_taken_for_the_next() -> None:
    delays = iter([0.15, 0.0])

    def late(request: bytes) -> tuple[float, bytes]:
        return next(delays), good(request)[1]

    async with serving(late) as server:
        transport = bus_to(server.port, timeout_s=0.1, retries=0).transport(1)
        with pytest.raises(NoAnswer):
            await transport.read(Span("holding", 200, 1))
        assert await transport.read(Span("holding", 300, 1)) == [1300]
        await asyncio.sleep(0.1)
        server.reply = good
        assert await transport.read(Span("holding", 400, 1)) == [1400]
        await transport.close()


async def test_a_settle_time_is_waited_after_connecting() -> None:
    clock = VirtualClock()
    async with serving(good) as server:
        transport = bus_to(server.port, clock, settle_s=1.5).transport(1)
        for address in (1, 2):
            await transport.read(Span("holding", address, 1))
        assert clock.slept == [1.5]
        await transport.close()


class FirstSleepEndless(VirtualClock):
    def __init__(self) -> None:
        super().__init__()
        self.sleeps = asyncio.Event()

    async def sleep(self, delay: float) -> None:
        if not self.sleeps.is_set():
            self.sleeps.set()
            await asyncio.Event().wait()
        await super().sleep(delay)


async def test_who_comes_after_one_that_was_told_to_end_waits_for_the_settle_time_too() -> None:
    """As the release at the end, which follows upon an order that was under way."""
    clock = FirstSleepEndless()
    async with serving(good) as server:
        transport = bus_to(server.port, clock, settle_s=1.5).transport(1)
        first = asyncio.create_task(transport.read(Span("holding", 1, 1)))
        await clock.sleeps.wait()
        first.cancel()
        await asyncio.wait([first])
        await transport.read(Span("holding", 2, 1))
        assert (clock.slept, server.connections) == ([1.5], 1)
        await transport.close()


async def test_unit_0_is_the_device_itself_on_tcp() -> None:
    async with serving(lambda request: (0.0, tcp(request, request[7:8] + request[8:12]))) as server:
        transport = bus_to(server.port).transport(0)
        await transport.write(1, [2])
        assert server.requests[0][6] == 0
        await transport.close()


async def test_the_library_keeps_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving(lambda request: SILENT) as server:
            transport = bus_to(server.port, timeout_s=0.05, retries=0).transport(1)
            with pytest.raises(NoAnswer):
                await transport.read(Span("holding", 0, 1))
            await transport.close()
    assert not [record for record in caplog.records if record.name.startswith("pymodbus")]


@pytest.mark.parametrize("bad", [{"timeout_s": 0}, {"timeout_s": 61}, {"retries": 2}])
def test_settings_of_a_bus_are_checked(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(bad))} is"):
        bus_to(502, **bad)


@pytest.mark.parametrize("unit_id", [-1, 256])
def test_unit_ids_are_checked(unit_id: int) -> None:
    with pytest.raises(ValueError, match="unit_id is"):
        bus_to(502).transport(unit_id)


@pytest.mark.parametrize(
    ("kind", "settings", "sentence"),
    [
        (TcpEndpoint, {"host": ""}, "host is empty"),
        (TcpEndpoint, {"host": "h", "port": 0}, "port is 0"),
        (TcpEndpoint, {"host": "h", "framing": "ascii"}, 'framing is "ascii"'),
        (SerialEndpoint, {"port": ""}, "serial port is empty"),
        (SerialEndpoint, {"port": "p", "baud": 0}, "baud is 0"),
        (SerialEndpoint, {"port": "p", "parity": "X"}, 'parity is "X"'),
        (SerialEndpoint, {"port": "p", "stop_bits": 3}, "stop_bits is 3"),
    ],
)
def test_endpoints_are_checked(kind: type, settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        kind(**settings)


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
async def test_noise_is_only_ever_an_error_of_the_drivers(framing: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whole frames with random contents: an error that says so, and nothing logged by the event loop."""
    noise = random.Random(7)

    def babble(request: bytes) -> tuple[float, bytes]:
        pdu = noise.choice([b"\x03\x04", b"\x83", b"\x2b", b"\x08", b"\x63"]) + noise.randbytes(noise.randrange(7))
        return 0.0, tcp(request, pdu) if framing == "tcp" else rtu(request[0], pdu)

    clock = VirtualClock()
    async with serving(babble) as server:
        transport = bus_to(server.port, clock, timeout_s=0.02, framing=framing).transport(1)
        for _ in range(50):
            with contextlib.suppress(DriverError):
                assert len(await transport.read(Span("holding", 0, 2))) == 2
            clock.now += 10.0
        assert len(server.requests) > 40, "most of them came to the noise"
        await transport.close()
    assert caplog.records == []
