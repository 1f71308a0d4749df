"""The plant behind real Modbus TCP servers, with its faults."""

import asyncio
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Self, cast

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator import der_7xx, der_gen24
from simulator.distortion import Distortion
from simulator.faults import Device, Fault, FaultScript, Kind
from simulator.meters.profiles import SUNSPEC, build_meter
from simulator.plant import Plant
from simulator.units import Unit

Profile = Literal["sunspec7xx", "gen24"]
Framing = Literal["tcp", "rtu"]

UNIT_ID = 1
GEN24_METER_UNIT_ID = 200
_WRITE_SINGLE = 6


class PortTaken(OSError):
    """A server could not listen. ``str()`` names the address and the reason."""


class SimulatedSite:
    """All servers of a site; an async context manager. Port 0 takes a free one.

    Unit id 1 answers on each port: the hybrid inverter of ``profile``, the meter ``meter_profile``, an Eastron SDM630.
    The profile ``gen24`` also has a SunSpec meter at unit id 200 of the inverter's port. ``sdm_framing`` "rtu" speaks
    RTU frames over TCP, as cheap RS-485 gateways do. ``strict_writes`` refuses writes to read-only points; else they
    are ignored. The meters show what was ``meter_lag_s`` seconds before, as most real ones do for one to ten seconds.
    Nothing is computed until a request comes: it brings the plant to its own clock first.
    """

    def __init__(  # noqa: PLR0913 what there is to choose at a site, by keyword
        self,
        plant: Plant,
        profile: Profile = "sunspec7xx",
        faults: FaultScript | None = None,
        *,
        host: str = "127.0.0.1",
        inverter_port: int = 0,
        meter_profile: str = SUNSPEC,
        meter_port: int = 0,
        sdm_port: int = 0,
        sdm_framing: Framing = "tcp",
        strict_writes: bool = False,
        meter_lag_s: float = 0.0,
    ) -> None:
        self.plant = plant
        self.meter_lag_s = meter_lag_s
        self.profile = profile
        self.meter_profile = meter_profile
        self.faults = faults if faults is not None else FaultScript()
        self.host = host
        self._rebooted: set[Fault] = set()
        self._inverter = _inverter(plant, profile, strict_writes)
        meter = build_meter(plant, meter_profile, strict_writes)
        sdm630 = build_meter(plant, "sdm630")
        on_inverter: dict[int, Hosted] = {UNIT_ID: Hosted(self, "inverter", self._inverter)}
        if profile == "gen24":
            on_inverter[GEN24_METER_UNIT_ID] = Hosted(self, "meter", build_meter(plant, SUNSPEC, strict_writes))
        self._planned: dict[Device, tuple[int, Framing, dict[int, Hosted]]] = {
            "inverter": (inverter_port, "tcp", on_inverter),
            "meter": (meter_port, "tcp", {UNIT_ID: Hosted(self, "meter", meter)}),
            "sdm630": (sdm_port, sdm_framing, {UNIT_ID: Hosted(self, "sdm630", sdm630)}),
        }
        self._servers: dict[Device, _Server] = {}

    @property
    def inverter_port(self) -> int:
        return self._servers["inverter"].port

    @property
    def meter_port(self) -> int:
        return self._servers["meter"].port

    @property
    def sdm_port(self) -> int:
        return self._servers["sdm630"].port

    async def start(self) -> None:
        """Listen. Raises PortTaken, and then listens nowhere."""
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        try:
            for device, (port, framing, units) in self._planned.items():
                server = _Server(units, (self.host, port), FramerType.RTU if framing == "rtu" else FramerType.SOCKET)
                await server.begin()
                self._servers[device] = server
        except PortTaken:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop listening and drop all connections."""
        for server in self._servers.values():
            await server.shutdown()  # type: ignore[no-untyped-call]
        self._servers.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def bring_to_now(self) -> None:
        """Bring the plant to its clock, with the inverter's reboots at their own times on the way."""
        now = self.plant.now()
        for fault in self.faults.faults:
            if fault.kind == "reboot" and fault.start <= now and fault not in self._rebooted:
                self._rebooted.add(fault)
                if fault.device == "inverter":
                    self.plant.advance(fault.start)
                    self.plant.reboot((fault.end - self.plant.state.at).total_seconds())
                    self._inverter.forget()
        self.plant.advance(now)
        derated = self.fault("inverter", "derate")
        self.plant.rating_share = 1.0 if derated is None else derated.share
        self.plant.gives = self.fault("inverter", "gives_nothing") is None
        self.plant.takes = self.fault("inverter", "takes_nothing") is None

    def fault(self, device: Device, kind: Kind) -> Fault | None:
        """The fault of that kind that is active on the device now."""
        return self.faults.active(device, kind, self.plant.now()) if self.faults.faults else None


def _inverter(plant: Plant, profile: Profile, strict_writes: bool) -> Unit:
    if profile == "gen24":
        image = der_gen24.build_image(plant)
        return Unit(plant, image, der_gen24.DerGen24(plant, image), strict_writes=strict_writes)
    if profile == "sunspec7xx":
        image = der_7xx.build_image(plant)
        return Unit(plant, image, der_7xx.Der7xx(plant, image), strict_writes=strict_writes)
    raise ValueError(f"{profile!r} is not a profile; there are sunspec7xx and gen24")


