"""The plant behind real Modbus servers, with its faults."""

import logging
from types import TracebackType
from typing import Literal, Self

from pymodbus import FramerType

from simulator.chain_unit import ChainOptions
from simulator.faults import Device, Fault, FaultScript, Kind
from simulator.hosted import Hosted
from simulator.listening import LinkTraits, PortTaken, SerialServer, Server
from simulator.meters.profiles import SUNSPEC, build_meter
from simulator.plant import Plant
from simulator.profiles import UNIT_ID, device_of

Framing = Literal["tcp", "rtu"]

GEN24_METER_UNIT_ID = 200
SERIAL_UNIT_IDS: dict[Device, int] = {"meter": 2, "sdm630": 3}


class SimulatedSite:
    """All servers of a site; an async context manager. Port 0 takes a free one.

    ``profile`` says which hybrid inverter it is, with which unit ids; at unit id 1 of ports of their own are the meter
    ``meter_profile`` and an Eastron SDM630. The profile ``gen24`` also has a SunSpec meter at unit id 200 of the
    inverter's port. ``sdm_framing`` "rtu" speaks RTU frames over TCP, as cheap RS-485 gateways do. ``strict_writes``
    refuses writes to read-only points; else they are ignored.
    ``ChainOptions`` in place of a profile's name lay its chain out oddly, and with floats also that of SunSpec meters.
    The meters show what was ``meter_lag_s`` seconds before, as most real ones do for one to ten seconds.
    ``link`` is how the inverter's behaves; it may be set before the start.
    Nothing is computed until a request comes: it brings the plant to its own clock first.
    """

    def __init__(  # noqa: PLR0913 what there is to choose at a site, by keyword
        self,
        plant: Plant,
        profile: str | ChainOptions = "sunspec7xx",
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
        self.profile = profile.profile if isinstance(profile, ChainOptions) else profile
        self.meter_profile = meter_profile
        numbers = profile.numbers if isinstance(profile, ChainOptions) else "int"
        self.faults = faults if faults is not None else FaultScript()
        self.host = host
        self._rebooted: set[Fault] = set()
        device = device_of(profile)
        self.units = device.units(plant, strict_writes)
        meter = build_meter(plant, meter_profile, numbers, strict_writes=strict_writes)
        sdm630 = build_meter(plant, "sdm630")
        on_inverter = {unit_id: Hosted(self, "inverter", unit) for unit_id, unit in self.units.items()}
        if self.profile == "gen24":
            own = build_meter(plant, SUNSPEC, numbers, strict_writes=strict_writes)
            on_inverter[GEN24_METER_UNIT_ID] = Hosted(self, "meter", own)
        self._planned: dict[Device, tuple[int, Framing, dict[int, Hosted]]] = {
            "inverter": (inverter_port, "tcp", on_inverter),
            "meter": (meter_port, "tcp", {UNIT_ID: Hosted(self, "meter", meter)}),
            "sdm630": (sdm_port, sdm_framing, {UNIT_ID: Hosted(self, "sdm630", sdm630)}),
        }
        self.link = device.link
        self._servers: dict[Device, Server] = {}
        self._lines: list[SerialServer] = []

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
                framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
                server = Server(units, (self.host, port), framer, self.link if device == "inverter" else LinkTraits())
                await server.begin()
                self._servers[device] = server
        except PortTaken:
            await self.stop()
            raise

    async def join_line(self, path: str) -> None:
        """Answer on a serial line too, 9600 8N1: the inverter with its own unit ids, the meters with those of
        ``SERIAL_UNIT_IDS``. Raises PortTaken."""
        meters_there = {unit_id: self._planned[name][2][UNIT_ID] for name, unit_id in SERIAL_UNIT_IDS.items()}
        line = SerialServer({**meters_there, **self._planned["inverter"][2]}, path)
        await line.begin()
        self._lines.append(line)

    async def stop(self) -> None:
        """Stop listening and drop all connections."""
        for server in self._servers.values():
            await server.shutdown()  # type: ignore[no-untyped-call]
        self._servers.clear()
        for line in self._lines:
            await line.shutdown()  # type: ignore[no-untyped-call]
        self._lines.clear()

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
                    for unit in self.units.values():
                        unit.forget()
        self.plant.advance(now)
        derated = self.fault("inverter", "derate")
        self.plant.rating_share = 1.0 if derated is None else derated.share
        self.plant.gives = self.fault("inverter", "gives_nothing") is None
        self.plant.takes = self.fault("inverter", "takes_nothing") is None

    def kinds(self, device: Device) -> frozenset[str]:
        """The kinds of all faults that are active on the device now."""
        return self.faults.kinds(device, self.plant.now()) if self.faults.faults else frozenset()

    def fault(self, device: Device, kind: Kind) -> Fault | None:
        """The fault of that kind that is active on the device now."""
        return self.faults.active(device, kind, self.plant.now()) if self.faults.faults else None
