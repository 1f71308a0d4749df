"""What the decoder is shown of a noisy line: bytes in any pieces, and never a value that was not sent."""

import asyncio
import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.pdu import ModbusPDU

from drivers.endpoint import TcpEndpoint
from drivers.modbus_client import make_connection
from drivers.wire_watch import WireWatch
from tests.drivers.wire import registers, rtu

ASKED = (7, 3, 200, 2)  # unit, function, address, count
ANSWER = rtu(7, registers(3, [4711, 42]))
ECHO = rtu(7, bytes((3, 0, 200, 0, 2)))


class Line(asyncio.Transport):
    """Takes what is sent."""

    def write(self, data: object) -> None:
        pass

    def close(self) -> None:
        pass


async def heard(pieces: list[bytes], *, echo: bool = False) -> ModbusPDU | None:
    """What a client of ours takes for the answer when these pieces come in; None for none."""
    unit_id, _, address, count = ASKED
    made = make_connection(TcpEndpoint("h", framing="rtu", echo=echo), 60.0)
    wire = made.client.ctx
    wire.connection_made(Line())
    asking = asyncio.ensure_future(made.client.read_holding_registers(address, count=count, device_id=unit_id))
    while not made.watch.waiting:
        await asyncio.sleep(0)
    for piece in pieces:
        wire.data_received(piece)
    answer = wire.response_future.result() if wire.response_future.done() else None
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return answer


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(stream)) for place in places} | {0, len(stream)})
    return [stream[begin:end] for begin, end in pairwise(ends)]


PLACES = st.lists(st.integers(0, 60), max_size=6)
NOISE = st.binary(max_size=20)


@given(NOISE, NOISE, PLACES, st.booleans())
def test_noise_around_an_answer_costs_the_answer_and_never_changes_it(
    before: bytes, after: bytes, places: list[int], echo: bool
) -> None:
    stream = before + (ECHO if echo else b"") + ANSWER + after
    answer = asyncio.run(heard(cut(stream, places), echo=echo))
    assert answer is None or list(answer.registers) == [4711, 42] or answer.isError()
    assert answer is None or not answer.isError(), "an exception is an answer too, and none was sent"


@given(st.integers(0, len(ANSWER) - 1), st.integers(1, 255), PLACES)
def test_a_damaged_answer_is_none(place: int, flipped: int, places: list[int]) -> None:
    spoiled = bytearray(ANSWER)
    spoiled[place] ^= flipped
    assert asyncio.run(heard(cut(bytes(spoiled), places))) is None


@given(PLACES)
def test_an_answer_in_any_pieces_is_found(places: list[int]) -> None:
    for echo in (False, True):
        stream = (ECHO if echo else b"") + ANSWER
        answer = asyncio.run(heard(cut(stream, places), echo=echo))
        assert answer is not None
        assert list(answer.registers) == [4711, 42]


@given(st.integers(0, len(ECHO) - 1), st.integers(1, 255), PLACES)
def test_nothing_is_believed_behind_a_damaged_echo(place: int, flipped: int, places: list[int]) -> None:
    echo = bytearray(ECHO)
    echo[place] ^= flipped
    assert asyncio.run(heard(cut(bytes(echo) + ANSWER, places), echo=True)) is None


@given(PLACES, st.binary(max_size=3))
def test_an_echo_that_nobody_expects_is_seen(places: list[int], before: bytes) -> None:
    watch = WireWatch(numbered=False)
    watch.begin(ECHO)
    left = b""
    for piece in cut(before + ECHO + ANSWER, places):
        left += piece
        skipped, rest = watch.filter(left)
        used = skipped + len(rest) // 2  # a decoder that leaves some
        watch.decoded(len(left), used)
        left = left[used:]
    assert watch.echoed


def test_the_answer_to_a_single_write_is_no_echo() -> None:
    write = rtu(7, bytes((6, 0, 200, 0, 2)))
    watch = WireWatch(numbered=False)
    watch.begin(write)
    assert watch.filter(write) == (0, write)
    assert not watch.echoed


def framed(number: int, pdu: bytes, protocol: int = 0) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in (number, protocol, len(pdu) + 1)) + b"\x07" + pdu


PDU = registers(3, [4711])


@pytest.mark.parametrize(
    ("any_number", "came", "consumed", "shown", "other"),
    [
        (False, framed(5, PDU), 0, framed(5, PDU), None),
        (False, framed(4, PDU), 11, b"", 4),
        (False, framed(0, PDU), 11, b"", 0),
        (False, framed(4, PDU) + framed(5, PDU), 11, framed(5, PDU), 4),
        (False, framed(4, PDU)[:9], 0, b"", None),
        (False, framed(4, PDU, protocol=1), 0, framed(4, PDU, protocol=1), None),
        (True, framed(4, PDU), 0, framed(5, PDU), None),
        (True, framed(0, PDU), 0, framed(5, PDU), None),
        (True, framed(4, PDU)[:9], 0, b"", None),
    ],
)
def test_transaction_ids(any_number: bool, came: bytes, consumed: int, shown: bytes, other: int | None) -> None:
    watch = WireWatch(any_number=any_number)
    watch.begin(framed(5, bytes((3, 0, 200, 0, 1))))
    assert watch.filter(came) == (consumed, shown)
    assert watch.other_id == other
    assert not watch.late


def test_the_answer_to_a_question_that_was_given_up_is_late_and_told_once() -> None:
    watch = WireWatch()
    for number in (5, 6):
        watch.begin(framed(number, bytes((3, 0, 200, 0, 1))))
        watch.end(answered=False)
    watch.begin(framed(7, bytes((3, 0, 200, 0, 1))))
    assert watch.filter(framed(6, PDU)) == (11, b"")
    assert (watch.late, watch.other_id) == (True, None)
    watch.begin(framed(8, bytes((3, 0, 200, 0, 1))))
    assert not watch.late
    assert watch.filter(framed(6, PDU)) == (11, b"")
    assert watch.other_id == 6


def test_what_comes_unasked_is_consumed() -> None:
    for any_number in (False, True):
        watch = WireWatch(any_number=any_number)
        assert watch.filter(os.urandom(5)) == (5, b"")
        assert watch.untrusted is any_number
