"""A SunSpec device and what it can be told: discovered before the first command, and anew where its models moved."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from drivers import refusal_sentences as say
from drivers.control_block import read_words
from drivers.errors import BadFrame, LinkDown, NotApplied, Refused
from drivers.families.sunspec_controls import Controls, Setpoint, offered
from drivers.families.sunspec_hybrid_rows import STEERED_BY
from drivers.sunspec_device import SunSpecDevice

_ILLEGAL_ADDRESS = 2
_LOCAL_CONTROL = 1.0  # LocRemCtl


class ControlledDevice:
    """``controls`` are those of the last talk, None before the first. ``writes`` counts what wears, by point."""

    def __init__(
        self,
        device: SunSpecDevice,
        monotonic: Callable[[], float],
        max_registers: int,
        wears: bool,
        writes: Counter[str],
    ) -> None:
        self._device = device
        self._monotonic = monotonic
        self._max_registers = max_registers
        self._wears = wears
        self._writes = writes
        self._lock = asyncio.Lock()
        self.controls: Controls | None = None

    @property
    def setpoint(self) -> Setpoint | None:
        return None if self.controls is None else self.controls.setpoint

    @asynccontextmanager
    async def conversation(self) -> AsyncIterator[Controls]:
        """One command at a time, to a device that is discovered; a broken link is discovered anew next time."""
        async with self._lock:
            try:
                yield await self._discovered()
            except (LinkDown, BadFrame, Refused) as error:
                if isinstance(error, LinkDown) or may_have_moved(error):
                    self._device.forget()
                raise

    async def must_listen(self, controls: Controls) -> None:
        """Raises NotApplied under local control, by the first of the models that says."""
        for row in controls.localities:
            found = row.decode(await read_words(self._device.transport, [row], self._max_registers))
            if found == _LOCAL_CONTROL:
                raise NotApplied(say.under_local_control(device=self._device.name))
            if found is not None:
                return

    async def beat(self, controls: Controls) -> None:
        """Tell the device that its controller lives, where it wants to hear that."""
        for heartbeat in controls.heartbeats:
            await heartbeat.beat(self._monotonic())

    async def _discovered(self) -> Controls:
        """Of the chain. A model that took no setpoint is asked again: its battery may have been away."""
        chain, known = await self._device.chain(), self.controls
        is_same = known is not None and known.chain == chain
        if known is not None and is_same and (known.setpoint is not None or chain.first(*STEERED_BY) is None):
            return known
        found = await offered(chain, self._device.transport, self._max_registers, self._wears, self._writes)
        self.controls = replace(found, cap=known.cap or found.cap) if known is not None and is_same else found
        return self.controls


def may_have_moved(error: BadFrame | Refused) -> bool:
    """True when the error is what is met at the old addresses of a chain that has moved."""
    return isinstance(error, BadFrame) or error.code == _ILLEGAL_ADDRESS
