"""Gateways that number their answers themselves, and devices that serve one client at a time. Real sockets."""

import asyncio
import itertools

import pytest

from drivers.device import Span
from drivers.endpoint import SingleClient, TcpEndpoint
from drivers.errors import BadFrame, LinkDown, NoAnswer
from tests.drivers.wire import SILENT, Reply, VirtualClock, bus_to, good, rtu, serving, until

ONE = Span("holding", 200, 1)
ALONE = SingleClient()


def numbered(*ids: int) -> Reply:
    """Good answers with these transaction ids, one after the other, again and again."""
    own = itertools.cycle(ids)

    def reply(request: bytes) -> tuple[float, bytes]:
        return 0.0, next(own).to_bytes(2, "big") + good(request)[1][2:]

    return reply


@pytest.mark.parametrize("number", [0, 2, 7, 65535])
async def test_a_gateway_with_numbers_of_its_own_is_refused_with_that_reason(number: int) -> None:
    async with serving(numbered(number)) as server:
        transport = bus_to(server.port, timeout_s=0.05, retries=0).transport(1)
        with pytest.raises(BadFrame) as refused:
            await transport.read(ONE)
        assert str(refused.value) == (
            f"unit 1: reading 1 holding registers from 200: 127.0.0.1:{server.port} answered with transaction id "
            f"{number}, which was not asked: a gateway that numbers its answers itself needs "
            'transaction_ids = "ignored"'
        )
        await transport.close()


async def test_its_answers_are_taken_in_order_when_that_is_asked_for() -> None:
    async with serving(numbered(0, 2, 7, 65535)) as server:
        bus = bus_to(server.port, ids_ignored=True)
        one, two = bus.transport(1), bus.transport(2)
        for address in range(300, 306):
            first, second = await asyncio.gather(
                one.read(Span("holding", address, 2)), two.read(Span("input", address, 1))
            )
            assert (first, second) == ([address + 1000, address + 1001], [address + 1000])
        assert server.connections == 1
        await one.close()
        await two.close()


async def test_without_numbers_a_late_answer_is_never_taken_for_the_next() -> None:
    """Every second answer is late by more than the timeout, and looks exactly like the answer to the next request."""
    clock = VirtualClock()
    delays = itertools.cycle((0.12, 0.0))

    def late(request: bytes) -> tuple[float, bytes]:
        return next(delays), numbered(9)(request)[1]

    async with serving(late) as server:
        transport = bus_to(server.port, clock, timeout_s=0.1, retries=0, ids_ignored=True).transport(1)
        for address in (200, 400, 600):
            with pytest.raises(NoAnswer):
                await transport.read(Span("holding", address, 1))
            assert await transport.read(Span("holding", address + 100, 1)) == [address + 1100]
        assert server.connections == 4, "closed after each silence"
        await transport.close()


async def test_without_numbers_an_answer_that_comes_twice_is_taken_once() -> None:
    async with serving(lambda request: (0.0, numbered(9)(request)[1])) as server:
        transport = bus_to(server.port, ids_ignored=True).transport(1)
        for address in (200, 300, 400):
            assert await transport.read(Span("holding", address, 1)) == [address + 1000]
            server.say(numbered(9)(server.requests[-1])[1])
            await asyncio.sleep(0.02)
        assert server.connections == 3, "what came unasked may be followed by more"
        await transport.close()


async def test_an_answer_of_another_unit_is_not_taken_by_its_order() -> None:
    def other(request: bytes) -> tuple[float, bytes]:
        answer = bytearray(numbered(9)(request)[1])
        answer[6] += 1
        return 0.0, bytes(answer)

    async with serving(other) as server:
        transport = bus_to(server.port, timeout_s=0.05, retries=0, ids_ignored=True).transport(1)
        with pytest.raises(NoAnswer):
            await transport.read(ONE)
        await transport.close()


async def test_answers_that_always_come_too_late_are_called_that() -> None:
    """In lockstep: each answer arrives while the next one is waited for."""
    async with serving(lambda request: (0.15, good(request)[1])) as server:
        transport = bus_to(server.port, timeout_s=0.1, retries=0).transport(1)
        with pytest.raises(NoAnswer, match=r"within 0\.1 s$"):
            await transport.read(ONE)
        with pytest.raises(NoAnswer, match="a late one to an earlier question: timeout_s is too short"):
            await transport.read(ONE)
        await transport.close()


