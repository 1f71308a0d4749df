"""A battery setpoint by SunSpec model 124: charge and discharge limits closed on the same value.

Source: SunSpec model 124 (basic storage control); negative rates, which force the other direction, are Fronius GEN24
practice ("Fronius Datamanager Modbus TCP & RTU" operating instructions and the maker's register tables). Both rates
are percent of WChaMax there.
"""

import math

from drivers.control_block import ControlBlock, judged
from drivers.device import Applied, Clamped, SteerResult, Transport
from drivers.errors import NotApplied, NotSupported
from drivers.sunspec import Model

_AUTOMATIC, _BOTH_LIMITS = 0.0, 3.0  # StorCtl_Mod
_FROM_PV_ONLY, _FROM_GRID_TOO = 0.0, 1.0  # ChaGriSet
_TIMER = "InOutWRte_RvrtTms"
_WRITABLE = ("StorCtl_Mod", "OutWRte", "InWRte", _TIMER, "ChaGriSet")
_LONGEST_S = 0xFFFE


class Rates124:
    """Sets and releases. ``reverts`` is known after ``prepare``."""

    def __init__(self, transport: Transport, model: Model, max_registers: int) -> None:
        self._block = ControlBlock(transport, model, _WRITABLE, ("WChaMax",), max_registers)
        self.reverts = False

    async def prepare(self) -> bool:
        """Read what the device implements. False when it takes no rates."""
        await self._block.read()
        self.reverts = self._block.has(_TIMER)
        return self._block.has("StorCtl_Mod", "OutWRte", "InWRte", "WChaMax")

    async def set_power(self, power_w: float, hold_s: float) -> SteerResult:
        """Rates and timer first, the activation last, then read everything back."""
        block = self._block
        await block.read()
        before_pct, base_w = block.value("OutWRte"), block.value("WChaMax")
        if not base_w or base_w < 0:
            raise NotSupported(f"124.WChaMax reads {base_w}, so a rate in percent of it means nothing")
        rate_pct = max(-100.0, min(100.0, 100.0 * power_w / base_w))
        settings = self._settings(rate_pct, hold_s)
        await block.write(settings)
        await block.write([("StorCtl_Mod", _BOTH_LIMITS)])
        await block.read()
        await self._check_timer(settings)
        for name, value in block.differs([*settings, ("StorCtl_Mod", _BOTH_LIMITS)]):
            if name not in ("OutWRte", "InWRte"):
                raise NotApplied(f"124.{name} was set to {value:g} and reads {block.value(name)}")
        return self._result(power_w, rate_pct, before_pct, base_w)

    async def release(self) -> None:
        """The mode first, which is the safe one by itself, then the limits back."""
        block = self._block
        await block.read()
        automatic = [("StorCtl_Mod", _AUTOMATIC), ("OutWRte", 100.0), ("InWRte", 100.0), ("ChaGriSet", _FROM_PV_ONLY)]
        left = block.differs([setting for setting in automatic if block.has(setting[0])])
        if not left:
            return
        await block.write(left)
        await block.read()
        for name, value in block.differs(left):
            raise NotApplied(f"124.{name} was set to {value:g} and reads {block.value(name)}")

    def _settings(self, rate_pct: float, hold_s: float) -> list[tuple[str, float]]:
        timer_s = min(math.ceil(hold_s), _LONGEST_S)
        wanted = (("ChaGriSet", _FROM_GRID_TOO), ("OutWRte", rate_pct), ("InWRte", -rate_pct), (_TIMER, timer_s))
        return [setting for setting in wanted if self._block.has(setting[0])]

    async def _check_timer(self, settings: list[tuple[str, float]]) -> None:
        """Rates without their timer are taken back at once: nothing would end them after us."""
        for name, value in self._block.differs([setting for setting in settings if setting[0] == _TIMER]):
            await self._block.write([("StorCtl_Mod", _AUTOMATIC)])
            raise NotApplied(f"124.{name} was set to {value:g} s and reads {self._block.value(name)}")

    def _result(self, power_w: float, rate_pct: float, before_pct: float | None, base_w: float) -> SteerResult:
        block = self._block
        charge = judged("124.InWRte", block.resolved("InWRte", -rate_pct), block.value("InWRte"), None)
        rate = judged("124.OutWRte", block.resolved("OutWRte", rate_pct), block.value("OutWRte"), before_pct)
        held_w = rate.battery_w * base_w / 100.0
        if isinstance(rate, Clamped) or isinstance(charge, Clamped):
            return Clamped(held_w, f"the device holds {rate.battery_w:g} % of the {rate_pct:g} % asked for")
        if abs(power_w) > base_w:
            return Clamped(held_w, f"the battery charges and discharges with at most {base_w:g} W")
        return Applied(held_w)
