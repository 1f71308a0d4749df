"""A device is read again and again: what is kept of its answers, and what is left out."""

import asyncio

import pytest

from drivers.device import Span, Steerable
from drivers.dumps.blanking import blanked
from drivers.dumps.capture import Capture, Captured
from drivers.dumps.dump import Dump
from drivers.dumps.series import Series
from drivers.errors import DriverError, LinkDown, NoAnswer, NotSupported, Refused
from drivers.families import sdm630
from drivers.identity import Identity, Sign, Text
from drivers.register import WIRE_TYPES, Register, decode_string, encode_string
from drivers.write_gate import GatedTransport, only_reads
from tests.drivers.hybrids import gen24
from tests.drivers.memory import COMMON, MemoryTransport, SunSpecMap
from tests.drivers.wire import VirtualClock

SERIAL = 40052


def meter() -> MemoryTransport:
    """An SDM630 whose registers are all there."""
    return MemoryTransport(inputs=dict.fromkeys(range(0x200), 0x4040))


def hybrid() -> SunSpecMap:
    device = SunSpecMap()
    device.add(1, COMMON)
    device.add_foreign(12, 98)  # the network: addresses and names
    device.add(103, {"W": 1500, "W_SF": 0, "V_SF": -1, "A_SF": -2, "Hz_SF": -2})
    device.add_foreign(64110, 20)  # its maker's own
    return device.end()


class Clocked(MemoryTransport):
    """Answers after ``takes_s``, on the clock of the capture."""

    def __init__(self, transport: MemoryTransport, clock: VirtualClock, takes_s: float) -> None:
        super().__init__(transport.tables["holding"], transport.tables["input"])
        self._clock, self._takes_s = clock, takes_s

    async def read(self, span: Span) -> list[int]:
        self._clock.now += self._takes_s
        return await super().read(span)


def capture_of(transport: MemoryTransport, family: str = "sdm630", clock: VirtualClock | None = None) -> Capture:
    clock = clock or VirtualClock()
    return Capture(family, {}, 1, transport, clock.monotonic, clock.sleep)


async def captured(transport: MemoryTransport, family: str = "sdm630", seconds: float = 2.5) -> Dump:
    capture = capture_of(transport, family)
    await capture.run(seconds)
    return capture.dump()


def text(dump: Dump, address: int, count: int) -> str:
    return decode_string([dump.words["holding"][at].at(0) for at in range(address, address + count)])


async def test_what_only_reads_cannot_write() -> None:
    transport = meter()
    with pytest.raises(NotSupported, match="writing 2 registers from 7: this connection only reads"):
        await GatedTransport(transport, only_reads()).write(7, [1, 2])
    assert not transport.writes


async def test_a_driver_that_steers_is_stopped_by_the_capture() -> None:
    transport = gen24()
    capture = capture_of(transport, "sunspec_hybrid")
    await capture.run(0.5)
    device = capture._device
    assert isinstance(device, Steerable)
    with pytest.raises(NotSupported, match="this connection only reads"):
        await device.set_power(1000.0, 60.0)
    assert not transport.writes


async def test_the_rounds_keep_the_pace_of_the_family_and_their_words() -> None:
    transport, clock = meter(), VirtualClock()
    capture = capture_of(transport, clock=clock)
    told: list[Captured] = []

    def tell(one: Captured) -> None:
        told.append(one)
        transport.tables["input"][0] += 1

    pace_s = sdm630.FAMILY.link.fastest_poll_s
    await capture.run(2.5 * pace_s, tell)
    dump = capture.dump()
    assert dump.offsets_ms == (0, round(1000 * pace_s), round(2000 * pace_s))
    assert [dump.words["input"][0].at(number) for number in range(3)] == [0x4040, 0x4041, 0x4042]
    assert [one.rounds for one in told] == [1, 2, 3]
    assert dump.expected is not None
    assert set(dump.expected.values) == {quantity.value for quantity in sdm630.ROWS}


async def test_a_long_capture_reads_more_seldom() -> None:
    capture = capture_of(meter())
    await capture.run(86_400.0)
    dump = capture.dump()
    assert len(dump.offsets_ms) == 3600
    assert dump.offsets_ms[1] == 24_000


async def test_what_the_driver_read_stands_against_later_reads_of_the_round() -> None:
    device = hybrid()
    address = device.address(103, "W")
    transport = device.transport()
    reads = 0

    def count(span: Span) -> DriverError | None:
        nonlocal reads
        if span.address <= address < span.address + span.count:
            reads += 1
            transport.words[address] = 1500 + reads
        return None

    transport.failure = count
    dump = await captured(transport, "sunspec_hybrid", 0.5)
    assert reads > 1
    assert dump.expected is not None
    assert dump.expected.values["ac_w"] == dump.words["holding"][address].at(0)