class Hosted:
    """One unit as a server sees it: its requests, and what its faults make of them."""

    def __init__(self, site: SimulatedSite, device: Device, unit: Unit) -> None:
        self._site = site
        self._unit = unit
        self.device = device
        self._echo: list[int] = []
        self._stuck: tuple[Fault, float] | None = None  # since when the gauge shows what

    def as_sim_device(self, unit_id: int) -> SimDevice:
        """The same unit for pymodbus, which checks addresses and keeps the words between the hook and the answer."""
        image = self._unit.image
        words = SimData(image.base, count=len(image.words), values=0, datatype=DataType.REGISTERS)
        return SimDevice(unit_id, [words], action=self._on_request)

    def fault(self, kind: Kind) -> Fault | None:
        return self._site.fault(self.device, kind)

    def _late_s(self) -> float:
        """How old the values are that this unit shows, s."""
        late = self.fault("late_values")
        if late is not None:
            return late.seconds
        return 0.0 if self.device == "inverter" else self._site.meter_lag_s

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
        if function_code not in self._unit.function_codes:
            return ExcCodes.ILLEGAL_FUNCTION
        self._site.bring_to_now()
        self._unit.refresh(self.fault("frozen") is not None, self._distortion(), self._late_s())
        if written is not None:
            words = [int(word) for word in written]
            self._echo = words
            code = self._write(address, words)
            cast(list[int], written)[:] = self._unit.image.read(address, count)
            return None if code is None else ExcCodes(code)
        if function_code == _WRITE_SINGLE:  # a device echoes the request, whatever became of it
            registers[address - start : address - start + count] = self._echo
            return None
        refused = self.fault("refused_read") or self._sleep()
        code = refused.code if refused is not None else self._unit.refuses_read(address, count)
        if code:
            return ExcCodes(code)
        found = self._unit.read(address, count, as_missing=self.fault("sentinel") is not None)
        registers[address - start : address - start + count] = found
        return None

    def is_silent(self) -> bool:
        """Whether requests are taken and never answered now."""
        asleep = self._sleep()
        return self.fault("no_answer") is not None or (asleep is not None and asleep.code == 0)

    def _sleep(self) -> Fault | None:
        return self.fault("night_sleep") if self._site.plant.state.pv_available_w <= 0.0 else None

    def _distortion(self) -> Distortion:
        scaled, gauge, stuck = self.fault("scaled_power"), self.fault("wrong_gauge"), self.fault("stuck_gauge")
        soc_pct = None if gauge is None else 100.0 * gauge.share
        if stuck is None:
            self._stuck = None
        else:
            if self._stuck is None or self._stuck[0] != stuck:
                self._stuck = (stuck, self._site.plant.state.soc_pct)
            soc_pct = self._stuck[1]
        factor = 1.0 if scaled is None else scaled.factor
        return Distortion(soc_pct, self.fault("zero_counter") is not None, factor)

    def _write(self, address: int, words: list[int]) -> int | None:
        refused = self.fault("refused_write")
        if refused is not None:
            return refused.code
        if self.fault("ignored_write") is not None:
            return None
        code = self._unit.write(address, words, heeded=self.fault("unheeded_write") is None)
        self._unit.refresh(frozen=True)
        return code


class _Server(ModbusTcpServer):
    """One listening port."""

    def __init__(self, units: Mapping[int, Hosted], address: tuple[str, int], framer: FramerType) -> None:
        devices = [hosted.as_sim_device(unit_id) for unit_id, hosted in units.items()]
        super().__init__(devices, framer=framer, address=address)
        self.units = units
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
            raise PortTaken(f"cannot listen on {host}:{port}: the port is in use or not allowed") from None

    def callback_new_connection(self) -> ServerRequestHandler:
        """Called by pymodbus for each connection."""
        return _Connection(self, None, None, None)  # type: ignore[no-untyped-call]


class _Connection(ServerRequestHandler):
    """One client. Answers pass here last, so this is where they are lost, late or signed by another unit.

    pymodbus stamps an answer with the newest request's transaction number, so a hook that waits would spoil it; the
    answer is finished first and then held back.
    """

    async def handle_request(self) -> None:
        request = self.last_pdu
        if request is not None and request.dev_id not in self.server.units:
            answer = ExceptionResponse(request.function_code, ExcCodes.GATEWAY_NO_RESPONSE)
            answer.dev_id, answer.transaction_id = request.dev_id, request.transaction_id
            super().server_send(answer, self.last_addr)  # type: ignore[no-untyped-call]
            return
        await super().handle_request()  # type: ignore[no-untyped-call]

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
        if late is None:
            super().server_send(pdu, addr)  # type: ignore[no-untyped-call]
        else:
            asyncio.get_running_loop().call_later(late.seconds, self._send_late, pdu, addr)

    def _send_late(self, pdu: ModbusPDU, addr: Any) -> None:
        if self.transport is not None:
            super().server_send(pdu, addr)  # type: ignore[no-untyped-call]
