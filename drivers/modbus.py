"""Modbus TCP and RTU by pymodbus, which only this file and ``modbus_client`` know.

A ``Bus`` is one endpoint: one connection, one lock, one request at a time, shared by every unit id behind it.
Sources of the rules: Modbus application protocol 1.1b3, Modbus over serial line 1.02, pymodbus 3.16 with its issue 2827
(no silent interval) and pull request 2636 (a late RTU answer cannot be told from the next one).
"""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pymodbus import ModbusException
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import ModbusPDU

from drivers.back_off import BackOff
from drivers.device import Span, Transport
from drivers.endpoint import Endpoint
from drivers.errors import BadFrame, LinkDown, NoAnswer, NotSupported, Refused
from drivers.link_failure import failure_words
from drivers.modbus_client import Client, make_client

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # each lost answer would be several lines with hex dumps

_READ_HOLDING, _READ_INPUT, _WRITE_ONE, _WRITE_MANY = 3, 4, 6, 16
_RTU_GAP_S = 0.06  # Eastron asks for 60 ms between telegrams; the 3.5 characters of the standard are within it
_SILENCES_ALLOWED = 3  # in a row, then a unit is left alone for a while and a connection is made anew
_NOT_NOW = frozenset({4, 5, 6, 10, 11})  # exceptions of a unit that is busy, failing or away: it is left alone too


@dataclass(frozen=True, slots=True)
class _Request:
    """``send`` puts it on the wire; ``count`` registers must come back (None for a write); ``asked`` is for people."""

    unit_id: int
    asked: str
    function: int
    count: int | None
    send: Callable[[Client], Awaitable[ModbusPDU]]

    def check(self, answer: ModbusPDU) -> None:
        """Raise BadFrame for an answer to some other question: pymodbus checks neither function nor length."""
        if answer.isError():
            return
        if answer.function_code != self.function:
            raise BadFrame(f"{self.asked}: answered with function {answer.function_code} instead of {self.function}")
        if self.count is not None and len(answer.registers) != self.count:
            raise BadFrame(f"{self.asked}: {len(answer.registers)} registers came back")


class Sleep(Protocol):
    """``asyncio.sleep`` or a virtual clock's."""

    def __call__(self, delay: float, /) -> Awaitable[object]: ...