async def test_exceptions_and_silence_are_kept_by_span_and_round() -> None:
    transport = meter()
    failures: list[DriverError | None] = [None, Refused(6, "busy"), NoAnswer("silent"), None]
    first = Span("input", 0, 0)

    def fail(span: Span) -> DriverError | None:
        return failures[capture._watched.round] if span.address == 0 else None

    transport.failure = fail
    capture = capture_of(transport)
    await capture.run(3.5 * sdm630.FAMILY.link.fastest_poll_s)
    dump = capture.dump()
    first = next(span for span in dump.asked if span.address == 0 and span.count > 2)
    assert [dump.outcome(first, number) for number in range(4)] == ["answered", 6, "silent", "answered"]
    assert dump.outcome(Span("input", 0x1000, 2), 0) == 2
    assert dump.outcome(Span("holding", 0, 2), 0) == 2


async def test_the_time_to_an_answer_is_without_the_pause_of_the_line() -> None:
    clock = VirtualClock()
    capture = Capture("sdm630", {}, 1, Clocked(meter(), clock, 0.25), clock.monotonic, clock.sleep, gap_s=0.06)
    await capture.run(2.0)
    times_s = {asked.answer_s for asked in capture.dump().asked.values()} - {None}
    assert times_s
    assert all(time_s is not None and time_s == pytest.approx(0.22, abs=0.031) for time_s in times_s)


async def test_a_device_that_never_answers_is_an_error() -> None:
    transport = meter()
    transport.failure = lambda span: LinkDown("no connection to it")
    capture = capture_of(transport)
    with pytest.raises(LinkDown, match="no connection to it"):
        await capture.run(60.0)
    with pytest.raises(ValueError, match="has not answered"):
        capture.dump()


async def test_a_device_that_the_driver_cannot_read_is_captured_without_expectations() -> None:
    device = SunSpecMap()
    device.add(1, COMMON)
    capture = capture_of(device.end().transport(), "sunspec_hybrid")
    await capture.run(0.5)
    assert capture.trouble is not None
    assert "is of use here" in capture.trouble
    assert capture.dump().expected is None
    assert text(capture.dump(), 40004, 16) == COMMON["Mn"]


async def test_what_was_captured_survives_a_cancellation() -> None:
    clock = VirtualClock()
    capture = capture_of(meter(), clock=clock)
    told = asyncio.Event()
    running = asyncio.create_task(capture.run(1e9, lambda one: told.set()))
    await told.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert capture.dump().expected is not None


async def test_the_whole_chain_is_read_but_no_private_model() -> None:
    device = hybrid()
    dump = await captured(device.transport(), "sunspec_hybrid", 0.5)
    words = dump.words["holding"]
    network = device.models[0].end
    makers = device.models[1].end
    assert set(words) >= {*range(device.base, network + 2), *range(device.models[1].address, makers + 2)}
    assert not set(words) & {*range(network + 2, network + 100), *range(makers + 2, makers + 22)}
    assert (words[network].at(0), words[network + 1].at(0)) == (12, 98)


async def test_serial_numbers_are_blanked_to_their_length() -> None:
    dump = await captured(hybrid().transport(), "sunspec_hybrid", 0.5)
    assert text(dump, SERIAL, 16) == "X" * len(COMMON["SN"])
    assert text(dump, 40020, 16) == COMMON["Md"]


async def test_a_chain_elsewhere_tells_no_serial_number_either() -> None:
    device = SunSpecMap(50000)
    device.add(1, COMMON)
    device.add(103, {"W": 1500, "W_SF": 0})
    device.add(1, {**COMMON, "SN": "0816"})
    dump = await captured(device.end().transport(), "sunspec_hybrid", 0.5)
    for model in (device.models[0], device.models[2]):
        assert text(dump, model.address + 50, 16) == "XXXX"


def test_a_serial_number_by_which_a_device_is_known_keeps_its_beginning() -> None:
    identity = Identity(named=Text(800, 4), serial=Text(800, 4), begins=("GW",))
    words = {at: Series(((0, word),)) for at, word in enumerate(encode_string("GW 1234", 4), start=800)}
    found = blanked({"holding": words}, identity, (), ())["holding"]
    assert decode_string([found[at].at(0) for at in range(800, 804)]) == "GW XXXX"


def test_a_serial_number_that_is_a_number_is_the_lowest_that_is_allowed() -> None:
    row = Register("Serial number", 30057, WIRE_TYPES["uint32"])
    words = {30057: Series(((0, 1),)), 30058: Series(((0, 2),)), 30059: Series(((0, 3),))}
    found = blanked({"holding": words}, Identity((Sign(row, low=1.0),)), (), ())["holding"]
    assert [found[at].at(0) for at in range(30057, 30060)] == [0, 1, 3]
