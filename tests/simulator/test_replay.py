"""A captured device is served as it was: words over time, refusals, silence and times; writes go into a shadow."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.device import Applied, Span, Steerable, Transport
from drivers.dumps.dump import Asked, Dump
from drivers.dumps.dump_file import read_dump, written
from drivers.dumps.series import Series
from drivers.endpoint import TcpEndpoint
from drivers.errors import NoAnswer, Refused
from drivers.modbus import Bus
from drivers.registry import build
from simulator.__main__ import main
from simulator.replay import AtEnd, Replayed, server_of
from tests.dumps.make import FOLDER
from tests.simulator.test_command import read_line, running

BUSY, SILENT, OWN_CODE, SLOW = Span("input", 20, 2), Span("input", 30, 2), Span("input", 40, 2), Span("input", 50, 2)


def dump() -> Dump:
    """Four rounds, one a second: input register 7 counts, others are refused, silent or slow; two are holding."""
    answered: Series[int] = Series(((0, 5),))
    return Dump(
        family="sdm630",
        options={},
        unit_id=3,
        offsets_ms=(0, 1000, 2000, 3000),
        words={
            "input": {7: Series(((0, 70), (1, 71), (2, 72), (3, 73))), **dict.fromkeys((20, 21, 50, 51), answered)},
            "holding": {100: Series(((0, 1), (2, 2))), 101: answered},
        },
        asked={
            BUSY: Asked(0.0, Series(((0, "answered"), (1, 6), (2, "answered")))),
            SILENT: Asked(None, Series(((0, "silent"),))),
            OWN_CODE: Asked(0.0, Series(((0, 0x93),))),
            SLOW: Asked(0.125, Series(((0, "answered"),))),
        },
        expected=None,
    )


class Served:
    """``passed_s`` is the time since the first round."""

    def __init__(self, of: Dump, at_end: AtEnd) -> None:
        self.passed_s = 0.0
        self.unit = Replayed(of, lambda: self.passed_s, at_end)
        self.port = 0

    def transport(self, unit_id: int, timeout_s: float = 5.0) -> Transport:
        return Bus(TcpEndpoint("127.0.0.1", self.port), timeout_s=timeout_s, retries=0).transport(unit_id)


@asynccontextmanager
async def served(of: Dump, at_end: AtEnd = "loop") -> AsyncIterator[Served]:
    found = Served(of, at_end)
    server = server_of(of, found.unit, "127.0.0.1", 0)
    await server.begin()
    found.port = server.port
    try:
        yield found
    finally:
        await server.shutdown()


async def code(transport: Transport, span: Span) -> int:
    with pytest.raises(Refused) as refused:
        await transport.read(span)
    return refused.value.code


@pytest.mark.parametrize(
    ("at_end", "seen"), [("loop", [70, 70, 71, 73, 73, 70, 71]), ("hold", [70, 70, 71, 73, 73, 73, 73])]
)
async def test_the_words_are_those_of_the_time(at_end: AtEnd, seen: list[int]) -> None:
    async with served(dump(), at_end) as device:
        transport = device.transport(3)
        found = []
        for device.passed_s in (0.0, 0.9, 1.0, 3.0, 3.9, 4.5, 5.5):
            found += await transport.read(Span("input", 7, 1))
        await transport.close()
    assert found == seen


async def test_refusals_are_those_of_the_time_and_the_rest_is_not_there() -> None:
    async with served(dump()) as device:
        transport = device.transport(3)
        assert await transport.read(BUSY) == [5, 5]
        assert await code(transport, OWN_CODE) == 0x93
        for span in (Span("input", 8, 1), Span("input", 7, 2), Span("holding", 7, 1), Span("input", 0xFFFF, 1)):
            assert await code(transport, span) == 2
        assert await code(device.transport(4), Span("input", 7, 1)) == 11
        device.passed_s = 1.5
        assert await code(transport, BUSY) == 6
        await transport.close()


async def test_what_was_silent_is_silent() -> None:
    async with served(dump()) as device:
        transport = device.transport(3, timeout_s=0.2)
        with pytest.raises(NoAnswer):
            await transport.read(SILENT)
        await transport.close()


async def test_an_answer_takes_the_time_that_it_took() -> None:
    async with served(dump()) as device:
        transport = device.transport(3)
        for span, seconds in ((SLOW, 0.125), (BUSY, 0.0), (SLOW, 0.125)):
            await transport.read(span)
            late = device.unit.fault("late_answer")
            assert (0.0 if late is None else late.seconds) == seconds
        await transport.close()


async def test_writes_go_into_a_shadow_that_stays() -> None:
    async with served(dump()) as device:
        transport = device.transport(3)
        await transport.write(100, [900])
        device.passed_s = 2.5
        assert await transport.read(Span("holding", 100, 2)) == [900, 5]
        with pytest.raises(Refused) as refused:
            await transport.write(101, [1, 2])
        assert refused.value.code == 2
        assert await transport.read(Span("holding", 101, 1)) == [5]
        single = Bus(TcpEndpoint("127.0.0.1", device.port)).transport(3, single_write_fc6=True)
        await single.write(101, [7])
        assert await transport.read(Span("holding", 100, 2)) == [900, 7]
        await single.close()
        await transport.close()
    assert device.unit.writes == [(100, (900,)), (101, (7,))]


@pytest.mark.parametrize("name", ["gen24", "kostal", "sma_storage", "victron"])
async def test_a_driver_steers_it_as_far_as_its_registers_go(name: str) -> None:
    captured = read_dump(FOLDER / f"{name}.json")
    async with served(captured, "hold") as replayed:
        transport = replayed.transport(captured.unit_id)
        device = build(captured.family, name, transport, captured.options)
        assert isinstance(device, Steerable)
        await device.read()
        assert await device.set_power(1500.0, 60.0) == Applied(1500.0)  # SMA: registers that cannot be read
        assert replayed.unit.writes
        await device.close()


def test_it_is_served_by_a_command(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(written(dump()))
    with running("--dump", str(path), "--port", "0", "--at-end", "hold") as process:
        first = read_line(process)
        assert first.startswith("sdm630 127.0.0.1:")
        assert first.endswith(" unit id 3, 4 rounds in 4 s, then hold")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20.0) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_what_is_no_dump_is_one_sentence_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    path.write_text(written(dump())[:100])
    assert main(["--dump", str(path)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"simulator: {path}: this is no dump of a device, or only a part of one: line ")
    assert complaint.count("\n") == 1
