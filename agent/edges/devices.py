"""The site's devices behind one door: buses, transports and families from the site file's list."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.domain.setpoint import Applied, Clamped, Outcome, Refused, Setpoint, Unreachable
from drivers import device as driver
from drivers.device import Readable, Steerable
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, NotSupported
from drivers.reading import Quantity, Reading


@dataclass(slots=True)
class _Seat:
    """One device, its newest readings, and the read that is under way."""

    device: Readable
    readings: dict[Quantity, Reading]
    trouble: str | None = None
    running: asyncio.Task[None] | None = None


class Devices:
    """Implements ``agent.ports.Site``. Each device is read by a task of its own, so a dead one delays nobody."""

    def __init__(self, devices: Sequence[Readable], battery: str, steer_deadline_s: float = 5.0) -> None:
        self._seats = {device.name: _Seat(device, {}) for device in devices}
        steerable = self._seats[battery].device
        if not isinstance(steerable, Steerable):
            raise ValueError(f"{battery} is of a family that cannot be steered")
        self._battery: Steerable = steerable
        self._steer_deadline_s = steer_deadline_s
        self._capped = False
        self._can_cap = True

    @property
    def reverts(self) -> bool:
        """True when the battery's device goes back to self-consumption by itself when a lease lapses."""
        return self._battery.reverts

    async def read(self, deadline_s: float) -> Mapping[str, Mapping[Quantity, Reading]]:
        for seat in self._seats.values():
            if seat.running is None or seat.running.done():
                seat.running = asyncio.create_task(self._read_one(seat))
        running = [seat.running for seat in self._seats.values() if seat.running is not None]
        await asyncio.wait(running, timeout=max(deadline_s, 0.1))
        return {name: seat.readings for name, seat in self._seats.items()}

    def troubles(self) -> Mapping[str, str]:
        return {name: seat.trouble for name, seat in self._seats.items() if seat.trouble is not None}

    async def steer(self, setpoint: Setpoint) -> Outcome:
        try:
            async with asyncio.timeout(self._steer_deadline_s):
                return await self._steer(setpoint)
        except (LinkDown, NoAnswer, BadFrame) as error:
            return Unreachable(str(error))
        except TimeoutError:
            return Unreachable(f"{self._battery.name} did not take the setpoint within {self._steer_deadline_s:g} s")
        except DriverError as error:
            return Refused(str(error))

    async def close(self) -> None:
        """Stop the reads under way and close every connection."""
        running = [seat.running for seat in self._seats.values() if seat.running is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for seat in self._seats.values():
            await seat.device.close()

    async def _steer(self, setpoint: Setpoint) -> Outcome:
        if setpoint.battery_w is None:
            await self._battery.release()
            return Applied(None)
        result = await self._battery.set_power(setpoint.battery_w, setpoint.hold_s)
        if self._can_cap and (setpoint.pv_limit_w is not None or self._capped):
            await self._cap(setpoint)
        match result:
            case driver.Applied(battery_w):
                return Applied(battery_w)
            case driver.Clamped(battery_w, reason):
                return Clamped(battery_w, reason)

    async def _cap(self, setpoint: Setpoint) -> None:
        """A device that cannot cap its solar power is asked once; its battery goes on being steered."""
        try:
            await self._battery.limit_pv(setpoint.pv_limit_w, setpoint.hold_s)
        except NotSupported:
            self._can_cap = False
            return
        self._capped = setpoint.pv_limit_w is not None

    async def _read_one(self, seat: _Seat) -> None:
        try:
            readings = await seat.device.read()
        except DriverError as error:
            seat.trouble = str(error)
            return
        except Exception as error:  # a defect in one family is that device's trouble and nobody else's
            seat.trouble = f"{seat.device.name} could not be read, a defect: {type(error).__name__}: {error}"
            return
        seat.trouble = None
        seat.readings = {reading.quantity: reading for reading in readings}
