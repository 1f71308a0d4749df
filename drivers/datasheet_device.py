"""A device of a datasheet: read by its rows, and steered by its rules where it has some."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from drivers import refusal_sentences as say
from drivers.control_registers import ControlRegisters, outcome_of, read_rows
from drivers.datasheet import Datasheet, Order, Steering, Values, Variants, Walk, Write, as_found
from drivers.device import Action, Applied, ControlState, Later, SteerResult, Transport
from drivers.errors import BadFrame, DriverError, LinkDown, NotApplied, NotSupported, Refused
from drivers.family import SteeringFacts
from drivers.probing import probed
from drivers.reading import Reading
from drivers.spans import SpanLimits
from drivers.table_device import TableDevice

_JUST_NOW_S = 1.0  # slow devices need seconds for all their rows, and whoever steers has often looked right before


@dataclass(slots=True)
class _Known:
    """A device after its probes: by what it is read, and the registers by which it is steered."""

    sheet: Datasheet
    table: TableDevice
    registers: ControlRegisters | None


class DatasheetDevice:
    """Implements ``Readable``. What varies is probed before the first read, and again after the link broke."""

    def __init__(
        self, name: str, transport: Transport, sheet: Datasheet | Variants | Walk, monotonic: Callable[[], float]
    ) -> None:
        self.name = name
        self._transport = transport
        self._sheet = sheet
        self._monotonic = monotonic
        self._writes: Counter[str] = Counter()
        self._lock = asyncio.Lock()
        self._known: _Known | None = None
        self._is_current = False

    async def read(self) -> list[Reading]:
        async with self._conversation() as known:
            table = known.table
        try:
            return await table.read()  # not in the talk: an order need not wait for a slow device's last block
        except (LinkDown, BadFrame):
            self._is_current = False
            raise

    async def close(self) -> None:
        self._is_current = False
        await self._transport.close()

    @property
    def control_addresses(self) -> Sequence[int]:
        """Of the registers by which it is steered, once it is known; some may not read back."""
        return () if self._known is None else self._known.sheet.control_addresses

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator[_Known]:
        """One talk at a time, with a device that is known; after a broken link it is probed anew."""
        async with self._lock:
            try:
                if self._known is None or not self._is_current:
                    await self._probe()
                assert self._known is not None
                yield self._known
            except (LinkDown, BadFrame):
                self._is_current = False
                raise

    async def _probe(self) -> None:
        """What was learnt of the device is kept where it is still the same."""
        sheet = await probed(self._transport, self._sheet)
        if self._known is None or self._known.sheet != sheet:
            self._known = self._built(sheet)
        self._is_current = True

    def _built(self, sheet: Datasheet) -> _Known:
        table = TableDevice(
            self.name,
            self._transport,
            sheet.formulas,
            sheet.limits,
            constants=sheet.constants,
            ratings=sheet.ratings,
            monotonic=self._monotonic,
        )
        steering = sheet.steering
        registers = None
        if steering is not None:
            registers = ControlRegisters(self._transport, steering, sheet.limits, self._writes, self._monotonic)
        return _Known(sheet, table, registers)


@dataclass(frozen=True, slots=True)
class _Standing:
    """The order written last."""

    battery_w: float
    lasts: bool


class SteeredDevice(DatasheetDevice):
    """Implements ``Steerable``. ``facts`` are those of this installation; they are known before it is connected.

    An order that comes too soon after another, or after a release, changes nothing and is answered with what is in
    force. A release waits for nothing, and what writes no register begins no pace. While the grid is lost no order is
    written, and one that stands is ended with the next read: a battery that is held leaves a house dark.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        sheet: Datasheet | Variants | Walk,
        monotonic: Callable[[], float],
        facts: SteeringFacts,
    ) -> None:
        super().__init__(name, transport, sheet, monotonic)
        self._facts = facts
        self._found: Mapping[str, float] = {}
        self._standing: _Standing | None = None
        self._paced_from_s = -math.inf  # the last order or release that wrote something, monotonic
        self._may_stand = False  # also when a broken link left open what of an order was taken
        self._capped = False
        self.written: ControlState | None = None

    @property
    def actions(self) -> frozenset[Action]:
        return self.facts.actions

    @property
    def longest_hold_s(self) -> float:
        return self.facts.longest_hold_s

    @property
    def reverts(self) -> bool:
        return self.facts.reverts and not (self._standing is not None and self._standing.lasts)

    @property
    def wears(self) -> bool:
        steering = None if self._known is None else self._known.sheet.steering
        return steering is not None and steering.wears

    @property
    def persistent_writes(self) -> Mapping[str, int]:
        return dict(self._writes)

    async def read(self) -> list[Reading]:
        readings = await super().read()
        if self._may_stand:
            with suppress(DriverError):  # what was read is good; this is tried again with the next read
                await self._free_without_grid()
        return readings

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult | Later:
        if not math.isfinite(battery_w) or not math.isfinite(hold_s) or hold_s <= 0:
            raise ValueError(f"a setpoint of {battery_w} W for {hold_s} s cannot be written")
        async with self._steering() as (steering, registers):
            seen = await registers.read(_JUST_NOW_S)
            await self._must_listen(steering, registers)
            too_soon = self._too_soon(steering.facts.shortest_between_writes_s)
            if too_soon is not None:
                return too_soon
            known = {**seen, **{as_found(name): value for name, value in self._found.items()}}
            order = steering.order(battery_w, min(hold_s, steering.facts.longest_hold_s), known)
            self.written, self._standing = None, None
            result = await self._give(steering, registers, order)
            self._standing = _Standing(result.battery_w, order.lasts)
            return result

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        if pv_w is not None and not 0 <= pv_w < math.inf:
            raise ValueError(f"a cap of {pv_w} W cannot be: it is at least 0")
        async with self._steering() as (steering, registers):
            if steering.cap is None:
                raise NotSupported(f"{self.name} takes no cap on its solar power")
            seen = await registers.read(_JUST_NOW_S)
            if pv_w is not None:
                await self._must_listen(steering, registers)
            self._capped = self._capped or pv_w is not None  # also where the answer is lost
            await self._settle(steering, registers, registers.needed(steering.cap(pv_w, seen)))
            self._capped = pv_w is not None
            return Applied(math.inf if pv_w is None else pv_w)

    async def in_force(self) -> ControlState:
        async with self._steering() as (steering, registers):
            await registers.read()
            return _state(steering, registers)

    async def as_found(self) -> Mapping[str, float]:
        async with self._steering() as (steering, registers):
            self._found, self._capped = dict(steering.owners(await registers.read())), False
            return self._found

    def recall(self, found: Mapping[str, float]) -> None:
        self._found, self._capped = dict(found), True

    async def release(self) -> None:
        async with self._conversation() as known:
            if known.sheet.steering is not None and known.registers is not None:
                await known.registers.read()
                self._begin_pace(await self._leave(known.sheet.steering, known.registers))

    @property
    def facts(self) -> SteeringFacts:
        """What its steering can do: by the variant that was found, once it was."""
        steering = None if self._known is None else self._known.sheet.steering
        return self._facts if steering is None else steering.facts

    @asynccontextmanager
    async def _steering(self) -> AsyncIterator[tuple[Steering, ControlRegisters]]:
        async with self._conversation() as known:
            if known.sheet.steering is None or known.registers is None:
                raise NotSupported(f"{self.name} cannot be steered in this variant")
            yield known.sheet.steering, known.registers

    def _begin_pace(self, has_written: bool) -> None:
        self._paced_from_s = self._monotonic() if has_written else self._paced_from_s

    def _too_soon(self, pace_s: float) -> Later | None:
        left_s = pace_s - (self._monotonic() - self._paced_from_s)
        if left_s <= 0.0:
            return None
        stands_w = None if self._standing is None else self._standing.battery_w
        return Later(stands_w, f"{self.name} takes one order in {pace_s:g} s", left_s)

    async def _must_listen(self, steering: Steering, registers: ControlRegisters) -> None:
        for condition in steering.conditions:
            if (refusal := condition.refusal(registers.seen)) is not None:
                raise NotSupported(f"{self.name}: {refusal}")
        if steering.grid_lost is not None and steering.grid_lost.holds(registers.seen):
            await self._leave(steering, registers)
            raise NotApplied(say.grid_is_lost(device=self.name))

    async def _free_without_grid(self) -> None:
        async with self._steering() as (steering, registers):
            if steering.grid_lost is None:
                return
            seen: Values = await read_rows(self._transport, [steering.grid_lost.row], SpanLimits())
            if steering.grid_lost.holds(seen):
                await registers.read()
                await self._leave(steering, registers)

    async def _give(self, steering: Steering, registers: ControlRegisters, order: Order) -> SteerResult:
        """Write the order and see what became of it. One that was taken in part, or otherwise, is taken back."""
        before, power_before = registers.settings(), registers.seen.get(order.power or "")
        writes = registers.needed(order.writes)
        self._may_stand = True
        try:
            await registers.write(writes)
            await self._read_back(steering, registers)
            result = outcome_of(registers, order, power_before)
        except (NotApplied, Refused) as error:
            with suppress(DriverError):  # what went wrong is what is told
                await registers.read()
                if isinstance(error, NotApplied) or registers.settings() != before:  # else nothing was taken
                    await self._leave(steering, registers)
            raise
        self.written = _state(steering, registers)
        self._begin_pace(bool(writes))
        return result

    async def _leave(self, steering: Steering, registers: ControlRegisters) -> bool:
        """Neutral with what was found, and no cap of ours, by what was read last. Whether something differed, so that
        it was written."""
        self.written = None
        writes = steering.neutral(registers.seen, self._found)
        if self._capped and steering.cap is not None:
            writes += steering.cap(None, registers.seen)
        differing = registers.differing(writes)
        await self._settle(steering, registers, differing)
        self._standing, self._may_stand, self._capped = None, False, False
        self.written = _state(steering, registers)
        return bool(differing)

    async def _settle(self, steering: Steering, registers: ControlRegisters, writes: Sequence[Write]) -> None:
        if not writes:
            return
        await registers.write(writes)
        await self._read_back(steering, registers)
        for name, value in registers.unlike(writes):
            raise NotApplied(say.reads(name, value, registers.seen.get(name)))

    async def _read_back(self, steering: Steering, registers: ControlRegisters) -> None:
        if steering.facts.settle_s > 0:
            await self._transport.pause(steering.facts.settle_s)
        await registers.read_back()


def _state(steering: Steering, registers: ControlRegisters) -> ControlState:
    return ControlState(dict(steering.forced(registers.seen)), registers.settings())
