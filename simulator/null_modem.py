"""Two pseudo-terminals, joined like serial ports by a cable that may spoil what it carries."""

import asyncio
import os
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Self

Spoil = Callable[[bytes], bytes]


def unspoiled(data: bytes) -> bytes:
    return data


class NullModem:
    """``near`` and ``far`` are the paths of the two ports; an async context manager.

    What is sent at one end comes out of the other: ``to_far`` and ``to_near`` make of each piece what arrives.
    ``echoes`` also gives back at the near end what is sent there, as an RS-485 adapter does that hears itself.
    """

    def __init__(self, to_far: Spoil = unspoiled, to_near: Spoil = unspoiled, *, echoes: bool = False) -> None:
        self.to_far, self.to_near, self.echoes = to_far, to_near, echoes
        self._near, self._near_port = os.openpty()
        self._far, self._far_port = os.openpty()  # the ports stay open here too, or a master would see hang-ups
        for descriptor in (self._near_port, self._far_port):
            tty.setraw(descriptor)
        for descriptor in (self._near, self._far):
            os.set_blocking(descriptor, False)
        self.near, self.far = os.ttyname(self._near_port), os.ttyname(self._far_port)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._near, self._from_near)
        loop.add_reader(self._far, self._from_far)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (self._near, self._far):
            asyncio.get_running_loop().remove_reader(descriptor)
        for descriptor in (self._near, self._far, self._near_port, self._far_port):
            os.close(descriptor)

    def say(self, data: bytes) -> None:
        """``data`` comes out of the near port: noise, or somebody else on the line."""
        os.write(self._near, data)

    def _from_near(self) -> None:
        data = os.read(self._near, 4096)
        if self.echoes:
            os.write(self._near, data)
        os.write(self._far, self.to_far(data))

    def _from_far(self) -> None:
        os.write(self._near, self.to_near(os.read(self._far, 4096)))
