"""A cap on active power by SunSpec model 704 or 123, WMaxLimPct, in percent of the inverter's WMax.

Source: SunSpec DER Information Model Specification 1.2, model 704; SunSpec Information Models (document 12041, 1.9),
model 123: a changed limit takes effect only when the enable point is written again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.control_block import ControlBlock, judged, read_words
from drivers.device import Applied, Clamped, SteerResult, Transport
from drivers.errors import NotApplied
from drivers.register import Register
from drivers.sunspec import Model

_LIMIT = "WMaxLimPct"
_LONGEST_S = 0xFFFE


@dataclass(frozen=True, slots=True)
class CapPoints:
    """The names that models 704 and 123 give to the same points. ``enable_after`` is "" where there is none."""

    enable: str
    timer: str
    enable_after: str


POINTS = {
    704: CapPoints("WMaxLimPctEna", "WMaxLimPctRvrtTms", "WMaxLimPctEnaRvrt"),
    123: CapPoints("WMaxLim_Ena", "WMaxLimPct_RvrtTms", ""),
}


class PvCap:
    """Sets and lifts the cap. ``ratings`` are rows of which the first implemented one is 100 %, W."""

    def __init__(self, transport: Transport, model: Model, ratings: Sequence[Register], max_registers: int) -> None:
        self._transport = transport
        self._ratings = tuple(ratings)
        self._max_registers = max_registers
        self._model_id = model.model_id
        self._points = POINTS[model.model_id]
        names = [_LIMIT, self._points.enable, self._points.timer, self._points.enable_after]
        self._block = ControlBlock(transport, model, [name for name in names if name], (), max_registers)
        self._full_w = 0.0

    async def prepare(self) -> bool:
        """Read what the device implements. False when it takes no cap, or does not say of how many watts."""
        await self._block.read()
        words = await read_words(self._transport, self._ratings, self._max_registers)
        self._full_w = next((found for row in self._ratings if (found := row.decode(words))), 0.0)
        return self._full_w > 0 and self._block.has(_LIMIT, self._points.enable)

    async def set_cap(self, power_w: float, hold_s: float) -> SteerResult:
        """The limit and its timer first, the enable point last, then read everything back."""
        block, points = self._block, self._points
        await block.read()
        before_pct = block.value(_LIMIT)
        limit_pct = min(100.0, 100.0 * power_w / self._full_w)
        wanted = [(_LIMIT, limit_pct), (points.timer, min(math.ceil(hold_s), _LONGEST_S))]
        if points.enable_after:
            wanted.insert(1, (points.enable_after, 0.0))
        settings = [setting for setting in wanted if block.has(setting[0])]
        await self._enable(settings, 1.0)
        result = judged(
            f"{self._model_id}.{_LIMIT}", block.resolved(_LIMIT, limit_pct), block.value(_LIMIT), before_pct
        )
        held_w = result.battery_w * self._full_w / 100.0
        return Applied(held_w) if isinstance(result, Applied) else Clamped(held_w, result.reason)

    async def lift(self) -> SteerResult:
        """No cap. Writes nothing where none is in force."""
        await self._block.read()
        if self._block.value(self._points.enable) != 0:
            await self._enable([(_LIMIT, 100.0)], 0.0)
        return Applied(self._full_w)

    async def _enable(self, settings: list[tuple[str, float]], state: float) -> None:
        block, enable = self._block, (self._points.enable, state)
        await block.write(settings)
        await block.write([enable])
        await block.read()
        for name, value in block.differs([*settings, enable]):
            if name != _LIMIT:
                raise NotApplied(f"{self._model_id}.{name} was set to {value:g} and reads {block.value(name)}")
