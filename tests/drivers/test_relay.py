"""A relay: read, switched, read back; a coil or a register; over a real socket."""

import asyncio

import pytest
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from drivers.device import Readable, Switchable
from drivers.endpoint import TcpEndpoint
from drivers.errors import NotApplied, NotSupported, Refused
from drivers.modbus import Bus
from drivers.reading import Quality, Quantity
from drivers.registry import build
from drivers.write_gate import GatedTransport, WriteGate
from tests.drivers.memory import MemoryTransport


def relay(transport: MemoryTransport | GatedTransport, **options: object) -> Readable:
    return build("modbus_relay", "boiler", transport, options, lambda: 7.0)


async def on(device: Readable) -> float | None:
    (reading,) = await device.read()
    assert (reading.quantity, reading.at) == (Quantity.SWITCHED_ON, 7.0)
    assert (reading.quality is Quality.MISSING) == (reading.value is None)
    return reading.value


async def test_a_coil_is_read_switched_and_read_back() -> None:
    transport = MemoryTransport()
    transport.coils[3] = False
    device = relay(transport, address=3)
    assert isinstance(device, Switchable)
    assert await on(device) == 0.0
    await device.switch(True)
    assert await on(device) == 1.0
    assert transport.writes == [(3, [1])]


async def test_a_register_has_words_for_on_and_off_and_any_other_is_missing() -> None:
    transport = MemoryTransport({9: 0xFF00})
    device = relay(transport, table="holding", address=9, on=256, off=512)
    assert isinstance(device, Switchable)
    assert await on(device) is None
    await device.switch(False)
    assert (await on(device), transport.words[9]) == (0.0, 512)
    await device.switch(True)
    assert (await on(device), transport.words[9]) == (1.0, 256)
    await device.close()
    assert transport.closed == 1


class Deaf(MemoryTransport):
    """Answers a write and does nothing."""

    async def write_coil(self, address: int, on: bool) -> None:
        pass


async def test_a_relay_that_does_not_read_back_was_not_switched() -> None:
    transport = Deaf()
    transport.coils[0] = False
    device = relay(transport)
    assert isinstance(device, Switchable)
    with pytest.raises(NotApplied, match="boiler: the relay does not read back on"):
        await device.switch(True)


async def test_a_gate_that_is_shut_lets_no_coil_through() -> None:
    transport = MemoryTransport()
    transport.coils[0] = True
    device = relay(GatedTransport(transport, WriteGate("only looked at")))
    assert isinstance(device, Switchable)
    assert await on(device) == 1.0
    with pytest.raises(NotSupported, match="writing coil 0: only looked at"):
        await device.switch(False)
    assert transport.writes == []


async def test_a_coil_over_a_real_socket() -> None:
    block = ModbusSequentialDataBlock(1, [False] * 8)
    context = ModbusServerContext(ModbusDeviceContext(co=block), single=True)
    server = ModbusTcpServer(context, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        assert server.transport is not None
        port = server.transport.sockets[0].getsockname()[1]
        device = build("modbus_relay", "boiler", Bus(TcpEndpoint("127.0.0.1", port)).transport(1), {"address": 2})
        assert isinstance(device, Switchable)
        await device.switch(True)
        (reading,) = await device.read()
        assert reading.value == 1.0
        beside = build("modbus_relay", "beside", Bus(TcpEndpoint("127.0.0.1", port)).transport(1), {"address": 1})
        (reading,) = await beside.read()
        assert reading.value == 0.0
        far = build("modbus_relay", "far", Bus(TcpEndpoint("127.0.0.1", port)).transport(1), {"address": 60})
        with pytest.raises(Refused, match="unit 1: reading coil 60 was refused"):
            await far.read()
        await device.close()
        await far.close()
        await beside.close()
    finally:
        await asyncio.wait_for(server.shutdown(), 5)
