"""A battery setpoint by SunSpec model 704, WSet.

Source: SunSpec DER Information Model Specification 1.2, chapter 3 (settings, reversion timers), model 704. WSetRvrtTms
starts when the function is enabled and again at each change of a setting; WSetEnaRvrt is the enable state after expiry.
"""

import math
from collections import Counter
from collections.abc import Mapping

from drivers import refusal_sentences as say
from drivers.control_block import ControlBlock, judged
from drivers.device import ControlState, SteerResult, Transport
from drivers.errors import NotApplied
from drivers.sunspec import Model

_WATTS = 1.0  # WSetMod: WSet in watts, not WSetPct
_ENABLE, _TIMER = "WSetEna", "WSetRvrtTms"
_WRITABLE = (_ENABLE, "WSetMod", "WSet", "WSetRvrt", "WSetEnaRvrt", _TIMER)
_LONGEST_S = 0xFFFFFFFE


class Setpoint704:
    """Sets and releases. ``reverts`` is known after ``prepare``; ``wears``: all points are persistent."""

    def __init__(
        self,
        transport: Transport,
        model: Model,
        max_registers: int,
        wears: bool = False,
        writes: Counter[str] | None = None,
    ) -> None:
        persistent = _WRITABLE if wears else ()
        readable = ("WSetRvrtRem", "WSetPct")
        self._block = ControlBlock(transport, model, _WRITABLE, readable, max_registers, persistent, writes)
        self.reverts = False

    async def prepare(self) -> bool:
        """Read what the device implements. False when it takes no setpoint in watts."""
        await self._block.read()
        self.reverts = self._block.has(_TIMER)
        return self._block.has("WSet", _ENABLE)

    async def read(self) -> ControlState:
        await self._block.read()
        return self.state()

    def state(self) -> ControlState:
        """Of what was read last."""
        block = self._block
        in_watts = block.value("WSetMod") in (None, _WATTS)
        order = block.settings("WSetMod", "WSet" if in_watts else "WSetPct") if block.value(_ENABLE) == 1 else {}
        return ControlState(order, block.settings())

    def found(self) -> dict[str, float]:
        """The settings read last, with the function disabled: a fixed power is a command and nobody's setting."""
        return self._block.settings() | {self._block.full_name(_ENABLE): 0.0}

    async def set_power(self, power_w: float, hold_s: float) -> SteerResult:
        """Timer and settings first, the enable point last, then read everything back.

        Where another has enabled the function the power counts at once, so the timer is set before it.
        """
        block = self._block
        await block.read()
        before_w = block.value("WSet")
        timer_s = min(math.ceil(hold_s), _LONGEST_S)
        wanted = (("WSetEnaRvrt", 0.0), (_TIMER, timer_s), ("WSetMod", _WATTS), ("WSet", power_w), ("WSetRvrt", 0.0))
        settings = [setting for setting in wanted if block.has(setting[0])]
        needed, enable = block.needed(settings), block.needed([(_ENABLE, 1.0)])
        await block.write(needed if needed or enable else [("WSet", power_w)])  # any write restarts the timer
        await block.write(enable)
        await block.read()
        await self._check_timer(timer_s)
        for name, value in block.differs([*settings, (_ENABLE, 1.0)]):
            if name != "WSet":
                raise NotApplied(say.reads(f"704.{name}", value, block.value(name)))
        return judged("704.WSet", block.resolved("WSet", power_w), block.value("WSet"), before_w)

    async def release(self, found: Mapping[str, float]) -> None:
        """Disabled first, then the other settings as they were found."""
        block = self._block
        await block.read()
        if block.value(_ENABLE) != 0:
            await block.write([(_ENABLE, 0.0)])
            await block.read()
            if block.value(_ENABLE) != 0:
                raise NotApplied(say.reads("704.WSetEna", 0.0, block.value(_ENABLE)))
        rest = {name: found.get(block.full_name(name)) for name in _WRITABLE if name != _ENABLE and block.has(name)}
        left = block.differs([(name, value) for name, value in rest.items() if value is not None])
        if not left:
            return
        await block.write(left)
        await block.read()
        for name, value in block.differs(left):
            raise NotApplied(say.reads(f"704.{name}", value, block.value(name)))

    async def _check_timer(self, timer_s: float) -> None:
        """A setpoint whose timer does not run is taken back at once: nothing would end it after us."""
        if not self.reverts or self._block.value(_ENABLE) != 1:
            return
        set_s, left_s = self._block.value(_TIMER), self._block.value("WSetRvrtRem")
        if set_s == timer_s and (left_s is None or left_s >= timer_s / 2 - 1):
            return
        await self._block.write([(_ENABLE, 0.0)])
        raise NotApplied(f"704.{_TIMER} was set to {timer_s:g} s, but reads {set_s} with {left_s} s left")
