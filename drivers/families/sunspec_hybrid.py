"""A SunSpec inverter, with or without a battery: Fronius GEN24, Kostal Plenticore, SMA and others.

Read by models 101-103, 111-113, 120, 124, 160, 701, 702, 713, 714 and 802; steered by model 704 (WSet) where the device
implements it, else by model 124; capped by model 704 or 123. Sources: SunSpec Information Models (document 12041, 1.9),
SunSpec DER Information Model Specification 1.2, Fronius register tables for GEN24.
"""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Literal

from drivers import refusal_sentences as say
from drivers.control_block import read_words
from drivers.device import Action, Applied, Clamped, ControlState, Remark, SteerResult, Transport
from drivers.errors import BadFrame, DriverError, LinkDown, NotApplied, NotSupported, Refused
from drivers.families.beside_the_sun import BesideTheSun
from drivers.families.sunspec_704_setpoint import Setpoint704
from drivers.families.sunspec_controls import Controls, Setpoint, offered
from drivers.families.sunspec_hybrid_rows import INVERTERS, STEERED_BY, STEERING, choose, completeness, remarks
from drivers.family import Family, LinkFacts, Monotonic, Option, SerialLine
from drivers.reading import Quality, Quantity, Reading
from drivers.sunspec import BLOCK_COUNTS
from drivers.sunspec_device import (
    COMMON_MODEL,
    SUNSPEC_OPTIONS,
    UNFIT_STATES,
    SunSpecDevice,
    SunSpecOptions,
    options_from,
)

SetpointOf = Literal["battery", "inverter"]

_ILLEGAL_ADDRESS = 2
_LOCAL_CONTROL = 1.0  # LocRemCtl
_PV_AGE_S = 10.0


