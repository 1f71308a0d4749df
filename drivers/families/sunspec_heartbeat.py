"""The controller's heartbeat of SunSpec models 715 and 802: a count by which a device sees that its controller lives.

Source: SunSpec models 715 (ControllerHb) and 802 (CtrlHb): "incremented every second by the controller with periodic
resets to zero". What a device does when it stops is the maker's affair, so it goes on for as long as an order of ours
may stand, and no longer.
"""

import math
from collections.abc import Callable
from functools import partial

from drivers import sentences as say
from drivers.control_block import ControlBlock
from drivers.device import Transport
from drivers.errors import Refused
from drivers.sentence import Sentence, sentence_of
from drivers.sunspec import Model

_POINTS = {715: "ControllerHb", 802: "CtrlHb"}
_COUNTS = {715: 0xFFFFFFFF, 802: 0xFFFF}  # how many there are: one more bit pattern is "not implemented"
_NOT_TAKEN = (1, 2, 3)  # exceptions that tell of the point, and not of the moment
_LONG_AGO_S = 30.0  # then another may have counted meanwhile


class Heartbeat:
    """One count. Times are monotonic seconds.

    ``wears``: the device keeps what is written in flash, which a write each second would end within months.
    """

    def __init__(self, transport: Transport, model: Model, max_registers: int, wears: bool) -> None:
        self._point, self._counts = _POINTS[model.model_id], _COUNTS[model.model_id]
        self._block = ControlBlock(transport, model, (self._point,), (), max_registers)
        self._wears = wears
        self._first, self._first_s = 0, -math.inf  # the count that the seconds are added to, and since when
        self._seconds, self._written_s = 0, -math.inf  # with the newest beat that was taken
        self._refusal: Callable[..., Sentence] | None = None

    async def prepare(self) -> bool:
        """Read whether the device has it, and is to be told."""
        await self._block.read()
        if self._block.has(self._point) and self._wears:
            self._refusal = partial(say.heartbeat_would_wear, point=self._name)
        return self._block.has(self._point)

    async def beat(self, now_s: float) -> None:
        """Count the seconds, whole ones: an early beat is none. A device that does not take it is not asked again."""
        if self._refusal is not None:
            return
        try:
            if now_s - self._written_s > _LONG_AGO_S:
                await self._begin(now_s)
            seconds = round(now_s - self._first_s)
            if seconds <= self._seconds:
                return
            await self._block.write([(self._point, (self._first + seconds) % self._counts)])
        except Refused as error:
            if error.code in _NOT_TAKEN:
                self._refusal = partial(say.heartbeat_refused, point=self._name, cause=sentence_of(error))
            return
        self._seconds, self._written_s = seconds, now_s

    async def _begin(self, now_s: float) -> None:
        """With the next after the one that is there."""
        await self._block.read()
        self._first, self._first_s = int(self._block.value(self._point) or 0) + 1, now_s
        self._seconds = -1

    def refusal(self, device: str) -> Sentence | None:
        """Why it is not written; None while it is."""
        return None if self._refusal is None else self._refusal(device=device)

    @property
    def _name(self) -> str:
        return self._block.full_name(self._point)
