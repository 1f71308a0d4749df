"""Somebody else on the inverter's Modbus port: reads and writes points by name, and knows nothing of the agent."""

from drivers.control_block import read_words
from drivers.endpoint import TcpEndpoint
from drivers.modbus import Bus
from drivers.register import Register
from drivers.sunspec import Chain, registers_of
from drivers.sunspec_walk import discover


class SecondMaster:
    """A client of its own, with a connection of its own. Call ``close`` at the end."""

    def __init__(self, port: int) -> None:
        self._transport = Bus(TcpEndpoint("127.0.0.1", port), timeout_s=2.0).transport(1)
        self._chain: Chain | None = None

    async def read(self, model_id: int, *names: str) -> dict[str, float | None]:
        rows = await self._rows(model_id)
        words = await read_words(self._transport, [rows[name] for name in names])
        return {name: rows[name].decode(words) for name in names}

    async def write(self, model_id: int, **values: float) -> None:
        """In this order, one request each."""
        rows = await self._rows(model_id)
        words = await read_words(self._transport, [rows[name] for name in values])
        for name, value in values.items():
            await self._transport.write(rows[name].address, rows[name].encode(value, words))

    async def close(self) -> None:
        await self._transport.close()

    async def _rows(self, model_id: int) -> dict[str, Register]:
        if self._chain is None:
            self._chain = await discover(self._transport)
        model = self._chain.first(model_id)
        assert model is not None, f"the inverter has no model {model_id}"
        return dict(registers_of(model))
