"""Polls ten devices once a second and prints the processor time of each second as JSON.

``polling_client.py CORE SECONDS ours|pymodbus|raw PORT...``; every second it reads the same three blocks, 60 registers.
"""

import asyncio
import json
import os
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from drivers.device import Span
from drivers.endpoint import TcpEndpoint
from drivers.formula import Sum
from drivers.modbus import Bus
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits
from drivers.table_device import RATINGS, TableDevice

BLOCKS = tuple(Span("holding", address, 20) for address in (0, 200, 400))
Scan = Callable[[], Awaitable[object]]


def table_device(port: int) -> Scan:
    """Sixty rows of one register each: twenty quantities of three rows, one in each block."""
    kept = [quantity for quantity in Quantity if quantity not in RATINGS][: BLOCKS[0].count]
    wire = WIRE_TYPES["uint16"]
    formulas = {
        quantity: Sum(
            tuple(Register(f"{quantity.value} {b.address}", b.address + row, wire, scale=0.1) for b in BLOCKS)
        )
        for row, quantity in enumerate(kept)
    }
    bus = Bus(TcpEndpoint("127.0.0.1", port))
    return TableDevice("polled", bus.transport(1), formulas, SpanLimits(max_gap=0)).read


async def raw_client(port: int) -> Scan:
    """The least that asyncio can do for the same blocks: write a request, read the answer, unpack the words."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def scan() -> list[int]:
        words: list[int] = []
        for number, block in enumerate(BLOCKS):
            writer.write(struct.pack(">HHHBBHH", number, 0, 6, 1, 3, block.address, block.count))
            head = await reader.readexactly(9)
            words += struct.unpack(f">{head[8] // 2}H", await reader.readexactly(head[8]))
        return words

    return scan


async def pymodbus_client(port: int) -> Scan:
    """The library alone, without our rows, lock and checks."""
    from pymodbus.client import AsyncModbusTcpClient

    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()

    async def scan() -> list[int]:
        words: list[int] = []
        for block in BLOCKS:
            answer = await client.read_holding_registers(block.address, count=block.count, device_id=1)
            words += answer.registers
        return words

    return scan


async def poll(kind: str, ports: Sequence[int], seconds: int) -> list[float]:
    """CPU seconds of each wall-clock second, each with one scan of every device."""
    if kind == "ours":
        scans = [table_device(port) for port in ports]
    else:
        make = raw_client if kind == "raw" else pymodbus_client
        scans = [await make(port) for port in ports]
    await asyncio.gather(*(scan() for scan in scans))  # connects
    spent, due, before = [], time.monotonic(), time.process_time()
    for _ in range(seconds):
        answers = await asyncio.gather(*(scan() for scan in scans))
        if not all(answers):
            raise OSError("a device did not answer")
        due += 1.0
        await asyncio.sleep(due - time.monotonic())
        now = time.process_time()
        spent.append(now - before)
        before = now
    return spent


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    print(json.dumps(asyncio.run(poll(sys.argv[3], [int(port) for port in sys.argv[4:]], int(sys.argv[2])))))
