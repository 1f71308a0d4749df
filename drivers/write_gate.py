"""A transport that writes only while it may: what an uncommissioned device is read through."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from drivers.device import Span, Transport
from drivers.errors import NotSupported


class WriteGate:
    """Whether the devices behind it may be written. ``shut`` says why not, in one sentence; None: they may."""

    def __init__(self, shut: str | None = None) -> None:
        self._shut, self._openings = shut, 0

    @property
    def shut(self) -> str | None:
        return None if self._openings else self._shut

    @shut.setter
    def shut(self, why: str | None) -> None:
        """While it is ``opened`` this holds from its end on."""
        self._shut = why

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open for what must be given back, whatever else holds."""
        self._openings += 1
        try:
            yield
        finally:
            self._openings -= 1


def only_reads() -> WriteGate:
    """Of a connection on which nothing is ever written."""
    return WriteGate("this connection only reads")


class GatedTransport:
    """Implements ``Transport``. A write through a gate that is shut raises NotSupported, and nothing is sent."""

    def __init__(self, transport: Transport, gate: WriteGate) -> None:
        self._transport, self._gate = transport, gate

    async def read(self, span: Span) -> list[int]:
        return await self._transport.read(span)

    async def write(self, address: int, words: Sequence[int]) -> None:
        if self._gate.shut is not None:
            raise NotSupported(f"writing {len(words)} registers from {address}: {self._gate.shut}")
        await self._transport.write(address, words)

    async def read_coil(self, address: int) -> bool:
        return await self._transport.read_coil(address)

    async def write_coil(self, address: int, on: bool) -> None:
        if self._gate.shut is not None:
            raise NotSupported(f"writing coil {address}: {self._gate.shut}")
        await self._transport.write_coil(address, on)

    async def pause(self, seconds: float) -> None:
        await self._transport.pause(seconds)

    async def close(self) -> None:
        await self._transport.close()
