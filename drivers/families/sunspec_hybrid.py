"""A SunSpec inverter, with or without a battery: Fronius GEN24, Kostal Plenticore, SMA and others.

Read by models 101-103, 111-113, 120, 124, 160, 701, 702, 713, 714 and 802; steered by model 704 (WSet or WSetPct) where
the device implements it, else by model 124, with the heartbeat of 715 or 802; capped by model 704 or 123. Sources:
SunSpec Information Models (document 12041, 1.9), SunSpec DER Information Model Specification 1.2, Fronius register
tables for GEN24.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal

from drivers.device import Action, Applied, Clamped, ControlState, Remark, SteerResult, Transport
from drivers.errors import BadFrame, DriverError, NotApplied, NotSupported, Refused
from drivers.families.beside_the_sun import BesideTheSun
from drivers.families.sunspec_704_setpoint import Setpoint704
from drivers.families.sunspec_controlled import ControlledDevice, may_have_moved
from drivers.families.sunspec_controls import Controls, Setpoint
from drivers.families.sunspec_hybrid_rows import INVERTERS, STEERING, choose, completeness, remarks
from drivers.family import Family, LinkFacts, Monotonic, Option, SerialLine, SteeringFacts
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

_PV_AGE_S = 10.0


class SunSpecHybrid:
    """Implements ``Readable``, ``Remarked``, ``Steerable`` and ``Watching``.

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
        facts: SteeringFacts = STEERING,
    ) -> None:
        self.name = name
        self._facts = facts
        by_chain = partial(choose, battery_sign=battery_sign)
        self._device = SunSpecDevice(name, transport, by_chain, options, monotonic, completeness, BLOCK_COUNTS)
        self._writes: Counter[str] = Counter()
        self._controlled = ControlledDevice(self._device, monotonic, options.max_registers, wears, self._writes)
        self._monotonic = monotonic
        self._setpoint_of = setpoint_of
        self._step_w = step_w
        self._latest: dict[Quantity, Reading] = {}
        self._capped = False
        self._beside = BesideTheSun()
        self._found: Mapping[str, float] = {}
        self.written: ControlState | None = None
        self.wears = wears

    @property
    def facts(self) -> SteeringFacts:
        """What its steering can do, with the step of its own setpoint once that is known."""
        setpoint = self._controlled.setpoint
        step_w = 0.0 if setpoint is None else setpoint.resolution_w
        return replace(self._facts, resolution_w=max(self._facts.resolution_w, step_w))

    @property
    def actions(self) -> frozenset[Action]:
        return self._facts.actions

    @property
    def longest_hold_s(self) -> float:
        return self._facts.longest_hold_s

    @property
    def persistent_writes(self) -> Mapping[str, int]:
        return dict(self._writes)

    @property
    def reverts(self) -> bool:
        """Known after the first read; False before."""
        setpoint = self._controlled.setpoint
        return setpoint is not None and setpoint.reverts

    @property
    def remarks(self) -> tuple[Remark, ...]:
        if (known := self._controlled.controls) is None:
            return self._device.remarks
        unheard = [why for one in known.heartbeats if (why := one.refusal(self.name)) is not None]
        found = (*self._device.remarks, *remarks(self.name, known.chain, self._latest))
        return (*found, *(Remark("heartbeat_not_written", why) for why in unheard))

    async def read(self) -> list[Reading]:
        readings = await self._device.read()
        self._latest = {reading.quantity: reading for reading in readings}
        if self._controlled.controls is None:
            async with self._controlled.conversation():
                return readings
        return readings

    async def close(self) -> None:
        await self._device.close()

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
        _check(battery_w, hold_s)
        async with self._controlled.conversation() as controls:
            setpoint = self._setpoint(controls)
            await self._controlled.must_listen(controls)
            within_w = self._within_ratings(battery_w)
            beside_w = self._beside_w(setpoint)
            await self._controlled.beat(controls)  # a device that missed it may take no order
            result = await self._give(setpoint, self._stepped(within_w) + beside_w, hold_s, beside_w)
        self._beside.told(held_w := result.battery_w - beside_w, self._monotonic())
        if isinstance(result, Clamped):
            return Clamped(held_w, result.reason)
        if within_w != battery_w:
            return Clamped(held_w, f"{self.name} is rated for {abs(within_w):g} W in this direction")
        return Applied(held_w)

    async def beat(self) -> None:
        known = self._controlled.controls
        if known is not None and known.heartbeats:
            async with self._controlled.conversation() as controls:
                await self._controlled.beat(controls)

    async def _give(self, setpoint: Setpoint, power_w: float, hold_s: float, idle_w: float) -> SteerResult:
        """Write the order. One that was taken in part, or otherwise, is taken back: each new try would start its timer
        again."""
        self.written = None
        try:
            result = await setpoint.set_power(power_w, hold_s, idle_w)
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
        async with self._controlled.conversation() as controls:
            if controls.cap is None:
                raise NotSupported(f"{self.name} takes no cap on its power: neither model 704 nor model 123")
            if pv_w is None:
                lifted = await controls.cap.lift(self._found)
                self._capped = False
                return lifted
            await self._controlled.must_listen(controls)
            self._capped = True
            battery_w = self._beside.battery_w(self._latest_w(Quantity.BATTERY_W, _PV_AGE_S), self._monotonic())
            output_w = pv_w + battery_w
            result = await controls.cap.set_cap(max(0.0, output_w), hold_s, self._found)
        if output_w < 0.0:
            return Clamped(result.battery_w - battery_w, "what the battery takes from the sun is not capped")
        return replace(result, battery_w=result.battery_w - battery_w)

    async def in_force(self) -> ControlState:
        async with self._controlled.conversation() as controls:
            return await self._setpoint(controls).read()

    async def as_found(self) -> Mapping[str, float]:
        async with self._controlled.conversation() as controls:
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
            if not may_have_moved(error):
                raise
            await self._give_back()

    async def _give_back(self) -> None:
        async with self._controlled.conversation() as controls:
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
            without = "neither model 704 WSet or WSetPct, with a fixed W among its 702 CtrlModes, nor model 124"
            raise NotSupported(f"{self.name} takes no battery setpoint: {without}")
        return controls.setpoint

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
            str, "battery", "what model 704 WSet and WSetPct are the power of on this device", ("battery", "inverter")
        ),
        "battery_sign": Option(int, 1, "-1 where models 714 and 802 count the battery's charging as positive", (1, -1)),
        "persistent_setpoints": Option(
            bool, False, "the device keeps setpoints in flash or EEPROM, so that its writes are counted and limited"
        ),
    },
)
