"""A port or serial line that is listened on, and what a maker's link and a bad line do to those who connect."""

import asyncio
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import SimDevice

from simulator.faults import Fault, Kind

_OWN_NUMBERS = 40_000  # from here on a gateway counts its answers
_NOISE = b"\xa5\x00\xff"


class PortTaken(OSError):
    """A server could not listen. ``str()`` names the address and the reason."""


@dataclass(frozen=True, slots=True)
class LinkTraits:
    """How a device behaves on its link.

    ``settle_s`` of real time after a connection requests are taken and never answered. ``single_client``: while one is
    connected, others are hung up on. ``answer_s`` of real time pass before each answer; with ``busy_when_overlapped`` a
    request meanwhile is refused with exception 6. ``absent_unit`` is the exception for a unit id that is not there,
    None where nobody answers for it.
    """

    settle_s: float = 0.0
    single_client: bool = False
    answer_s: float = 0.0
    busy_when_overlapped: bool = False
    absent_unit: int | None = int(ExcCodes.GATEWAY_NO_RESPONSE)


class Served(Protocol):
    """One unit as a server sees it."""

    def as_sim_device(self, unit_id: int) -> SimDevice:
        """The unit for pymodbus."""
        ...

    def fault(self, kind: Kind) -> Fault | None:
        """What is wrong with it now."""
        ...

    def is_silent(self) -> bool:
        """Whether requests are taken and never answered now."""
        ...


class Server(ModbusTcpServer):
    """One listening port."""

    def __init__(
        self, units: Mapping[int, Served], address: tuple[str, int], framer: FramerType, link: LinkTraits
    ) -> None:
        devices = [hosted.as_sim_device(unit_id) for unit_id, hosted in units.items()]
        super().__init__(devices, framer=framer, address=address)
        self.units = units
        self.link = link
        self.clients: set[_Connection] = set()
        self._address = address

    @property
    def port(self) -> int:
        """The port that is listened on."""
        listener: Any = self.transport
        return int(listener.sockets[0].getsockname()[1])

    async def begin(self) -> None:
        """Listen in the background. Raises PortTaken."""
        try:
            await self.serve_forever(background=True)
        except RuntimeError:
            host, port = self._address
            raise PortTaken(f"cannot listen on {host}:{port}: {_why_not(host, port)}") from None

    def callback_new_connection(self) -> ServerRequestHandler:
        """Called by pymodbus for each connection."""
        return _Connection(self, None, None, None)  # type: ignore[no-untyped-call]


def _why_not(host: str, port: int) -> str:
    """Why nobody can listen there: pymodbus keeps that to itself."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        return (error.strerror or str(error)).partition(" (while attempting")[0]
    return "the port was in use or not allowed"


class SerialServer(ModbusSerialServer):
    """One serial line in RTU framing, 9600 8N1."""

    def __init__(self, units: Mapping[int, Served], path: str) -> None:
        devices = [hosted.as_sim_device(unit_id) for unit_id, hosted in units.items()]
        super().__init__(devices, framer=FramerType.RTU, port=path, baudrate=9600)
        self.units = units
        self.link = LinkTraits(absent_unit=None)
        self.clients: set[_Connection] = set()
        self._path = path

    async def begin(self) -> None:
        """Listen in the background. Raises PortTaken."""
        try:
            await self.serve_forever(background=True)
        except RuntimeError:
            raise PortTaken(f"cannot open {self._path}: it is no serial port, in use or not allowed") from None

    def callback_new_connection(self) -> ServerRequestHandler:
        """Called by pymodbus when the port is opened."""
        return _Connection(self, None, None, None)  # type: ignore[no-untyped-call]


class _Connection(ServerRequestHandler):
    """One client. Answers pass here last, so this is where they are lost, late or signed by another unit.

    pymodbus stamps an answer with the newest request's transaction number, so a hook that waits would spoil it; the
    answer is finished first and then held back.
    """

    def callback_connected(self) -> None:
        super().callback_connected()
        self._since_s, self._pending = asyncio.get_running_loop().time(), 0
        self._chance, self._own_number = random.Random(1), _OWN_NUMBERS
        if self.server.clients and (self.server.link.single_client or self._any("one_client")):
            self.close()
            return
        self.server.clients.add(self)

    def callback_disconnected(self, call_exc: Exception | None) -> None:
        self.server.clients.discard(self)
        super().callback_disconnected(call_exc)

    def callback_data(self, data: bytes, addr: Any = None) -> int:
        used = super().callback_data(data, addr)
        if used and self._any("echo") and self.transport is not None:
            self.send(data[:used], addr)
        return used

    async def handle_request(self) -> None:
        request, link = self.last_pdu, self.server.link
        if asyncio.get_running_loop().time() - self._since_s < link.settle_s:
            return
        if request is not None and request.dev_id not in self.server.units:
            if link.absent_unit is not None:
                self._refuse(request, ExcCodes(link.absent_unit))
        elif request is not None and self._pending and link.busy_when_overlapped:
            self._refuse(request, ExcCodes.DEVICE_BUSY)
        else:
            await super().handle_request()  # type: ignore[no-untyped-call]

    def _refuse(self, request: ModbusPDU, code: ExcCodes) -> None:
        answer = ExceptionResponse(request.function_code, code)
        answer.dev_id, answer.transaction_id = request.dev_id, request.transaction_id
        super().server_send(answer, self.last_addr)  # type: ignore[no-untyped-call]

    def server_send(self, pdu: ModbusPDU, addr: Any) -> None:
        hosted = self.server.units.get(pdu.dev_id)
        if hosted is None:
            return
        if hosted.fault("reboot") is not None:
            self.close()
            return
        if hosted.is_silent():
            return
        late = hosted.fault("late_answer")
        if hosted.fault("wrong_unit") is not None:
            pdu.dev_id = pdu.dev_id % 247 + 1
        if hosted.fault("own_numbers") is not None:
            self._own_number = self._own_number % 0xFFFF + 1
            pdu.transaction_id = self._own_number
        packet = self._on_the_line(hosted, self.framer.buildFrame(pdu))
        wait_s = self.server.link.answer_s if late is None else late.seconds
        if wait_s <= 0.0:
            self.send(packet, addr)
        else:
            self._pending += 1
            asyncio.get_running_loop().call_later(wait_s, self._send_late, packet, addr)

    def _on_the_line(self, hosted: Served, packet: bytes) -> bytes:
        noise, lost = hosted.fault("noise"), hosted.fault("lost_bytes")
        if noise is not None and self._chance.random() < noise.share:
            packet = _NOISE[: self._chance.randint(1, len(_NOISE))] + packet
        if lost is not None and self._chance.random() < lost.share:
            place = self._chance.randrange(len(packet))
            packet = packet[:place] + packet[place + 1 :]
        return packet

    def _any(self, kind: Kind) -> bool:
        return any(hosted.fault(kind) is not None for hosted in self.server.units.values())

    def _send_late(self, packet: bytes, addr: Any) -> None:
        self._pending -= 1
        if self.transport is not None:
            self.send(packet, addr)
