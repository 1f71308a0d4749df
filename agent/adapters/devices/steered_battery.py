"""One battery that is written to: its lease, what must be given back, who else writes there, and what writing costs."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from agent.adapters.devices.order_answers import TooSoon, outcome_of
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import SteeringTerms
from agent.dispatch.lease import Lease
from agent.dispatch.write_budget import WriteBudget
from agent.domain.sentences import devices as say
from agent.domain.sentences.alarms import foreign_master
from agent.domain.sentences.control import left_alone
from agent.domain.setpoint import Applied, Clamped, Held, Outcome, Refused, Setpoint, Unreachable
from agent.domain.steering import DailyWrites
from agent.monitoring.foreign_writes import ForeignWrites, is_foreign, order_words
from drivers.device import ControlState, Readable, Steerable
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, NotSupported
from drivers.sentence import sentence_of

DEADBAND_W = 20.0  # a share that moved by less is not worth a write of its own
LOOK_EVERY_S = 4.5  # so that it is done with each read of what is read every five seconds, which is never on the dot
ORDER_WITHIN_S = 12.0  # a dozen requests with their pauses to a dongle that answers twice a second; a stop waits for it


class SteeredBattery:
    """A device whose battery power is set, and the lease in force there. Raises ValueError when it takes none."""

    def __init__(
        self,
        device: Readable,
        deadline_s: float,
        monotonic: Callable[[], float],
        terms: SteeringTerms | None = None,
    ) -> None:
        if not isinstance(device, Steerable):
            raise ValueError(f"{device.name} is of a family that cannot be steered")
        self._battery: Steerable = device
        self.name = device.name
        self._terms = terms or SteeringTerms(device.name, WriteBudget(), SteeringMemory())
        self._deadline_s, self._monotonic = deadline_s, monotonic
        self._capped = False
        self._can_cap = True
        self._lease: Lease | None = None
        self._ends_s: float | None = None  # by its lease, what was perhaps taken and is not given back
        self._foreign = ForeignWrites()
        self._steering = False  # what was found is remembered, and not given back yet
        self._found: Mapping[str, float] = {}
        self._expected: ControlState | None = None  # what the registers must hold, None while that is not known
        self._clamps = False
        self._too_soon = TooSoon(monotonic)
        self._turn = asyncio.Lock()
        self._looked_at = -LOOK_EVERY_S
        self.lost = False  # what was written last is not in force any more

    @property
    def reverts(self) -> bool:
        return self._battery.reverts

    @property
    def longest_hold_s(self) -> float:
        """A lease is never longer than the device keeps what is written, s."""
        return self._battery.longest_hold_s

    @property
    def foreign(self) -> str | None:
        """One sentence about what else steers this battery."""
        return self._foreign.told(self._monotonic())

    @property
    def rules(self) -> bool:
        """True while an order of ours may stand by its lease, none is under way, and nobody else's is given way to."""
        now_s, ends_s = self._monotonic(), self._ends_s
        stands = ends_s is not None and now_s < ends_s
        return stands and not self._turn.locked() and not self._foreign.gives_way(now_s)

    @property
    def left_alone(self) -> str | None:
        """Why nothing is written now."""
        if self._foreign.gives_way(self._monotonic()):
            return left_alone(why=self.foreign or "")
        lease = self._lease_in_force()
        rests = (lease is None or lease.battery_w is None) and not self._may_be_in_force
        return self.used_up if rests else None

    def recalled(self) -> None:
        """What an earlier process left behind is known now: what we have released without it is released again."""
        if not self._steering and self._terms.memory.left_behind(self._terms.address) is not None:
            self.lost = True

    @property
    def used_up(self) -> str | None:
        """One sentence when the writes of the day are used up and writing would be one more of them."""
        writes_no_more = self._steering and not self._battery.wears
        return None if writes_no_more else self._terms.used_up(self.name)

    @property
    def writes(self) -> DailyWrites | None:
        """What was written of persistent registers today; None where there was nothing yet."""
        budget, today = self._terms.budget, self._terms.today
        return budget.today(today) if budget.used_today(today) or self._battery.wears else None

    def holds(self, share: Setpoint) -> bool:
        """True where this share of a site's setpoint (None releases) is in force for long enough."""
        if self._lease is None or self.lost:
            return False
        # The site's lease is renewed at half of its life. A quarter here keeps each unit's from lapsing in between.
        brief = replace(self._lease, hold_s=self._lease.hold_s / 2.0)
        return not brief.must_be_replaced(share, self._monotonic(), DEADBAND_W)

    async def steer(self, setpoint: Setpoint) -> Outcome:
        """Write ``setpoint`` and read it back; every error of the driver is an outcome.

        A battery that something else steers is left alone, also by a release. Orders are written one after the other:
        a release comes whole after what is under way.
        """
        async with self._turn:
            return await self._steer_in_turn(setpoint)

    async def _steer_in_turn(self, setpoint: Setpoint) -> Outcome:
        if self._foreign.gives_way(self._monotonic()):
            return Refused(self.left_alone or "")
        setpoint, outcome = self._within_budget(setpoint)
        setpoint = replace(setpoint, hold_s=min(setpoint.hold_s, self.longest_hold_s))
        outcome = outcome or self._still_too_soon(setpoint)
        if outcome is not None:
            return outcome
        before = Counter(self._battery.persistent_writes)
        try:
            async with asyncio.timeout(self._deadline_s):
                outcome = await self._steer(setpoint)
        except (LinkDown, NoAnswer, BadFrame) as error:
            return Unreachable(sentence_of(error))
        except TimeoutError:
            return Unreachable(say.setpoint_not_taken(device=self.name, within_s=self._deadline_s))
        except DriverError as error:
            if setpoint.battery_w is not None:
                await self._end_overdue()
            return Refused(sentence_of(error))
        except Exception as error:  # noqa: BLE001 as where it is read: control goes on, and says so
            return Refused(say.not_steered_by_defect(device=self.name, cause=f"{type(error).__name__}: {error}"))
        finally:
            self._terms.spend(Counter(self._battery.persistent_writes) - before)
        return outcome

    async def look(self) -> None:
        """See whether the device still holds what was written. What cannot be read is unknown, and changes nothing."""
        if self._monotonic() - self._looked_at >= LOOK_EVERY_S and not self._turn.locked():
            with suppress(DriverError):
                await self._look()

    async def _look(self) -> None:
        expected = self._expected
        if expected is None or self.lost:  # nothing to compare with, or it was seen and is about to be written again
            return
        self._looked_at = self._monotonic()
        state = await self._battery.in_force()
        if self._expected is not expected or state.order == expected.order:
            return
        goes_back_to = all(self._found.get(name) == value for name, value in state.order.items())
        if not goes_back_to and not is_foreign(state, expected, self._clamps):
            return
        if expected.order:  # a battery that we had given back may be somebody else's: that is told and not undone
            self.lost, self._lease = True, None
        if not goes_back_to:
            holds, wrote = order_words(state), order_words(expected)
            told = foreign_master(device=self.name, holds=holds, wrote=wrote)
            self._foreign.seen(self._monotonic(), told)
            self._expected = None if self._foreign.gives_way(self._monotonic()) else expected

    async def _steer(self, setpoint: Setpoint) -> Outcome:
        try:
            await self._look()
        except DriverError:
            if setpoint.battery_w is not None:  # a release is tried, whatever else cannot be read
                raise
        if self._foreign.gives_way(self._monotonic()):
            return Refused(self.left_alone or "")
        stood = self._lease, self.lost
        self._lease, self._expected, self.lost = None, None, False
        if setpoint.battery_w is None:
            outcome: Outcome = await self._release()
        else:
            outcome = await self._set_power(setpoint.battery_w, setpoint)
        self._expected = self._battery.written
        if self._too_soon.is_said_by(outcome):  # what stood before stands, and for no longer
            self._lease, self.lost = stood
            return outcome
        self._lease = Lease(setpoint.battery_w, setpoint.pv_limit_w, self._monotonic(), setpoint.hold_s)
        self._ends_s = None if setpoint.battery_w is None else self._monotonic() + setpoint.hold_s
        return outcome

    def _still_too_soon(self, setpoint: Setpoint) -> Clamped | None:
        """A release and a cap of the sun have no pace, nor what follows after the device has ended an order itself."""
        ended = self._battery.written is not self._expected
        asked = setpoint.battery_w is None or self._must_cap(setpoint) or ended
        return None if asked else self._too_soon.still_said()

    async def _end_overdue(self) -> None:
        """No order is taken, and the last one has outlived its lease: where the device does not end it, we do."""
        if self._ends_s is None or self.reverts or self._monotonic() < self._ends_s:
            return
        with suppress(DriverError, TimeoutError):  # tried again with the next order that is refused
            async with asyncio.timeout(self._deadline_s):
                await self._release()
            self._ends_s, self._expected = None, self._battery.written

    async def _release(self) -> Outcome:
        with suppress(NotSupported):  # it takes no setpoints, so there is nothing to be given back
            await self._remember()
        await self._battery.release()
        self._steering, self._capped = False, False
        self._terms.memory.ended(self._terms.address)
        self._terms.memory.keep_soon()
        return Applied(None)

    async def _set_power(self, battery_w: float, setpoint: Setpoint) -> Outcome:
        if not self._steering:
            await self._remember()
            self._terms.memory.begun(self._terms.address, self._found)
            await self._terms.memory.keep()
            self._steering = True
        if self._ends_s is None:  # what is refused, or not answered, may have been taken all the same
            self._ends_s = self._monotonic() + setpoint.hold_s
        result = await self._battery.set_power(battery_w, setpoint.hold_s)
        if self._must_cap(setpoint):
            await self._cap(setpoint)
        outcome = outcome_of(result)
        if not (isinstance(outcome, Clamped) and outcome.unchanged):
            self._clamps = isinstance(outcome, Clamped)
        return outcome

    def _must_cap(self, setpoint: Setpoint) -> bool:
        return self._can_cap and (setpoint.pv_limit_w is not None or self._capped)

    async def _remember(self) -> None:
        """What to give back: what an earlier process found and could not give back, else what is found now.

        What it found may be learnt while we steer already, from a store that was read late.
        """
        left_behind = self._terms.memory.left_behind(self._terms.address)
        if left_behind is None:
            if not self._steering:
                self._found = await self._battery.as_found()
        elif not self._steering or left_behind != self._found:
            self._found = left_behind
            self._battery.recall(left_behind)

    async def _cap(self, setpoint: Setpoint) -> None:
        """A device that cannot cap its solar power is asked once; its battery goes on being steered."""
        self._capped = True  # also where the answer is lost: it is lifted then
        try:
            await self._battery.limit_pv(setpoint.pv_limit_w, setpoint.hold_s)
        except NotSupported:
            self._can_cap = self._capped = False
            return
        self._capped = setpoint.pv_limit_w is not None

    def _within_budget(self, setpoint: Setpoint) -> tuple[Setpoint, Outcome | None]:
        """``setpoint`` as it may be written; an outcome where it is not written at all.

        With the budget used up nothing is changed or renewed. Only where less is wanted than what is in force, or where
        nothing would end that, or it is not known, the battery is released: this is what the rest of the budget is for.
        """
        if setpoint.battery_w is None:
            return setpoint, None
        lease, used_up = self._lease_in_force(), self.used_up
        if used_up is not None:
            if self._may_be_in_force:
                return replace(setpoint, battery_w=None), None
            if lease is None or lease.battery_w is None:
                return setpoint, Refused(used_up)
            worse = abs(setpoint.battery_w) < abs(lease.battery_w) or setpoint.battery_w * lease.battery_w < 0.0
            return (replace(setpoint, battery_w=None), None) if worse or not self.reverts else (setpoint, Held())
        if not self._battery.wears:
            return setpoint, None
        held = replace(setpoint, hold_s=min(self._terms.budget.hold_s, self.longest_hold_s))
        if lease is None or self.lost:
            return held, None
        worth = self._terms.budget.allows(held, lease, self._monotonic(), self._terms.now())
        return (held, None) if worth else (setpoint, Held())

    @property
    def _may_be_in_force(self) -> bool:
        """True when it is not known what became of the last write, and nothing was given back since."""
        return self._lease is None and self._terms.memory.left_behind(self._terms.address) is not None

    def _lease_in_force(self) -> Lease | None:
        lease = self._lease
        if lease is not None and lease.battery_w is not None and self.reverts:
            return lease if self._monotonic() - lease.written_at < lease.hold_s else None
        return lease
