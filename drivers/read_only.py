"""A way to a device that cannot write."""

from collections.abc import Sequence

from drivers.device import Span, Transport
from drivers.errors import NotSupported


class ReadOnly:
    """Implements ``Transport`` and passes reads on; a write raises NotSupported and reaches nobody."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def read(self, span: Span) -> list[int]:
        return await self._transport.read(span)

    async def write(self, address: int, words: Sequence[int]) -> None:
        raise NotSupported(f"writing {len(words)} registers from {address}: this connection only reads")

    async def pause(self, seconds: float) -> None:
        await self._transport.pause(seconds)

    async def close(self) -> None:
        await self._transport.close()
