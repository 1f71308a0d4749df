"""The registers and coils of one unit id on a bus: which function reads and writes them."""

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from drivers import sentences as say
from drivers.device import Span
from drivers.errors import NotSupported
from drivers.modbus_client import READ_COILS, Answer, Client, Request

if TYPE_CHECKING:
    from drivers.modbus import Bus

_READ_HOLDING, _READ_INPUT, _WRITE_COIL, _WRITE_ONE, _WRITE_MANY = 3, 4, 5, 6, 16


class UnitTransport:
    """Implements ``Transport``."""

    def __init__(self, bus: "Bus", unit_id: int, single_write_fc6: bool) -> None:
        self._bus = bus
        self.unit_id = unit_id
        self._single_write_fc6 = single_write_fc6

    async def read(self, span: Span) -> list[int]:
        reading = say.reading_holding_registers if span.table == "holding" else say.reading_input_registers
        asked = reading(unit=self.unit_id, count=span.count, address=span.address)

        def send(client: Client) -> Awaitable[Answer]:
            read = client.read_holding_registers if span.table == "holding" else client.read_input_registers
            return read(span.address, count=span.count, device_id=self.unit_id)

        function = _READ_HOLDING if span.table == "holding" else _READ_INPUT
        self._bus.joined(self)
        answer = await self._bus.ask(Request(self.unit_id, asked, function, span.address, span.count, send))
        return list(answer.registers)

    async def write(self, address: int, words: Sequence[int]) -> None:
        asked = say.writing_registers(unit=self.unit_id, count=len(words), address=address)
        if self.unit_id == 0 and self._bus.endpoint.is_rtu:
            raise NotSupported(f"{asked}: every device of an RTU bus obeys unit 0")
        single = self._single_write_fc6 and len(words) == 1

        def send(client: Client) -> Awaitable[Answer]:
            if single:
                return client.write_register(address, words[0], device_id=self.unit_id)
            return client.write_registers(address, list(words), device_id=self.unit_id)

        self._bus.joined(self)
        function = _WRITE_ONE if single else _WRITE_MANY
        await self._bus.ask(Request(self.unit_id, asked, function, address, None, send))

    async def read_coil(self, address: int) -> bool:
        asked = say.reading_coil(unit=self.unit_id, address=address)

        def send(client: Client) -> Awaitable[Answer]:
            return client.read_coils(address, count=1, device_id=self.unit_id)

        self._bus.joined(self)
        answer = await self._bus.ask(Request(self.unit_id, asked, READ_COILS, address, 1, send))
        return bool(answer.bits[0])

    async def write_coil(self, address: int, on: bool) -> None:
        asked = say.writing_coil(unit=self.unit_id, address=address)
        if self.unit_id == 0 and self._bus.endpoint.is_rtu:
            raise NotSupported(f"{asked}: every device of an RTU bus obeys unit 0")

        def send(client: Client) -> Awaitable[Answer]:
            return client.write_coil(address, on, device_id=self.unit_id)

        self._bus.joined(self)
        await self._bus.ask(Request(self.unit_id, asked, _WRITE_COIL, address, None, send))

    async def pause(self, seconds: float) -> None:
        await self._bus.pause(seconds)

    async def close(self) -> None:
        self._bus.left(self)
