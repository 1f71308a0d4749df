"""One battery that is written to, and what several answered as one outcome."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from agent.dispatch.lease import Lease
from agent.domain.setpoint import Applied, Clamped, Held, Outcome, Refused, Setpoint, Unreachable
from drivers import device as driver
from drivers.device import Readable, Steerable
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, NotSupported

DEADBAND_W = 20.0  # a share that moved by less is not worth a write of its own


class SteeredBattery:
    """A device whose battery power is set, and the lease in force there. Raises ValueError when it takes none."""

    def __init__(self, device: Readable, deadline_s: float, monotonic: Callable[[], float]) -> None:
        if not isinstance(device, Steerable):
            raise ValueError(f"{device.name} is of a family that cannot be steered")
        self._battery: Steerable = device
        self.name = device.name
        self._deadline_s, self._monotonic = deadline_s, monotonic
        self._capped = False
        self._can_cap = True
        self._lease: Lease | None = None

    @property
    def reverts(self) -> bool:
        return self._battery.reverts

    async def take(self, setpoint: Setpoint, share_w: float | None) -> Outcome:
        """``setpoint`` at ``share_w`` (None releases), where that is not what is in force for long enough."""
        share = replace(setpoint, battery_w=share_w)
        lease, now = self._lease, self._monotonic()
        # The site's lease is renewed at half of its life. A quarter here keeps each unit's from lapsing in between.
        forced = setpoint.battery_w is None
        if lease is not None and not forced:
            brief = replace(lease, hold_s=lease.hold_s / 2.0)
            if not brief.must_be_replaced(share, now, DEADBAND_W):
                return Held()
        return await self.steer(share)

    async def steer(self, setpoint: Setpoint) -> Outcome:
        """Write ``setpoint`` and read it back; every error of the driver is an outcome."""
        self._lease = None
        try:
            async with asyncio.timeout(self._deadline_s):
                outcome = await self._steer(setpoint)
        except (LinkDown, NoAnswer, BadFrame) as error:
            return Unreachable(str(error))
        except TimeoutError:
            return Unreachable(f"{self.name} did not take the setpoint within {self._deadline_s:g} s")
        except DriverError as error:
            return Refused(str(error))
        self._lease = Lease(setpoint.battery_w, setpoint.pv_limit_w, self._monotonic(), setpoint.hold_s)
        return outcome

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


def together(outcomes: Mapping[str, Outcome], setpoint: Setpoint) -> Outcome:
    """What all batteries answered, as one. Those without a share were to be released, which the power does not need.

    A site's release counts only when every battery took it.
    """
    shares = dict(setpoint.shares)
    asked = outcomes if setpoint.battery_w is None else {name: outcomes[name] for name in outcomes if name in shares}
    reasons = {name: one.reason for name, one in asked.items() if isinstance(one, Clamped | Refused | Unreachable)}
    failed = tuple(name for name, one in asked.items() if isinstance(one, Refused | Unreachable))
    told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    if failed and (setpoint.battery_w is None or len(failed) == len(asked)):
        refused = all(isinstance(asked[name], Refused) for name in failed)
        return Refused(told) if refused else Unreachable(told)
    if setpoint.battery_w is None:
        return Applied(None)
    taken_w = sum(_taken_w(one, shares[name]) for name, one in asked.items())
    return Clamped(taken_w, told, failed) if reasons else Applied(taken_w)


def _taken_w(outcome: Outcome, share_w: float) -> float:
    match outcome:
        case Applied(battery_w):
            return battery_w or 0.0
        case Clamped(battery_w):
            return battery_w
        case Held():
            return share_w
        case Refused() | Unreachable():
            return 0.0
