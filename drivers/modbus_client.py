"""The client of pymodbus for one endpoint, and what of it must be put right from outside.

Source: pymodbus 3.16, ``pymodbus.transport``: ``connect`` logs why it failed and returns False; a request whose peer
hangs up is waited for until its time is over.
"""

import asyncio
import socket
import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import ModbusPDU

from drivers import sentences as say
from drivers.endpoint import Endpoint, SerialEndpoint
from drivers.errors import BadFrame
from drivers.wire_watch import WireWatch

LONGEST_FRAME = 256  # octets, on RTU
READ_COILS = 1
_OCTET = 8
_NEVER = 1_000_000

Client = AsyncModbusTcpClient | AsyncModbusSerialClient
Answer = ModbusPDU


@dataclass(frozen=True, slots=True)
class Request:
    """``send`` puts it on the wire. ``count`` registers must come back (None for a write, which names its ``address``);
    ``asked`` is for people."""

    unit_id: int
    asked: str
    function: int
    address: int
    count: int | None
    send: Callable[[Client], Awaitable[ModbusPDU]]

    @property
    def octets(self) -> int:
        """The longest that it and its answer are as RTU frames."""
        return 8 + LONGEST_FRAME if self.count is None else 8 + 5 + 2 * self.count

    def check(self, answer: ModbusPDU) -> None:
        """Raise BadFrame for an answer to some other question: pymodbus checks neither function nor length."""
        if answer.isError():
            return
        if answer.function_code != self.function:
            wanted = str(self.function)
            raise BadFrame(say.other_function(asked=self.asked, number=answer.function_code, wanted=wanted))
        told = say.other_count_of_coils if self.function == READ_COILS else say.other_count_of_registers
        came = len(answer.bits) if self.function == READ_COILS else len(answer.registers)
        expected = _OCTET if self.function == READ_COILS else self.count  # coils are filled up to a whole octet
        if self.count is not None and came != expected:
            raise BadFrame(told(asked=self.asked, count=came))
        if self.count is None and answer.address != self.address:
            raise BadFrame(say.other_address(asked=self.asked, address=answer.address))


@dataclass(frozen=True, slots=True)
class Connection:
    """``client`` neither retries nor reconnects by itself (the bus does); ``met`` is what connecting ended with."""

    client: Client
    watch: WireWatch
    met: list[Exception]

    @property
    def stands(self) -> bool:
        return self.client.connected

    def wait_for(self, seconds: float) -> None:
        """How long the next answer is waited for."""
        self.client.ctx.comm_params.timeout_connect = seconds


def make_connection(endpoint: Endpoint, timeout_s: float) -> Connection:
    """Not yet connected. ``timeout_s`` is for connecting and, until ``wait_for``, for each answer."""
    client = _client(endpoint, timeout_s)
    client.set_max_no_responses(_NEVER)  # the bus counts for itself
    watch = WireWatch(
        echo=endpoint.echo, numbered=not endpoint.is_rtu, any_number=not endpoint.is_rtu and endpoint.in_order
    )
    _watch(client, watch)
    return Connection(client, watch, _keep_failure(client, endpoint))


def _client(endpoint: Endpoint, timeout_s: float) -> Client:
    if isinstance(endpoint, SerialEndpoint):
        return AsyncModbusSerialClient(
            endpoint.port,
            framer=FramerType.RTU,
            baudrate=endpoint.baud,
            parity=endpoint.parity,
            stopbits=endpoint.stop_bits,
            reconnect_delay=0,
            timeout=timeout_s,
            retries=0,
        )
    framer = FramerType.RTU if endpoint.is_rtu else FramerType.SOCKET
    return AsyncModbusTcpClient(
        endpoint.host, framer=framer, port=endpoint.port, reconnect_delay=0, timeout=timeout_s, retries=0
    )


def _keep_failure(client: Client, endpoint: Endpoint) -> list[Exception]:
    """The list into which what connecting ends with is put; the library only logs it.

    A name is resolved in a step of its own: a name server that is silent is not a silent device.
    """
    create = client.ctx.call_create
    met: list[Exception] = []

    async def create_and_keep() -> object:
        try:
            if not isinstance(endpoint, SerialEndpoint) and not _is_address(endpoint.host):
                met.append(socket.gaierror(socket.EAI_AGAIN, "the name server is silent"))
                await asyncio.get_running_loop().getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
                met.clear()
            try:
                return await create()
            except termios.error as error:  # settings that the port does not take; no OSError, for whatever reason
                raise OSError(*error.args) from error
        except (OSError, ValueError) as error:
            met.append(error)
            raise

    client.ctx.call_create = create_and_keep
    return met


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _watch(client: Client, watch: WireWatch) -> None:
    """Show the decoder what ``watch`` lets through, and end a wait when the peer hangs up.

    A frame that cannot be decoded is no answer. In the library it is an error in the event loop.
    """
    take = client.ctx.callback_data

    def take_or_drop(data: bytes, addr: tuple[object, ...] | None = None) -> int:
        skipped, rest = watch.filter(data)
        try:
            used = skipped + (take(rest, addr) if rest else 0)
        except ModbusException:
            used = len(data)
        watch.decoded(len(data), used)
        return used

    def sent_or_came(sending: bool, data: bytes) -> bytes:
        if sending:
            watch.begin(data)
        return data

    def connected_or_lost(connected: bool) -> None:
        answer = client.ctx.response_future
        if not connected and watch.waiting and not answer.done():
            answer.set_exception(ConnectionException("the peer hung up"))

    client.ctx.callback_data = take_or_drop  # type: ignore[method-assign]
    client.ctx.trace_packet = sent_or_came
    client.ctx.trace_connect = connected_or_lost
