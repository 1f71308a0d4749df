"""A relay: one coil or one register that is on or off, read back after every write."""

from collections.abc import Callable
from dataclasses import dataclass

from drivers import refusal_sentences as say
from drivers.device import Span, Transport
from drivers.errors import NotApplied
from drivers.reading import Quality, Quantity, Reading


@dataclass(frozen=True, slots=True)
class RelayRegister:
    """A holding register at a PDU address: which words mean on and off; any other word is neither."""

    address: int
    on: int = 1
    off: int = 0


class Relay:
    """Implements ``Readable`` and ``Switchable``. Reads ``SWITCHED_ON``; a word that is neither is MISSING.

    ``place`` is the PDU address of a coil, or a register.
    """

    def __init__(
        self, name: str, transport: Transport, place: int | RelayRegister, monotonic: Callable[[], float]
    ) -> None:
        self.name = name
        self._transport, self._place, self._monotonic = transport, place, monotonic

    async def read(self) -> list[Reading]:
        at = self._monotonic()
        on = await self._is_on()
        if on is None:
            return [Reading(Quantity.SWITCHED_ON, None, at, Quality.MISSING)]
        return [Reading(Quantity.SWITCHED_ON, float(on), at)]

    async def switch(self, on: bool) -> None:
        match self._place:
            case RelayRegister() as register:
                await self._transport.write(register.address, [register.on if on else register.off])
            case coil:
                await self._transport.write_coil(coil, on)
        if await self._is_on() is not on:
            raise NotApplied((say.relay_not_on if on else say.relay_not_off)(device=self.name))

    async def close(self) -> None:
        await self._transport.close()

    async def _is_on(self) -> bool | None:
        match self._place:
            case RelayRegister() as register:
                (word,) = await self._transport.read(Span("holding", register.address, 1))
                return {register.on: True, register.off: False}.get(word)
            case coil:
                return await self._transport.read_coil(coil)
