"""A battery setpoint by SunSpec model 704: WSet in watts, or WSetPct in percent of WMax where WSet is not implemented.

Source: SunSpec DER Information Model Specification 1.2, chapter 3 (settings, reversion timers), model 704; WSetMod 0 is
"percentage of maximum active power", of which 702 WMax is the setting. WSetRvrtTms starts when the function is enabled
and again at each change of a setting; WSetEnaRvrt is the enable state after expiry.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers import refusal_sentences as say
from drivers.control_block import ControlBlock, judged, read_words
from drivers.device import Applied, Clamped, ControlState, SteerResult, Transport
from drivers.errors import NotApplied, NotSupported
from drivers.register import Register
from drivers.sunspec import Model

_ENABLE, _MODE, _TIMER, _ENABLE_AFTER = "WSetEna", "WSetMod", "WSetRvrtTms", "WSetEnaRvrt"
_LONGEST_S = 0xFFFFFFFE


@dataclass(frozen=True, slots=True)
class _Unit:
    """In what the power is given: the WSetMod that says so, its point, and the point of the power after expiry."""

    mode: float
    power: str
    power_after: str

    @property
    def writable(self) -> tuple[str, ...]:
        return (_ENABLE, _MODE, self.power, self.power_after, _ENABLE_AFTER, _TIMER)

    def settings(self, value: float, timer_s: float) -> tuple[tuple[str, float], ...]:
        """What is written before the enable point, in this order.

        Where another has enabled the function the power counts at once, so the timer is set before it. The mode is a
        neighbour of WSet and goes in one request with it; it comes after WSetPct, or a percent of long ago would count.
        """
        timer = ((_ENABLE_AFTER, 0.0), (_TIMER, timer_s))
        power = ((self.power, value), (self.power_after, 0.0))
        mode = ((_MODE, self.mode),)
        return timer + mode + power if self.mode else timer + power + mode


_WATTS = _Unit(1.0, "WSet", "WSetRvrt")
_PERCENT = _Unit(0.0, "WSetPct", "WSetPctRvrt")
_WRITABLE = tuple(dict.fromkeys(_WATTS.writable + _PERCENT.writable))


class Setpoint704:
    """Sets and releases. ``ratings`` are rows of which the first implemented one is 100 %, W; ``wears``: all points are
    persistent. ``reverts`` and ``resolution_w`` are known after ``prepare``.
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
        persistent = _WRITABLE if wears else ()
        self._block = ControlBlock(transport, model, _WRITABLE, ("WSetRvrtRem",), max_registers, persistent, writes)
        self._unit = _WATTS
        self.reverts = False
        self.resolution_w = 0.0

    async def prepare(self) -> bool:
        """Read what the device implements. False when it takes no setpoint; one in percent of an unknown power can be
        released."""
        block = self._block
        await block.read()
        self.reverts = block.has(_TIMER)
        self._unit = _WATTS if block.has(_WATTS.power) else _PERCENT
        if not block.has(self._unit.power, _ENABLE):
            return False
        self.resolution_w = block.step(self._unit.power) * (await self._unit_w() or 0.0)
        return True

    async def read(self) -> ControlState:
        await self._block.read()
        return self.state()

    def state(self) -> ControlState:
        """Of what was read last."""
        block, mode = self._block, self._block.value(_MODE)
        unit = self._unit if mode is None else _WATTS if mode == _WATTS.mode else _PERCENT
        order = block.settings(_MODE, unit.power) if block.value(_ENABLE) == 1 else {}
        return ControlState(order, block.settings(*self._unit.writable))

    def found(self) -> dict[str, float]:
        """The settings read last, with the function disabled: a fixed power is a command and nobody's setting."""
        return self._block.settings(*self._unit.writable) | {self._block.full_name(_ENABLE): 0.0}

    async def set_power(self, power_w: float, hold_s: float, idle_w: float = 0.0) -> SteerResult:
        """Timer and settings first, the enable point last, then read everything back.

        The power is rounded towards ``idle_w``, at which the battery rests, so that no limit is passed.
        """
        block, unit, unit_w = self._block, self._unit, await self._unit_w()
        if unit_w is None:
            raise NotSupported(f"702.WMax reads nothing, so 704.{unit.power} in percent of it means nothing")
        await block.read()
        before = block.value(unit.power)
        most = 100.0 if unit is _PERCENT else math.inf
        asked = block.towards(unit.power, max(-most, min(most, power_w / unit_w)), idle_w / unit_w)
        timer_s = min(math.ceil(hold_s), _LONGEST_S)
        settings = [setting for setting in unit.settings(asked, timer_s) if block.has(setting[0])]
        needed, enable = block.needed(settings), block.needed([(_ENABLE, 1.0)])
        await block.write(needed if needed or enable else [(unit.power, asked)])  # any write restarts the timer
        await block.write(enable)
        await block.read()
        await self._check_timer(timer_s)
        for name, value in block.differs([*settings, (_ENABLE, 1.0)]):
            if name != unit.power:
                raise NotApplied(say.reads(f"704.{name}", value, block.value(name)))
        result = judged(f"704.{unit.power}", block.resolved(unit.power, asked), block.value(unit.power), before)
        return self._in_watts(result, power_w, unit_w)

    async def release(self, found: Mapping[str, float]) -> None:
        """Disabled first, then the other settings as they were found."""
        block = self._block
        await block.read()
        if block.value(_ENABLE) != 0:
            await block.write([(_ENABLE, 0.0)])
            await block.read()
            if block.value(_ENABLE) != 0:
                raise NotApplied(say.reads("704.WSetEna", 0.0, block.value(_ENABLE)))
        names = [name for name in self._unit.writable if name != _ENABLE and block.has(name)]
        rest = {name: found.get(block.full_name(name)) for name in names}
        left = block.differs([(name, value) for name, value in rest.items() if value is not None])
        if not left:
            return
        await block.write(left)
        await block.read()
        for name, value in block.differs(left):
            raise NotApplied(say.reads(f"704.{name}", value, block.value(name)))

    async def _unit_w(self) -> float | None:
        """How many watts one unit of the power is, None while the device does not say. Asked each time: another may
        set WMax, and then a percent is another power."""
        if self._unit is _WATTS:
            return 1.0
        words = await read_words(self._transport, self._ratings, self._max_registers)
        full_w = next((found for row in self._ratings if (found := row.decode(words))), None)
        return None if full_w is None else full_w / 100.0

    def _in_watts(self, result: SteerResult, power_w: float, unit_w: float) -> SteerResult:
        held_w = result.battery_w * unit_w
        if self._unit is _WATTS:
            return result
        if isinstance(result, Clamped):
            return Clamped(held_w, f"{result.reason}, in percent of {100.0 * unit_w:g} W")
        if abs(power_w) > 100.0 * unit_w:
            return Clamped(held_w, f"704.WSetPct takes at most 100 % of {100.0 * unit_w:g} W")
        return Applied(held_w)

    async def _check_timer(self, timer_s: float) -> None:
        """A setpoint whose timer does not run is taken back at once: nothing would end it after us."""
        if not self.reverts or self._block.value(_ENABLE) != 1:
            return
        set_s, left_s = self._block.value(_TIMER), self._block.value("WSetRvrtRem")
        if set_s == timer_s and (left_s is None or left_s >= timer_s / 2 - 1):
            return
        await self._block.write([(_ENABLE, 0.0)])
        raise NotApplied(f"704.{_TIMER} was set to {timer_s:g} s, but reads {set_s} with {left_s} s left")
