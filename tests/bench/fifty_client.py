"""Polls many devices once a second; prints as JSON the processor time of each second and how late each read began.

``fifty_client.py CORE SECONDS ours|pymodbus|raw FAMILY:PORT,... FAMILY:PORT,...``: those that answer, and silent ones.
"""

import asyncio
import gc
import json
import os
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agent.adapters.devices.site_devices import Devices
from drivers.device import Span, Transport
from drivers.endpoint import TcpEndpoint
from drivers.modbus import Bus
from drivers.reading import Quantity, Reading
from drivers.registry import build
from drivers.write_gate import GatedTransport, WriteGate

READ_HOLDING, READ_INPUT = 3, 4
DEADLINE_S = 0.8
Scan = Callable[[], Awaitable[object]]
Readings = Mapping[str, Mapping[Quantity, Reading]]


class Noted(GatedTransport):
    """``asked`` are the reads since it was emptied."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, WriteGate())
        self.asked: list[Span] = []

    async def read(self, span: Span) -> list[int]:
        self.asked.append(span)
        return await super().read(span)


def transport_to(place: str) -> Transport:
    return Bus(TcpEndpoint("127.0.0.1", port_of(place))).transport(1)


def port_of(place: str) -> int:
    return int(place.split(":")[1])


async def requests_of(place: str) -> list[Span]:
    """What our driver asks the device at a poll once it knows it."""
    noted = Noted(transport_to(place))
    device = build(place.split(":", 1)[0], place, noted, {})
    await device.read()
    noted.asked.clear()
    await device.read()
    await device.close()
    return noted.asked


async def raw_client(place: str) -> Scan:
    """The least that asyncio can do for the same requests: write one, read the answer, unpack the words."""
    spans = await requests_of(place)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(place))

    async def scan() -> list[int]:
        words: list[int] = []
        for number, span in enumerate(spans):
            function = READ_HOLDING if span.table == "holding" else READ_INPUT
            writer.write(struct.pack(">HHHBBHH", number, 0, 6, 1, function, span.address, span.count))
            head = await reader.readexactly(9)
            words += struct.unpack(f">{head[8] // 2}H", await reader.readexactly(head[8]))
        return words

    return scan


async def pymodbus_client(place: str) -> Scan:
    """The library alone, without our rows, lock and checks."""
    from pymodbus.client import AsyncModbusTcpClient

    spans = await requests_of(place)
    client = AsyncModbusTcpClient("127.0.0.1", port=port_of(place))
    await client.connect()

    async def scan() -> list[int]:
        words: list[int] = []
        for span in spans:
            read = client.read_holding_registers if span.table == "holding" else client.read_input_registers
            words += (await read(span.address, count=span.count, device_id=1)).registers
        return words

    return scan


class OurClient:
    """All devices behind ``Devices``, as the daemon has them."""

    def __init__(self, answering: Sequence[str], silent: Sequence[str]) -> None:
        self._answering = answering
        gate = WriteGate()
        self._devices = Devices(
            [
                build(place.split(":", 1)[0], place, GatedTransport(transport_to(place), gate), {})
                for place in (*answering, *silent)
            ]
        )

    async def scan(self) -> Readings:
        return await self._devices.read(DEADLINE_S)

    def late_s(self, due: float, readings: Readings) -> list[float | None]:
        """How long after ``due`` the read of each device that answers began; None where it did not come."""
        begun = [max((r.at for r in readings[place].values()), default=0.0) for place in self._answering]
        return [at - due if at >= due else None for at in begun]

    async def close(self) -> None:
        await self._devices.close()


async def poll(kind: str, answering: Sequence[str], silent: Sequence[str], seconds: int) -> dict[str, object]:
    """CPU seconds of each wall-clock second, and the lateness of the reads of ours."""
    ours = OurClient(answering, silent)
    if kind == "ours":
        scan: Scan = ours.scan
    else:
        scans = [await (raw_client if kind == "raw" else pymodbus_client)(place) for place in answering]

        async def scan() -> object:
            return await asyncio.gather(*(one() for one in scans))

    for _ in range(3):  # connects, learns the devices, and who is silent
        await scan()
    gc.collect()
    gc.freeze()  # as the daemon does once it has started
    cpu_s: list[float] = []
    late_s: list[float | None] = []
    due, before = time.monotonic() + 1.0, time.process_time()
    for _ in range(seconds):
        await asyncio.sleep(due - time.monotonic())
        now = time.process_time()
        cpu_s.append(now - before)
        before = now
        found = await scan()
        if kind == "ours":
            late_s += ours.late_s(due, found)  # type: ignore[arg-type]
        due += 1.0
    await ours.close()
    there = [late for late in late_s if late is not None]
    return {"cpu_s": cpu_s[1:], "late_s": there, "reads": len(late_s), "missed": len(late_s) - len(there)}


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    places = [[place for place in argument.split(",") if place] for argument in sys.argv[4:6]]
    print(json.dumps(asyncio.run(poll(sys.argv[3], places[0], places[1], int(sys.argv[2])))))