class Bus:
    """One endpoint and all the unit ids on it.

    ``timeout_s`` is for connecting and for each answer. ``retries`` (0 or 1) repeats reads only, never writes.
    ``gap_s`` is the silence kept between an answer and the next request (None: none on TCP, 60 ms on RTU). ``settle_s``
    is waited after connecting. ``jitter`` gives numbers 0..1. Only pacing and back-off run on ``monotonic`` and
    ``sleep``; an answer is awaited in real time.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout_s: float = 1.0,
        retries: int = 1,
        gap_s: float | None = None,
        settle_s: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if not 0 < timeout_s <= 60:
            raise ValueError(f"timeout_s is {timeout_s}: it must be above 0 and at most 60")
        if retries not in (0, 1):
            raise ValueError(f"retries is {retries}: it must be 0 or 1")
        self.endpoint = endpoint
        self._timeout_s = timeout_s
        self._retries = retries
        self._gap_s = (_RTU_GAP_S if endpoint.is_rtu else 0.0) if gap_s is None else gap_s
        self._settle_s = settle_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._users: set[_UnitTransport] = set()
        self._quiet_until = -float("inf")
        self._link = BackOff(monotonic, jitter)
        self._units: defaultdict[int, BackOff] = defaultdict(partial(BackOff, monotonic, jitter, _SILENCES_ALLOWED - 1))
        self._silences = 0  # in a row, of any unit
        self._why = ""  # the last connection could not be made

    def transport(self, unit_id: int, *, single_write_fc6: bool = False) -> Transport:
        """The registers of one unit id. ``single_write_fc6`` sends single words by FC6 instead of FC16."""
        if not 0 <= unit_id <= 255:
            raise ValueError(f"unit_id is {unit_id}: it must be 0 to 255")
        return _UnitTransport(self, unit_id, single_write_fc6)

    async def ask(self, request: _Request) -> ModbusPDU:
        """Send ``request`` and return the answer to it."""
        try:
            return await self._attempt(request)
        except (NoAnswer, LinkDown, BadFrame) as error:
            if not self._worth_repeating(request, error):
                raise
        return await self._attempt(request)

    async def _attempt(self, request: _Request) -> ModbusPDU:
        async with self._turn(request) as client:
            return await self._exchange(client, request)

    def _worth_repeating(self, request: _Request, error: Exception) -> bool:
        """Reads only. A silent RTU bus needs a pause first, and a unit that was silent before is likely gone."""
        if not self._retries or request.count is None or self._link.left_s():
            return False
        seldom_silent = self._units[request.unit_id].failures == 1
        return not isinstance(error, NoAnswer) or (seldom_silent and not self.endpoint.is_rtu)

    async def pause(self, seconds: float) -> None:
        """Wait on the clock of the bus, without holding it."""
        await self._sleep(seconds)

    def joined(self, user: "_UnitTransport") -> None:
        self._users.add(user)

    def left(self, user: "_UnitTransport") -> None:
        """Close when the last user leaves."""
        self._users.discard(user)
        if not self._users:
            self._hang_up()

    @asynccontextmanager
    async def _turn(self, request: _Request) -> AsyncIterator[Client]:
        """The bus for one request: nobody else's, connected, and quiet for long enough."""
        self._raise_if_resting(request)
        async with self._lock:
            self._raise_if_resting(request)
            wait_s = self._quiet_until - self._monotonic()
            if wait_s > 0:
                await self._sleep(wait_s)
            if self._client is None or not self._client.connected:
                self._client = await self._connect(request.asked)
                if self._settle_s > 0:
                    await self._sleep(self._settle_s)
            yield self._client

    def _raise_if_resting(self, request: _Request) -> None:
        """Answer at once for what is known to be gone: nothing else shall wait for it."""
        if left_s := self._link.left_s():
            next_one = f"next attempt in {left_s:.1f} s"
            raise LinkDown(f"{request.asked}: no connection to {self.endpoint}, {next_one}: {self._why}")
        if left_s := self._units[request.unit_id].left_s():
            raise NoAnswer(f"{request.asked}: silent or busy before, next attempt in {left_s:.1f} s")

    async def _connect(self, asked: str) -> Client:
        self._hang_up()
        client, met = make_client(self.endpoint, self._timeout_s)
        try:
            connected = await client.connect()
        except (OSError, ValueError):  # a serial port may refuse its settings
            connected = False
        if not connected:
            client.close()
            self._link.failed()
            self._why = failure_words(self.endpoint, met[-1] if met else None, self._timeout_s)
            raise LinkDown(f"{asked}: no connection to {self.endpoint}: {self._why}")
        self._link.succeeded()
        return client

    async def _exchange(self, client: Client, request: _Request) -> ModbusPDU:
        clean = False  # until its answer has come, whatever follows on the wire may still be it
        try:
            answer = await request.send(client)
            request.check(answer)
            clean = True
        except ConnectionException as error:
            raise LinkDown(f"{request.asked}: no connection to {self.endpoint}") from error
        except (ModbusException, TimeoutError, OSError) as error:
            raise self._silence(client, request) from error
        finally:
            self._pause(clean)  # also when the caller was cancelled
        self._silences = 0
        unit = self._units[request.unit_id]
        if answer.isError() and answer.exception_code in _NOT_NOW:
            unit.failed()
        else:
            unit.succeeded()
        if answer.isError():
            raise Refused(answer.exception_code, request.asked)
        return answer

    def _pause(self, clean: bool) -> None:
        """Keep the gap. After an unclean end on RTU the next answer may be a late one: close and wait it out."""
        pause_s = self._gap_s
        if not clean and self.endpoint.is_rtu:
            self._hang_up()
            pause_s = max(1.0, 2 * self._timeout_s, self._gap_s)
        self._quiet_until = self._monotonic() + pause_s

    def _silence(self, client: Client, request: _Request) -> NoAnswer | LinkDown:
        if not client.connected:
            self._hang_up()
            return LinkDown(f"{request.asked}: {self.endpoint} closed the connection instead of answering")
        self._silences += 1
        self._units[request.unit_id].failed()
        if self._silences >= _SILENCES_ALLOWED:  # only silence shows a half-open connection
            self._hang_up()
            self._silences = 0
        return NoAnswer(f"{request.asked}: no answer from {self.endpoint} within {self._timeout_s:g} s")

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class _UnitTransport:
    """``Transport`` of one unit id on a bus."""

    def __init__(self, bus: Bus, unit_id: int, single_write_fc6: bool) -> None:
        self._bus = bus
        self.unit_id = unit_id
        self._single_write_fc6 = single_write_fc6

    async def read(self, span: Span) -> list[int]:
        asked = f"unit {self.unit_id}: reading {span.count} {span.table} registers from {span.address}"

        def send(client: Client) -> Awaitable[ModbusPDU]:
            read = client.read_holding_registers if span.table == "holding" else client.read_input_registers
            return read(span.address, count=span.count, device_id=self.unit_id)

        function = _READ_HOLDING if span.table == "holding" else _READ_INPUT
        self._bus.joined(self)
        answer = await self._bus.ask(_Request(self.unit_id, asked, function, span.count, send))
        return list(answer.registers)

    async def write(self, address: int, words: Sequence[int]) -> None:
        asked = f"unit {self.unit_id}: writing {len(words)} registers from {address}"
        if self.unit_id == 0 and self._bus.endpoint.is_rtu:
            raise NotSupported(f"{asked}: every device of an RTU bus obeys unit 0")
        single = self._single_write_fc6 and len(words) == 1

        def send(client: Client) -> Awaitable[ModbusPDU]:
            if single:
                return client.write_register(address, words[0], device_id=self.unit_id)
            return client.write_registers(address, list(words), device_id=self.unit_id)

        self._bus.joined(self)
        function = _WRITE_ONE if single else _WRITE_MANY
        await self._bus.ask(_Request(self.unit_id, asked, function, None, send))

    async def pause(self, seconds: float) -> None:
        await self._bus.pause(seconds)

    async def close(self) -> None:
        self._bus.left(self)
