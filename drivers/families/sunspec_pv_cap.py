"""A cap on active power by SunSpec model 704 or 123, WMaxLimPct, in percent of the inverter's WMax.

Source: SunSpec DER Information Model Specification 1.2, model 704; SunSpec Information Models (document 12041, 1.9),
model 123: a changed limit takes effect only when the enable point is written again.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers import refusal_sentences as say
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
    """Sets and lifts the cap. ``ratings`` are rows of which the first implemented one is 100 %, W.

    ``wears``: all points are persistent.
    """

    def __init__(
        self,
        transport: Transport,
        model: Model,
        ratings: Sequence[Register],
        max_registers: int,
        wears: bool = False,
        writes: Counter[str] | None = None,
    ) -> None:
        self._transport = transport
        self._ratings = tuple(ratings)
        self._max_registers = max_registers
        self._model_id = model.model_id
        self._points = POINTS[model.model_id]
        named = (_LIMIT, self._points.enable, self._points.timer, self._points.enable_after)
        names = [name for name in named if name]
        self._block = ControlBlock(transport, model, names, (), max_registers, names if wears else (), writes)
        self._full_w = 0.0

    async def prepare(self) -> bool:
        """Read what the device implements. False when it takes no cap, or does not say of how many watts."""
        await self._block.read()
        words = await read_words(self._transport, self._ratings, self._max_registers)
        self._full_w = next((found for row in self._ratings if (found := row.decode(words))), 0.0)
        return self._full_w > 0 and self._block.has(_LIMIT, self._points.enable)

    async def found(self) -> dict[str, float]:
        """The settings as they are now. A cap that runs out by itself is nobody's setting."""
        block, points = self._block, self._points
        await block.read()
        settings = block.settings()
        if block.value(points.enable) == 1 and block.value(points.timer):
            settings |= {block.full_name(name): value for name, value in ((points.enable, 0.0), (_LIMIT, 100.0))}
        return settings

    async def set_cap(self, power_w: float, hold_s: float, found: Mapping[str, float]) -> SteerResult:
        """The timer and the limit first, the enable point last, then read everything back.

        A cap that was ``found`` is never exceeded. Under one that is enabled the limit may count at once, so the timer
        is set before it.
        """
        block, points = self._block, self._points
        await block.read()
        before_pct = block.value(_LIMIT)
        limit_pct = block.towards(_LIMIT, min(self._most_pct(found), 100.0 * power_w / self._full_w))
        wanted = [(points.timer, min(math.ceil(hold_s), _LONGEST_S)), (_LIMIT, limit_pct)]
        if points.enable_after:
            wanted.insert(0, (points.enable_after, 0.0))
        settings = [setting for setting in wanted if block.has(setting[0])]
        await self._enable(settings, 1.0)
        result = judged(
            f"{self._model_id}.{_LIMIT}", block.resolved(_LIMIT, limit_pct), block.value(_LIMIT), before_pct
        )
        held_w = result.battery_w * self._full_w / 100.0
        return Applied(held_w) if isinstance(result, Applied) else Clamped(held_w, result.reason)

    async def lift(self, found: Mapping[str, float]) -> SteerResult:
        """No cap, or the one that was ``found``. Writes nothing where that is in force."""
        block, points = self._block, self._points
        await block.read()
        known = {name: found.get(block.full_name(name)) for name in (_LIMIT, points.timer, points.enable_after)}
        settings = [(name, value) for name, value in known.items() if value is not None and block.has(name)]
        state = found.get(block.full_name(points.enable), 0.0)
        if block.value(points.enable) != state or block.differs(settings):
            await self._enable(settings or [(_LIMIT, 100.0)], state)
        return Applied(self._most_pct(found) * self._full_w / 100.0)

    def _most_pct(self, found: Mapping[str, float]) -> float:
        capped = found.get(self._block.full_name(self._points.enable)) == 1
        return found.get(self._block.full_name(_LIMIT), 100.0) if capped else 100.0

    async def _enable(self, settings: list[tuple[str, float]], state: float) -> None:
        block, enable = self._block, (self._points.enable, state)
        await block.write(block.needed(settings))
        await block.write([enable])
        await block.read()
        for name, value in block.differs([*settings, enable]):
            if name != _LIMIT:
                raise NotApplied(say.reads(f"{self._model_id}.{name}", value, block.value(name)))
