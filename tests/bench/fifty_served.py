"""Captured meters behind Modbus TCP, half of them SunSpec and half SDM630, and listeners that never answer.

``fifty_served.py CORE`` prints ``family:port`` of each that answers in one line, of the silent ones in a second, and
serves until its standard input ends.
"""

import asyncio
import os
import sys
from contextlib import suppress

from drivers.dumps.dump_file import read_dump
from simulator.replay import Replayed, server_of
from tests.bench.fifty_devices import DEVICES, SILENT
from tests.dumps.make import FOLDER

DUMPS = ("meter_sunspec", "meter_sdm630")


async def serve() -> None:
    dumps = [read_dump(FOLDER / f"{name}.json") for name in DUMPS]
    servers, served, silent = [], [], []
    for index in range(DEVICES):
        dump = dumps[index % len(dumps)]
        server = server_of(dump, Replayed(dump, lambda: 0.0), "127.0.0.1", 0)
        await server.begin()
        servers.append(server)
        served.append(f"{dump.family}:{server.port}")
    for index in range(SILENT):
        listener = await asyncio.start_server(_swallow, "127.0.0.1", 0)
        silent.append(f"{dumps[index % len(dumps)].family}:{listener.sockets[0].getsockname()[1]}")
    print(*served)
    print(*silent, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        await server.shutdown()  # type: ignore[no-untyped-call]


async def _swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while await reader.read(1000):
            pass
    writer.close()


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(serve())