class SunSpecHybrid:
    """Implements ``Readable``, ``Remarked`` and ``Steerable``.

    ``setpoint_of`` says what model 704 WSet is the power of, which the standard leaves to the maker: "battery", or
    "inverter" for devices that take the AC power of battery and PV together; then the PV power read last is added
    before writing. Model 124 always speaks of the battery. WMaxLimPct caps the inverter's whole active power, so
    ``limit_pv`` adds what the battery gives; what it takes from the sun cannot be capped. ``wears``: the device keeps
    what is written in flash, whatever the standard says of it. A setpoint is rounded towards 0 to whole ``step_w``, W.
    ``battery_sign`` -1 is for a device that counts charging as positive.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        options: SunSpecOptions,
        monotonic: Callable[[], float],
        setpoint_of: SetpointOf = "battery",
        wears: bool = False,
        step_w: float = 0.0,
        battery_sign: int = 1,
    ) -> None:
        self.name = name
        by_chain = partial(choose, battery_sign=battery_sign)
        self._device = SunSpecDevice(name, transport, by_chain, options, monotonic, completeness, BLOCK_COUNTS)
        self._max_registers = options.max_registers
        self._monotonic = monotonic
        self._setpoint_of = setpoint_of
        self._step_w = step_w
        self._lock = asyncio.Lock()
        self._latest: dict[Quantity, Reading] = {}
        self._known: Controls | None = None
        self._capped = False
        self._beside = BesideTheSun()
        self._found: Mapping[str, float] = {}
        self._writes: Counter[str] = Counter()
        self.written: ControlState | None = None
        self.wears = wears

    @property
    def actions(self) -> frozenset[Action]:
        return STEERING.actions

    @property
    def longest_hold_s(self) -> float:
        return STEERING.longest_hold_s

    @property
    def persistent_writes(self) -> Mapping[str, int]:
        return dict(self._writes)

    @property
    def reverts(self) -> bool:
        """Known after the first read; False before."""
        return self._known is not None and self._known.setpoint is not None and self._known.setpoint.reverts

    @property
    def remarks(self) -> tuple[Remark, ...]:
        known = () if self._known is None else remarks(self.name, self._known.chain, self._latest)
        return (*self._device.remarks, *known)

    async def read(self) -> list[Reading]:
        readings = await self._device.read()
        self._latest = {reading.quantity: reading for reading in readings}
        if self._known is None:
            async with self._conversation():
                return readings
        return readings

    async def close(self) -> None:
        await self._device.close()

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
        _check(battery_w, hold_s)
        async with self._conversation() as controls:
            setpoint = self._setpoint(controls)
            await self._must_listen(controls)
            within_w = self._within_ratings(battery_w)
            beside_w = self._beside_w(setpoint)
            result = await self._give(setpoint, self._stepped(within_w) + beside_w, hold_s)
        self._beside.told(held_w := result.battery_w - beside_w, self._monotonic())
        if isinstance(result, Clamped):
            return Clamped(held_w, result.reason)
        if within_w != battery_w:
            return Clamped(held_w, f"{self.name} is rated for {abs(within_w):g} W in this direction")
        return Applied(held_w)

    async def _give(self, setpoint: Setpoint, power_w: float, hold_s: float) -> SteerResult:
        """Write the order. One that was taken in part, or otherwise, is taken back: each new try would start its timer
        again."""
        self.written = None
        try:
            result = await setpoint.set_power(power_w, hold_s)
        except (NotApplied, Refused) as error:
            before = setpoint.state()
            with suppress(DriverError):  # what went wrong is what is told
                if isinstance(error, NotApplied) or await setpoint.read() != before:  # else nothing was taken
                    await setpoint.release(self._found)
            raise
        self.written = setpoint.state()
        return result

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        _check(pv_w or 0.0, hold_s)
        if pv_w is not None and pv_w < 0:
            raise ValueError(f"a cap of {pv_w} W cannot be: it is at least 0")
        async with self._conversation() as controls:
            if controls.cap is None:
                raise NotSupported(f"{self.name} takes no cap on its power: neither model 704 nor model 123")
            if pv_w is None:
                lifted = await controls.cap.lift(self._found)
                self._capped = False
                return lifted
            await self._must_listen(controls)
            self._capped = True
            battery_w = self._beside.battery_w(self._latest_w(Quantity.BATTERY_W, _PV_AGE_S), self._monotonic())
            output_w = pv_w + battery_w
            result = await controls.cap.set_cap(max(0.0, output_w), hold_s, self._found)
        if output_w < 0.0:
            return Clamped(result.battery_w - battery_w, "what the battery takes from the sun is not capped")
        return replace(result, battery_w=result.battery_w - battery_w)

    async def in_force(self) -> ControlState:
        async with self._conversation() as controls:
            return await self._setpoint(controls).read()

    async def as_found(self) -> Mapping[str, float]:
        async with self._conversation() as controls:
            setpoint = self._setpoint(controls)
            await setpoint.read()
            found = setpoint.found() | ({} if controls.cap is None else await controls.cap.found())
            self._found, self._capped = found, False
            return found

    def recall(self, found: Mapping[str, float]) -> None:
        self._found, self._capped = found, True

    async def release(self) -> None:
        """The battery to the device's own self-consumption or what was found, and no cap of ours left.

        Where the models have moved away they are found anew, since this may be the last that is said to the device.
        """
        try:
            await self._give_back()
        except (BadFrame, Refused) as error:
            if not _may_have_moved(error):
                raise
            await self._give_back()

    async def _give_back(self) -> None:
        async with self._conversation() as controls:
            if controls.setpoint is not None:
                self.written = None
                self._beside.told(None, self._monotonic())
                await controls.setpoint.release(self._found)
                self.written = controls.setpoint.state()
            if controls.cap is not None and self._capped:
                await controls.cap.lift(self._found)
            self._capped = False

    def _setpoint(self, controls: Controls) -> Setpoint:
        if controls.setpoint is None:
            without = "neither model 704 WSet, with a fixed W among its 702 CtrlModes, nor model 124"
            raise NotSupported(f"{self.name} takes no battery setpoint: {without}")
        return controls.setpoint

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Controls]:
        """One command at a time, to a device that is discovered; a broken link is discovered anew next time."""
        async with self._lock:
            try:
                yield await self._controls()
            except (LinkDown, BadFrame, Refused) as error:
                if isinstance(error, LinkDown) or _may_have_moved(error):
                    self._device.forget()
                raise

    async def _controls(self) -> Controls:
        """Of the chain. A model that took no setpoint is asked again: its battery may have been away."""
        chain, known = await self._device.chain(), self._known
        is_same = known is not None and known.chain == chain
        if known is not None and is_same and (known.setpoint is not None or chain.first(*STEERED_BY) is None):
            return known
        found = await offered(chain, self._device.transport, self._max_registers, self.wears, self._writes)
        self._known = replace(found, cap=known.cap or found.cap) if known is not None and is_same else found
        return self._known

    async def _must_listen(self, controls: Controls) -> None:
        row, ask = controls.locality, self._device.transport
        if row is not None and row.decode(await read_words(ask, [row], self._max_registers)) == _LOCAL_CONTROL:
            raise NotApplied(say.under_local_control(device=self.name))

    def _within_ratings(self, battery_w: float) -> float:
        charge_w = self._latest_w(Quantity.RATED_CHARGE_W)
        discharge_w = self._latest_w(Quantity.RATED_DISCHARGE_W)
        if discharge_w is not None and battery_w > discharge_w:
            return discharge_w
        return -charge_w if charge_w is not None and battery_w < -charge_w else battery_w

    def _stepped(self, battery_w: float) -> float:
        return self._step_w * math.trunc(battery_w / self._step_w) if self._step_w > 0 else battery_w

    def _beside_w(self, setpoint: Setpoint) -> float:
        """What must be added to the battery's power before writing."""
        if self._setpoint_of == "battery" or not isinstance(setpoint, Setpoint704):
            return 0.0
        pv_w = self._latest_w(Quantity.PV_W, _PV_AGE_S)
        if pv_w is None:
            raise NotApplied(f"{self.name} takes the power of battery and PV together, and the PV power is not known")
        return pv_w

    def _latest_w(self, quantity: Quantity, age_s: float = math.inf) -> float | None:
        reading = self._latest.get(quantity)
        if reading is None or reading.quality is Quality.IMPLAUSIBLE or self._monotonic() - reading.at > age_s:
            return None
        return reading.value


