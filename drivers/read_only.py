"""A way to a device by which nothing can be written."""

from collections.abc import Sequence

from drivers.device import Span, Transport
from drivers.errors import NotSupported


class ReadOnly:
    """``Transport`` that passes reads on and refuses every write before it reaches the line."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def read(self, span: Span) -> list[int]:
        return await self._transport.read(span)

    async def write(self, address: int, words: Sequence[int]) -> None:
        raise NotSupported(f"writing {len(words)} registers from {address}: this device is only looked at")

    async def pause(self, seconds: float) -> None:
        await self._transport.pause(seconds)

    async def close(self) -> None:
        await self._transport.close()
