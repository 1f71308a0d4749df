"""A battery setpoint by SunSpec model 124: charge and discharge limits closed on the same value.

Source: SunSpec model 124 (basic storage control); negative rates, which force the other direction, are Fronius GEN24
practice ("Fronius Datamanager Modbus TCP & RTU" operating instructions and the maker's register tables). Both rates
are percent of WChaMax there. ChaGriSet and the reversion time survive a restart of a GEN24, so they are written only
when they change; the timer is restarted by writing StorCtl_Mod.
"""

import math
from collections import Counter
from collections.abc import Mapping

from drivers import refusal_sentences as say
from drivers.control_block import ControlBlock, judged
from drivers.device import Applied, Clamped, ControlState, SteerResult, Transport
from drivers.errors import NotApplied, NotSupported
from drivers.sunspec import Model

_AUTOMATIC, _BOTH_LIMITS = 0.0, 3.0  # StorCtl_Mod
_CHARGE_LIMIT, _DISCHARGE_LIMIT = 1, 2  # its bits
_FROM_PV_ONLY, _FROM_GRID_TOO = 0.0, 1.0  # ChaGriSet
_MODE, _TIMER = "StorCtl_Mod", "InOutWRte_RvrtTms"
_WRITABLE = (_MODE, "OutWRte", "InWRte", _TIMER, "ChaGriSet")
_KEPT_OVER_A_RESTART = (_TIMER, "ChaGriSet")
_NEUTRAL = {_MODE: _AUTOMATIC, "OutWRte": 100.0, "InWRte": 100.0, "ChaGriSet": _FROM_PV_ONLY}
_LONGEST_S = 0xFFFE


class Rates124:
    """Sets and releases. ``wears``: all points are persistent.

    ``reverts`` and ``resolution_w`` are known after ``prepare``.
    """

    def __init__(
        self,
        transport: Transport,
        model: Model,
        max_registers: int,
        wears: bool = False,
        writes: Counter[str] | None = None,
    ) -> None:
        persistent = _WRITABLE if wears else _KEPT_OVER_A_RESTART
        self._block = ControlBlock(transport, model, _WRITABLE, ("WChaMax",), max_registers, persistent, writes)
        self.reverts = False
        self.resolution_w = 0.0

    async def prepare(self) -> bool:
        """Read what the device implements. False when it takes no rates; without their base it can be released."""
        block = self._block
        await block.read()
        self.reverts = block.has(_TIMER)
        if not block.has(_MODE, "OutWRte", "InWRte"):
            return False
        self.resolution_w = block.step("OutWRte") / 100.0 * max(0.0, block.value("WChaMax") or 0.0)
        return True

    async def read(self) -> ControlState:
        await self._block.read()
        return self.state()

    def state(self) -> ControlState:
        """Of what was read last."""
        mode = int(self._block.value(_MODE) or 0)
        limits = [name for name, bit in (("InWRte", _CHARGE_LIMIT), ("OutWRte", _DISCHARGE_LIMIT)) if mode & bit]
        order = self._block.settings(_MODE, *limits) if mode else {}
        return ControlState(order, self._block.settings())

    def found(self) -> dict[str, float]:
        """The settings read last; what leaves the device to itself in place of a forced power or a lease."""
        settings = self._block.settings()
        if self._is_command():
            settings |= _named(self._block, _NEUTRAL | {_TIMER: 0.0})
        return settings

    async def set_power(self, power_w: float, hold_s: float, idle_w: float = 0.0) -> SteerResult:
        """Timer and rates first, the activation last, then read everything back. The battery rests at 0 W here.

        Some devices follow a rate at once where the mode is active already, so their timer is set before it.
        """
        block = self._block
        await block.read()
        before_pct, base_w = block.value("OutWRte"), block.value("WChaMax")
        if not base_w or base_w < 0:
            found = "nothing" if base_w is None else f"{base_w:g}"
            raise NotSupported(f"124.WChaMax reads {found}, so a rate in percent of it means nothing")
        rate_pct = block.towards("OutWRte", max(-100.0, min(100.0, 100.0 * power_w / base_w)))
        settings = self._settings(rate_pct, hold_s)
        await block.write(block.needed(settings))
        await block.write([(_MODE, _BOTH_LIMITS)])
        await block.read()
        await self._check_timer(settings)
        for name, value in block.differs([*settings, (_MODE, _BOTH_LIMITS)]):
            if name not in ("OutWRte", "InWRte"):
                raise NotApplied(say.reads(f"124.{name}", value, block.value(name)))
        return self._result(power_w, rate_pct, before_pct, base_w)

    async def release(self, found: Mapping[str, float]) -> None:
        """The automatic mode first, which is the safe one, then the rest, last the mode that was found."""
        block = self._block
        await block.read()
        wanted = self._given_back(found)
        left = block.differs(wanted)
        if not left:
            return
        if block.value(_MODE) != _AUTOMATIC:
            await block.write([(_MODE, _AUTOMATIC)])
        await block.write([(name, value) for name, value in left if name != _MODE])
        if wanted[0][1] != _AUTOMATIC:
            await block.write(wanted[:1])
        await block.read()
        for name, value in block.differs(wanted):
            raise NotApplied(say.reads(f"124.{name}", value, block.value(name)))

    def _given_back(self, found: Mapping[str, float]) -> list[tuple[str, float]]:
        known = {name: found.get(self._block.full_name(name), neutral) for name, neutral in _NEUTRAL.items()}
        if self._block.full_name(_TIMER) in found:
            known[_TIMER] = found[self._block.full_name(_TIMER)]
        return [(name, value) for name, value in known.items() if self._block.has(name)]

    def _is_command(self) -> bool:
        """True for a rate that forces power, for limits closed on one value, and for limits that run out."""
        state = self.state()
        charge, discharge = (state.order.get(self._block.full_name(name)) for name in ("InWRte", "OutWRte"))
        if any(rate is not None and rate < 0.0 for rate in (charge, discharge)):
            return True
        if charge is not None and discharge is not None and charge == -discharge:
            return True
        return bool(state.order) and bool(self._block.value(_TIMER))

    def _settings(self, rate_pct: float, hold_s: float) -> list[tuple[str, float]]:
        timer_s = min(math.ceil(hold_s), _LONGEST_S)
        wanted = (("ChaGriSet", _FROM_GRID_TOO), (_TIMER, timer_s), ("OutWRte", rate_pct), ("InWRte", -rate_pct))
        return [setting for setting in wanted if self._block.has(setting[0])]

    async def _check_timer(self, settings: list[tuple[str, float]]) -> None:
        """Rates without their timer are taken back at once: nothing would end them after us."""
        for name, value in self._block.differs([setting for setting in settings if setting[0] == _TIMER]):
            await self._block.write([(_MODE, _AUTOMATIC)])
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


def _named(block: ControlBlock, values: Mapping[str, float]) -> dict[str, float]:
    return {block.full_name(name): value for name, value in values.items() if block.has(name)}