def _may_have_moved(error: BadFrame | Refused) -> bool:
    """True when the error is what is met at the old addresses of a chain that has moved."""
    return isinstance(error, BadFrame) or error.code == _ILLEGAL_ADDRESS


def _check(power_w: float, hold_s: float) -> None:
    if not math.isfinite(power_w) or not math.isfinite(hold_s) or hold_s <= 0:
        raise ValueError(f"a setpoint of {power_w} W for {hold_s} s cannot be written")


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SunSpecHybrid:
    setpoint_of: SetpointOf = "inverter" if options["setpoint_of"] == "inverter" else "battery"
    wears = options["persistent_setpoints"] is True
    sign = -1 if options["battery_sign"] == -1 else 1
    return SunSpecHybrid(name, transport, options_from(options), monotonic, setpoint_of, wears, battery_sign=sign)


FAMILY = Family(
    name="sunspec_hybrid",
    build=_build,
    brand="SunSpec inverter: Fronius GEN24, Kostal, SMA and others",
    document="SunSpec Information Models 12041 1.9; SunSpec DER Information Model Specification 1.2",
    confidence="A",
    link=LinkFacts(unit_ids=(1, 126, 71), serial=(SerialLine(), SerialLine(115200))),
    steering=STEERING,
    identity=replace(COMMON_MODEL, sunspec_models=(*INVERTERS, 701)),
    unfit_states=UNFIT_STATES,
    options={
        **SUNSPEC_OPTIONS,
        "setpoint_of": Option(
            str, "battery", "what model 704 WSet is the power of on this device", ("battery", "inverter")
        ),
        "battery_sign": Option(int, 1, "-1 where models 714 and 802 count the battery's charging as positive", (1, -1)),
        "persistent_setpoints": Option(
            bool, False, "the device keeps setpoints in flash or EEPROM, so that its writes are counted and limited"
        ),
    },
)