async def test_an_answer_to_another_write_is_no_answer() -> None:
    def elsewhere(request: bytes) -> tuple[float, bytes]:
        return 0.0, rtu(request[0], request[1:2] + b"\x00\x63" + request[4:6])

    async with serving(elsewhere) as server:
        transport = bus_to(server.port, framing="rtu").transport(1)
        with pytest.raises(BadFrame, match="the answer is to a write from 99"):
            await transport.write(200, [1, 2])
        await transport.close()


async def test_a_peer_that_hangs_up_is_not_waited_for() -> None:
    async with serving(good) as server:

        def hang_up(request: bytes) -> tuple[float, bytes]:
            server.hang_up()
            return SILENT

        transport = bus_to(server.port, timeout_s=60.0).transport(1)
        await transport.read(ONE)
        server.reply = hang_up
        async with asyncio.timeout(10):
            with pytest.raises(LinkDown, match=r"closed the connection instead of answering$"):
                await transport.write(200, [1])
        await transport.close()


@pytest.mark.parametrize("alone", [ALONE, None])
async def test_a_place_that_is_taken_is_said_and_not_stormed(alone: SingleClient | None) -> None:
    """Connections are taken and closed at once, as a second client sees it, until the first one leaves."""
    clock = VirtualClock()
    async with serving(good) as server:
        server.is_taken = True
        transport = bus_to(server.port, clock, retries=0, single_client=alone).transport(1)
        for _ in range(2):
            with pytest.raises(LinkDown, match="closed the connection instead of answering") as refused:
                await transport.read(ONE)
        who = "this device serves" if alone else "if the device serves"
        assert str(refused.value).endswith(
            f"held by another program, {who} one client only: connections are closed before any answer"
        )
        with pytest.raises(LinkDown, match=r"next attempt in 0\.5 s: held by another program"):
            await transport.read(ONE)
        assert server.connections == 2
        server.is_taken = False
        clock.now += 0.5
        assert await transport.read(ONE) == [1200]
        await transport.close()


async def test_a_refused_connection_of_the_only_client() -> None:
    async with serving(good) as server:
        pass
    transport = bus_to(server.port, single_client=ALONE).transport(1)
    with pytest.raises(LinkDown, match="held by another program, or nothing listens on this port"):
        await transport.read(ONE)


async def test_silence_since_connecting_may_be_another_client() -> None:
    async with serving(lambda request: SILENT) as server:
        transport = bus_to(server.port, timeout_s=0.05, retries=0, single_client=ALONE).transport(1)
        with pytest.raises(NoAnswer, match="serves one client only and may be held by another program"):
            await transport.read(ONE)
        await transport.close()


async def test_the_only_place_is_given_back_when_nothing_is_asked() -> None:
    async with serving(good) as server:
        transport = bus_to(server.port, single_client=SingleClient(0.05)).transport(1)
        assert await transport.read(ONE) == [1200]
        await until(lambda: server.open == 0)
        assert await transport.read(ONE) == [1200]
        assert server.connections == 2
        await transport.close()


async def test_the_only_place_is_held_through_questions_and_without_an_end() -> None:
    async with serving(lambda request: (0.02, good(request)[1])) as server:
        holding = bus_to(server.port, single_client=ALONE).transport(1)
        giving = bus_to(server.port, single_client=SingleClient(1.5)).transport(1)
        for _ in range(30):
            assert await holding.read(ONE) == [1200]
            assert await giving.read(ONE) == [1200]
        assert server.connections == 2
        await until(lambda: server.open == 1)
        await holding.close()
        await giving.close()


def test_what_goes_together() -> None:
    with pytest.raises(ValueError, match='ids_ignored goes with framing "tcp"'):
        TcpEndpoint("h", 502, "rtu", ids_ignored=True)
    with pytest.raises(ValueError, match='echo goes with framing "rtu"'):
        TcpEndpoint("h", 502, echo=True)
    with pytest.raises(ValueError, match="give_back_after_s is -1"):
        SingleClient(-1)
