"""A battery setpoint by SunSpec model 704, WSet.

Source: SunSpec DER Information Model Specification 1.2, chapter 3 (settings, reversion timers), model 704. WSetRvrtTms
starts when the function is enabled and again at each change of a setting; WSetEnaRvrt is the enable state after expiry.
"""

import math

from drivers.control_block import ControlBlock, judged
from drivers.device import SteerResult, Transport
from drivers.errors import NotApplied
from drivers.sunspec import Model

_WATTS = 1.0  # WSetMod: WSet in watts, not WSetPct
_TIMER = "WSetRvrtTms"
_WRITABLE = ("WSetEna", "WSetMod", "WSet", "WSetRvrt", "WSetEnaRvrt", _TIMER)
_LONGEST_S = 0xFFFFFFFE


class Setpoint704:
    """Sets and releases. ``reverts`` is known after ``prepare``."""

    def __init__(self, transport: Transport, model: Model, max_registers: int) -> None:
        self._block = ControlBlock(transport, model, _WRITABLE, ("WSetRvrtRem",), max_registers)
        self.reverts = False

    async def prepare(self) -> bool:
        """Read what the device implements. False when it takes no setpoint in watts."""
        await self._block.read()
        self.reverts = self._block.has(_TIMER)
        return self._block.has("WSet", "WSetEna")

    async def set_power(self, power_w: float, hold_s: float) -> SteerResult:
        """Settings first, the enable point last, then read everything back."""
        block = self._block
        await block.read()
        before_w = block.value("WSet")
        timer_s = min(math.ceil(hold_s), _LONGEST_S)
        wanted = (("WSetMod", _WATTS), ("WSet", power_w), ("WSetRvrt", 0.0), ("WSetEnaRvrt", 0.0), (_TIMER, timer_s))
        settings = [setting for setting in wanted if block.has(setting[0])]
        await block.write(settings)
        await block.write([("WSetEna", 1.0)])
        await block.read()
        await self._check_timer(timer_s)
        for name, value in block.differs([*settings, ("WSetEna", 1.0)]):
            if name != "WSet":
                raise NotApplied(f"704.{name} was set to {value:g} and reads {block.value(name)}")
        return judged("704.WSet", block.resolved("WSet", power_w), block.value("WSet"), before_w)

    async def release(self) -> None:
        await self._block.read()
        if self._block.value("WSetEna") == 0:
            return
        await self._block.write([("WSetEna", 0.0)])
        await self._block.read()
        if self._block.value("WSetEna") != 0:
            raise NotApplied(f"704.WSetEna was set to 0 and reads {self._block.value('WSetEna')}")

    async def _check_timer(self, timer_s: float) -> None:
        """A setpoint whose timer does not run is taken back at once: nothing would end it after us."""
        if not self.reverts or self._block.value("WSetEna") != 1:
            return
        set_s, left_s = self._block.value(_TIMER), self._block.value("WSetRvrtRem")
        if set_s == timer_s and (left_s is None or left_s >= timer_s / 2 - 1):
            return
        await self._block.write([("WSetEna", 0.0)])
        raise NotApplied(f"704.{_TIMER} was set to {timer_s:g} s, but reads {set_s} with {left_s} s left")
