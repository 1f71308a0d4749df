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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from pymodbus import ModbusException
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import ModbusPDU

from drivers import sentences as say
from drivers.back_off import BackOff, Sleep, times_longer
from drivers.cancellation import cancellable
from drivers.device import Transport
from drivers.endpoint import RTU_GAP_S, Endpoint, SingleClient
from drivers.errors import BadFrame, LinkDown, NoAnswer, Refused
from drivers.link_failure import failure_words, silence
from drivers.modbus_client import LONGEST_FRAME, Connection, Request, make_connection
from drivers.unit_transport import UnitTransport

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # each lost answer would be several lines with hex dumps

ANSWER_WITHIN_S = 1.0  # of a device that is not known to be slow
_DEAD_SHARE, _DEAD_SHARE_NUMBERED = 0.1, 0.2  # of the time of a line, what its silent units together may about take
_SILENCES_ALLOWED = 3  # in a row, then a unit is left alone for a while and a connection is made anew
_ACKNOWLEDGED = 5  # exception of a write at which the device still works: whether it was done is read back
_NOT_NOW = frozenset({4, 5, 6, 10, 11})  # exceptions of a unit that is busy, failing or away: it is left alone too


class Bus:
    """One endpoint and all the unit ids on it.

    ``timeout_s`` is for connecting and for each answer. ``retries`` (0 or 1) repeats reads only, never writes.
    ``gap_s`` is the silence kept between an answer and the next request (None: none on TCP, 60 ms on RTU), on a serial
    line never less than 3.5 characters. ``settle_s`` is waited after connecting. ``single_client`` tells of a device
    that serves one client. ``jitter`` gives numbers 0..1. Only pacing and back-off run on ``monotonic`` and ``sleep``;
    an answer is awaited, and a place given back, in real time. An answer has ``timeout_s`` and its time on the line.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout_s: float = ANSWER_WITHIN_S,
        retries: int = 1,
        gap_s: float | None = None,
        settle_s: float = 0.0,
        single_client: SingleClient | None = None,
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
        usual_gap_s = RTU_GAP_S if endpoint.is_rtu else 0.0
        self._gap_s = max(endpoint.silence_s, usual_gap_s if gap_s is None else gap_s)
        self._late_s = max(1.0, 2 * timeout_s, self._gap_s) + endpoint.transfer_s(LONGEST_FRAME)  # how late one may be
        self._settle_s = settle_s
        self._single_client = single_client
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._answered = False  # something, on this connection
        self._giving_back: asyncio.TimerHandle | None = None
        self._users: set[UnitTransport] = set()
        self._quiet_until = -float("inf")
        self._link = BackOff(monotonic, jitter)
        self._turned_away = BackOff(monotonic, jitter, 1)  # connections that ended before an answer
        self._units: defaultdict[int, BackOff] = defaultdict(partial(BackOff, monotonic, jitter, _SILENCES_ALLOWED - 1))
        self._silences = 0  # in a row, of any unit
        self._why = ""  # the last connection could not be made

    def transport(self, unit_id: int, *, single_write_fc6: bool = False) -> Transport:
        """The registers of one unit id. ``single_write_fc6`` sends single words by FC6 instead of FC16."""
        if not 0 <= unit_id <= 255:
            raise ValueError(f"unit_id is {unit_id}: it must be 0 to 255")
        return UnitTransport(self, unit_id, single_write_fc6)

    async def ask(self, request: Request) -> ModbusPDU:
        """Send ``request`` and return the answer to it."""
        try:
            return await self._attempt(request)
        except (NoAnswer, LinkDown, BadFrame) as error:
            if not self._worth_repeating(request, error):
                raise
        return await self._attempt(request)

    async def _attempt(self, request: Request) -> ModbusPDU:
        async with self._turn(request) as connection:
            return await self._exchange(connection, request)

    def _worth_repeating(self, request: Request, error: Exception) -> bool:
        """Reads only. A silent RTU bus needs a pause first, and a unit that was silent before is likely gone."""
        if not self._retries or request.count is None or self._link_rest_s():
            return False
        if isinstance(error, LinkDown):
            return True
        return self._units[request.unit_id].failures <= 1 and not (isinstance(error, NoAnswer) and self.endpoint.is_rtu)

    async def pause(self, seconds: float) -> None:
        """Wait on the clock of the bus, without holding it."""
        await self._sleep(seconds)

    def joined(self, user: "UnitTransport") -> None:
        self._users.add(user)

    def left(self, user: "UnitTransport") -> None:
        """Close when the last user leaves."""
        self._users.discard(user)
        if not self._users:
            self._hang_up()

    @asynccontextmanager
    async def _turn(self, request: Request) -> AsyncIterator[Connection]:
        """The bus for one request: nobody else's, connected, and quiet for long enough."""
        self._raise_if_resting(request)
        async with self._lock:
            self._raise_if_resting(request)
            self._keep_place()
            wait_s = self._quiet_until - self._monotonic()
            if wait_s > 0:
                await self._sleep(wait_s)
            if self._connection is not None and self._connection.watch.untrusted:
                self._hang_up()
            if self._connection is None or not self._connection.stands:
                self._connection = await self._connect(request.asked)
                if self._settle_s > 0:
                    # Known also to who comes next, where this one is told to end meanwhile.
                    self._quiet_until = self._monotonic() + self._settle_s
                    await self._sleep(self._settle_s)
                if not self._connection.stands:
                    raise self._lost(request)
            yield self._connection

    def _link_rest_s(self) -> float:
        return max(self._link.left_s(), self._turned_away.left_s())

    def _raise_if_resting(self, request: Request) -> None:
        """Answer at once for what is known to be gone: nothing else shall wait for it."""
        if left_s := self._link_rest_s():
            place, why = str(self.endpoint), self._why
            raise LinkDown(say.no_connection_yet(asked=request.asked, place=place, left_s=left_s, why=why))
        if left_s := self._units[request.unit_id].left_s():
            raise NoAnswer(say.left_alone_after_silence(asked=request.asked, left_s=left_s))

    async def _connect(self, asked: str) -> Connection:
        self._hang_up()
        made = make_connection(self.endpoint, self._timeout_s)
        try:
            connected = await cancellable(made.client.connect())
        except (OSError, ValueError):  # a serial port may refuse its settings
            connected = False
        except asyncio.CancelledError:
            made.client.close()
            raise
        if not connected:
            made.client.close()
            self._link.failed()
            met = made.met[-1] if made.met else None
            self._why = failure_words(self.endpoint, met, self._timeout_s, self._single_client is not None)
            raise LinkDown(say.no_connection(asked=asked, place=str(self.endpoint), why=self._why))
        self._link.succeeded()
        self._answered = False
        return made

    async def _exchange(self, connection: Connection, request: Request) -> ModbusPDU:
        clean = False  # until its answer has come, whatever follows on the wire may still be it
        connection.wait_for(self._timeout_s + self.endpoint.transfer_s(request.octets))
        try:
            answer = await cancellable(request.send(connection.client))
            if connection.watch.echoed:
                raise self._silence(connection, request)
            request.check(answer)
            clean = True
        except ConnectionException as error:
            raise self._lost(request) from error
        except (ModbusException, TimeoutError, OSError) as error:
            raise self._silence(connection, request) from error
        finally:
            connection.watch.end(clean)
            self._pause(clean)  # also when the caller was cancelled
        self._silences = 0
        self._answered = True
        self._turned_away.succeeded()
        unit = self._units[request.unit_id]
        refused = answer.isError() and not (request.count is None and answer.exception_code == _ACKNOWLEDGED)
        if refused and answer.exception_code in _NOT_NOW:
            unit.failed()
        else:
            unit.succeeded()
        if refused:
            raise Refused(answer.exception_code, request.asked)
        return answer

    def _pause(self, clean: bool) -> None:
        """Keep the gap. After an unclean end a late answer may come that nothing tells apart: close and wait it out."""
        pause_s = self._gap_s
        if not clean and self.endpoint.in_order:
            self._hang_up()
            pause_s = self._late_s
        self._quiet_until = self._monotonic() + pause_s
        if self._single_client is not None and self._single_client.give_back_after_s is not None:
            self._keep_place()
            loop = asyncio.get_running_loop()
            self._giving_back = loop.call_later(self._single_client.give_back_after_s, self._hang_up)

    def _keep_place(self) -> None:
        if self._giving_back is not None:
            self._giving_back.cancel()
            self._giving_back = None

    def _lost(self, request: Request) -> LinkDown:
        """The peer hung up. One that does so before it has answered anything serves somebody else."""
        self._hang_up()
        place = str(self.endpoint)
        if not self._answered:
            self._turned_away.failed()
            self._why = say.perhaps_serves_one_client() if self._single_client is None else say.serves_one_client()
            if self._single_client is not None or self._turned_away.failures > 1:
                return LinkDown(say.hung_up_because(asked=request.asked, place=place, why=self._why))
        return LinkDown(say.hung_up(asked=request.asked, place=place))

    def _silence(self, connection: Connection, request: Request) -> NoAnswer | LinkDown | BadFrame:
        if not connection.stands:
            return self._lost(request)
        self._silences += 1
        self._units[request.unit_id].failed(self._dearness())
        if self._silences >= _SILENCES_ALLOWED:  # only silence shows a half-open connection
            self._hang_up()
            self._silences = 0
        unproven = self._single_client is not None and not self._answered
        return silence(request.asked, self.endpoint, connection.watch, self._timeout_s, unproven)

    def _dearness(self) -> float:
        """How many times the usual rest a silent unit gets, so that the others on its line are heard.

        Where answers have no number, each attempt costs the time-out and the wait for a late answer.
        """
        silent = sum(unit.failures >= _SILENCES_ALLOWED - 1 for unit in self._units.values())
        if len(self._units) < 2 or not silent:
            return 1.0
        if self.endpoint.in_order:
            return times_longer(silent * (self._timeout_s + self._late_s), _DEAD_SHARE)
        return times_longer(silent * self._timeout_s, _DEAD_SHARE_NUMBERED)

    def _hang_up(self) -> None:
        self._keep_place()
        if self._connection is not None:
            self._connection.client.close()
            self._connection = None
