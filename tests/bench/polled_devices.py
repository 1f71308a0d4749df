"""Ten Modbus TCP devices in a process of their own. Prints their ports and serves until its standard input ends."""

import asyncio
import os
import sys
from typing import Any

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

DEVICES = 10
REGISTERS = 600


async def serve() -> None:
    servers = []
    for index in range(DEVICES):
        words = SimData(0, count=REGISTERS, values=1000 + index, datatype=DataType.UINT16)
        server = ModbusTcpServer(SimDevice(1, [words]), address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        servers.append(server)
    print(*(_port(server) for server in servers), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        await server.shutdown()  # type: ignore[no-untyped-call]


def _port(server: ModbusTcpServer) -> int:
    listener: Any = server.transport
    return int(listener.sockets[0].getsockname()[1])


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(serve())
