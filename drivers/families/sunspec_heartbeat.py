"""The controller's heartbeat of SunSpec models 715 and 802: a count by which a device sees that its controller lives.

Source: SunSpec models 715 (ControllerHb) and 802 (CtrlHb): "incremented every second by the controller with periodic
resets to zero". What a device does when it stops is the maker's affair, so it goes on for as long as an order of ours
may stand, and no longer.
"""

import math
from collections import Counter

from drivers.control_block import ControlBlock
from drivers.device import Transport
from drivers.errors import Refused
from drivers.sunspec import Model, registers_of

POINTS = {715: "ControllerHb", 802: "CtrlHb"}
_NOT_TAKEN = (1, 2, 3)  # exceptions that tell of the point, and not of the moment
_EARLY_S = 0.5  # two beats that are nearer to each other would count more than the seconds
_LONG_AGO_S = 10.0  # then another may have counted meanwhile


class Heartbeat:
    """One count. ``refusal`` is why it is not written, one sentence, and None while it is. Times are monotonic seconds.

    A count that is written each second would end a flash in months: ``wears`` says that the device keeps it there.
    """

    def __init__(
        self, transport: Transport, model: Model, max_registers: int, wears: bool, writes: Counter[str]
    ) -> None:
        self._point = POINTS[model.model_id]
        persistent = (self._point,) if wears else ()
        self._block = ControlBlock(transport, model, (self._point,), (), max_registers, persistent, writes)
        self._beyond = registers_of(model)[self._point].wire.missing if self._point in registers_of(model) else 1
        self._wears = wears
        self._count, self._written_s = 0, -math.inf
        self.refusal: str | None = None

    async def prepare(self) -> bool:
        """Read whether the device has it, and is to be told."""
        await self._block.read()
        if self._block.has(self._point) and self._wears:
            self.refusal = f"{self._name} is not written each second, since the device keeps what is written in flash"
        return self._block.has(self._point)

    async def beat(self, now_s: float) -> None:
        """Count on by the seconds that have passed. A device that does not take it is not asked again."""
        since_s = now_s - self._written_s
        if self.refusal is not None or since_s < _EARLY_S:
            return
        try:
            if since_s > _LONG_AGO_S:
                await self._block.read()
                self._count = int(self._block.value(self._point) or 0)
            passed = int(since_s) if math.isfinite(since_s) else 1
            count = (self._count + max(1, passed)) % self._beyond
            await self._block.write([(self._point, count)])
        except Refused as error:
            if error.code in _NOT_TAKEN:
                self.refusal = f"{self._name}, by which it could see that its controller lives, is not taken: {error}"
            return
        self._count, self._written_s = count, now_s

    @property
    def _name(self) -> str:
        return self._block.full_name(self._point)
