"""A captured device behind a real Modbus TCP server: the words, refusals and times that a dump holds."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.device import Span, Table
from drivers.dumps.dump import ILLEGAL_ADDRESS, Dump
from drivers.dumps.dump_file import read_dump
from simulator.faults import Fault, Kind
from simulator.listening import LinkTraits, Server

AtEnd = Literal["loop", "hold"]

AT_END: tuple[AtEnd, ...] = get_args(AtEnd)
_READ_HOLDING, _READ_INPUT, _WRITE_SINGLE, _WRITE_MANY = 3, 4, 6, 16


class Replayed:
    """One unit as a server sees it, at the time that ``passed_s`` gives since the first round of ``dump``, s.

    What was written stays: it is read in place of what was captured, so a driver's read-back works and nothing else
    changes. A write to a register that was not captured, and that is not known as write-only, is refused with
    exception 2. ``writes`` are those taken: address and words.
    """

    def __init__(self, dump: Dump, passed_s: Callable[[], float], at_end: AtEnd = "loop") -> None:
        self.writes: list[tuple[int, tuple[int, ...]]] = []
        self._dump = dump
        self._passed_s = passed_s
        self._at_end = at_end
        self._written: dict[int, int] = {}
        self._late_s = 0.0  # the answer under way
        self._is_silent = False

    def as_sim_device(self, unit_id: int) -> SimDevice:
        """The same unit for pymodbus, which keeps the words between the hook and the answer."""
        words = SimData(0, count=0x10000, values=0, datatype=DataType.REGISTERS)
        return SimDevice(unit_id, [words], action=self._on_request)

    def fault(self, kind: Kind) -> Fault | None:
        """The answer under way is as late as it was when it was captured."""
        if kind != "late_answer" or self._late_s <= 0.0:
            return None
        return Fault("late_answer", "inverter", datetime.now(UTC), 1.0, seconds=self._late_s)

    def is_silent(self) -> bool:
        """Whether the answer under way is none."""
        return self._is_silent

    async def _on_request(
        self,
        function_code: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """pymodbus' hook, called before a request is served from ``registers``."""
        self._is_silent, self._late_s = False, 0.0
        if function_code not in (_READ_HOLDING, _READ_INPUT, _WRITE_SINGLE, _WRITE_MANY):
            return ExcCodes.ILLEGAL_FUNCTION
        if written is not None:
            return self._write(address, [int(word) for word in written])
        table: Table = "input" if function_code == _READ_INPUT else "holding"
        span = Span(table, address, count)
        number = self._round()
        asked = self._dump.asked.get(span)
        self._late_s = (None if asked is None else asked.answer_s) or 0.0
        if function_code in (_READ_HOLDING, _READ_INPUT):
            match self._dump.outcome(span, number):
                case "silent":
                    self._is_silent = True
                    return None
                case int(code):
                    return int.__new__(ExcCodes, code)  # makers have codes of their own, which pymodbus does not name
                case _:
                    pass
        registers[address - start : address - start + count] = [
            self._word(table, at, number) for at in range(address, address + count)
        ]
        return None

    def _round(self) -> int:
        passed_s = self._passed_s()
        return self._dump.round_at(passed_s % self._dump.length_s if self._at_end == "loop" else passed_s)

    def _word(self, table: Table, address: int, number: int) -> int:
        if table == "holding" and address in self._written:
            return self._written[address]
        return self._dump.words[table][address].at(number)

    def _write(self, address: int, words: list[int]) -> ExcCodes | None:
        there = self._dump.words.get("holding", {}).keys() | self._dump.write_only
        if any(at not in there for at in range(address, address + len(words))):
            return ExcCodes(ILLEGAL_ADDRESS)
        self._written.update(enumerate(words, start=address))
        self.writes.append((address, tuple(words)))
        return None


def server_of(dump: Dump, unit: Replayed, host: str, port: int) -> Server:
    """A server that has only the unit id of ``dump``. Port 0 takes a free one."""
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    return Server({dump.unit_id: unit}, (host, port), FramerType.SOCKET, LinkTraits())


async def replay(path: Path, host: str, port: int, at_end: AtEnd) -> None:
    """Serve the dump at ``path`` until stopped; print where, and each write. Raises DumpUnreadable and PortTaken."""
    dump = read_dump(path)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    began = time.monotonic()
    unit = Replayed(dump, lambda: time.monotonic() - began, at_end)
    server = server_of(dump, unit, host, port)
    await server.begin()
    try:
        length = f"{len(dump.offsets_ms)} rounds in {dump.length_s:g} s"
        print(f"{dump.family} {host}:{server.port} unit id {dump.unit_id}, {length}, then {at_end}", flush=True)
        shown = 0
        while not stopped.is_set():
            for address, words in unit.writes[shown:]:
                print(f"written at {address}: {' '.join(map(str, words))}", flush=True)
                shown += 1
            try:
                await asyncio.wait_for(stopped.wait(), 0.2)
            except TimeoutError:
                continue
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]
