"""The client of pymodbus for one endpoint, and what of it must be put right from outside.

Source: pymodbus 3.16, ``pymodbus.transport``: ``connect`` logs why it failed and returns False.
"""

import asyncio
import socket
from ipaddress import ip_address

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from drivers.endpoint import Endpoint, SerialEndpoint

_NEVER = 1_000_000

Client = AsyncModbusTcpClient | AsyncModbusSerialClient


def make_client(endpoint: Endpoint, timeout_s: float) -> tuple[Client, list[Exception]]:
    """A client that neither retries nor reconnects by itself (the bus does), and the list of what connecting met."""
    client = _client(endpoint, timeout_s)
    client.set_max_no_responses(_NEVER)  # the bus counts for itself
    _drop_nonsense(client)
    return client, _keep_failure(client, endpoint)


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
            return await create()
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


def _drop_nonsense(client: Client) -> None:
    """Let a frame that cannot be decoded be no answer. In the library it is an error in the event loop."""
    take = client.ctx.callback_data

    def take_or_drop(data: bytes, addr: tuple[object, ...] | None = None) -> int:
        try:
            return take(data, addr)
        except ModbusException:
            return len(data)

    client.ctx.callback_data = take_or_drop  # type: ignore[method-assign]
