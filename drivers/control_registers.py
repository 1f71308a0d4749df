"""The registers that steer one device: written by an allow-list, counted, and read back."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from drivers import refusal_sentences as say
from drivers.control_block import judged
from drivers.datasheet import Control, Order, Steering, Values, Write
from drivers.device import Applied, Clamped, SteerResult, Table, Transport
from drivers.errors import NotApplied, NotSupported, Refused
from drivers.register import Register
from drivers.spans import SpanLimits, plan_spans, rows_of

ILLEGAL_ADDRESS = 2


async def read_rows(transport: Transport, rows: Iterable[Register], limits: SpanLimits) -> dict[str, float | None]:
    """The value of each row by name, None where the device has no such register or calls it missing.

    A block that is refused for its address is asked row by row.
    """
    rows = tuple(rows)
    words: dict[Table, dict[int, int]] = {"holding": {}, "input": {}}
    for span in plan_spans(rows, limits):
        inside = rows_of(span, rows)
        try:
            words[span.table].update(enumerate(await transport.read(span), start=span.address))
        except Refused as error:
            if error.code != ILLEGAL_ADDRESS:
                raise
            for row in inside if len(inside) > 1 else ():
                words[row.table] |= await _words_of(transport, row, limits)
    return {
        row.name: row.decode(words[row.table]) if all(at in words[row.table] for at in row.addresses) else None
        for row in rows
    }


async def _words_of(transport: Transport, row: Register, limits: SpanLimits) -> dict[int, int]:
    found: dict[int, int] = {}
    for span in plan_spans([row], limits):
        try:
            found.update(enumerate(await transport.read(span), start=span.address))
        except Refused as error:
            if error.code != ILLEGAL_ADDRESS:
                raise
    return found


class ControlRegisters:
    """The controls of ``steering`` on a device. Nothing else can be written, and nothing outside a control's range.

    ``read`` fetches all rows of the steering into ``seen``, of which the other methods speak, ``read_back`` those of
    the controls alone. ``writes`` counts the writes of each persistent register by name.
    """

    def __init__(
        self,
        transport: Transport,
        steering: Steering,
        limits: SpanLimits,
        writes: Counter[str],
        monotonic: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._steering = steering
        self._limits = limits
        self._controls = {control.name: control for control in steering.controls}
        self._writes = writes
        self._monotonic = monotonic
        self._read_at = -math.inf
        self.seen: Values = {}

    async def read(self, not_older_s: float = 0.0) -> Values:
        """All rows, from the device unless they were read within ``not_older_s`` and nothing was written since."""
        if self._monotonic() - self._read_at >= not_older_s:
            self.seen = await read_rows(self._transport, self._steering.rows, self._limits)
            self._read_at = self._monotonic()
        return self.seen

    async def read_back(self) -> None:
        rows = [control.read_from for control in self._steering.controls if control.reads_back]
        self.seen = {**self.seen, **await read_rows(self._transport, rows, self._limits)}

    async def write(self, writes: Sequence[Write]) -> None:
        """Each in one request, in this order. All are checked before the first is sent. Raises NotSupported."""
        requests = [self._request(write) for write in writes]
        self._read_at = -math.inf
        for (address, words), write in zip(requests, writes, strict=True):
            for name, _ in write:
                if self._controls[name].row.persistent:
                    self._writes[name] += 1
            await self._transport.write(address, words)

    def needed(self, writes: Sequence[Write]) -> list[Write]:
        """``writes`` without those whose registers are all persistent, hold their value already and renew nothing."""
        return [write for write in writes if not all(self._stands(name, value) for name, value in write)]

    def differing(self, writes: Sequence[Write]) -> list[Write]:
        """``writes`` without those whose registers all read back their value; what cannot be read back differs."""
        return [write for write in writes if not all(self._reads(name, value) for name, value in write)]

    def unlike(self, writes: Sequence[Write]) -> list[tuple[str, float]]:
        """The settings of ``writes`` that can be read back and read something else; the last value of each counts."""
        asked = {name: value for write in writes for name, value in write}
        return [
            (name, value)
            for name, value in asked.items()
            if self._control(name).reads_back and not self._reads(name, value)
        ]

    def resolved(self, name: str, value: float) -> float:
        """``value`` in the resolution of the control. Raises NotSupported when it may not be written there."""
        row = self._control(name).row
        found = row.decode(dict(enumerate(self._encoded(name, value), start=row.address)))
        assert found is not None
        return found

    def settings(self) -> dict[str, float]:
        """What the controls read, by name; those that read something."""
        found = {name: self.seen.get(name) for name in self._controls}
        return {name: value for name, value in found.items() if value is not None}

    def _stands(self, name: str, value: float) -> bool:
        control = self._control(name)
        return control.row.persistent and not control.renews and self._reads(name, value)

    def _reads(self, name: str, value: float) -> bool:
        found = self.seen.get(name)
        if found is None or not self._control(name).reads_back:
            return False
        return math.isclose(found, self.resolved(name, value), rel_tol=1e-6, abs_tol=1e-6)

    def _request(self, write: Write) -> tuple[int, list[int]]:
        """The first address and the words of settings that are neighbours."""
        ordered = sorted(write, key=lambda setting: self._control(setting[0]).row.address)
        start = self._control(ordered[0][0]).row.address
        words: list[int] = []
        for name, value in ordered:
            address = self._control(name).row.address
            if address != start + len(words):
                raise NotSupported(f"{name} is no neighbour of {ordered[0][0]}: they cannot go in one request")
            words += self._encoded(name, value)
        return start, words

    def _encoded(self, name: str, value: float) -> list[int]:
        control = self._control(name)
        refusal = control.refusal(value)
        if refusal is not None:
            raise NotSupported(refusal)
        try:
            return control.row.encode(value)
        except ValueError as error:
            raise NotSupported(str(error)) from error

    def _control(self, name: str) -> Control:
        if name not in self._controls:
            raise NotSupported(f"{name} may not be written")
        return self._controls[name]


def outcome_of(registers: ControlRegisters, order: Order, before: float | None) -> SteerResult:
    """By what reads back now; ``before`` is what the control with the power read. Raises NotApplied."""
    for name, value in registers.unlike(order.writes):
        found = registers.seen.get(name)
        if name != order.power:
            raise NotApplied(say.reads(name, value, found))
        held = judged(name, registers.resolved(name, value), found, before).battery_w
        return Clamped(order.battery_w * held / value, f"the device holds {held:g} of the {value:g} asked of {name}")
    return Applied(order.battery_w) if order.reason is None else Clamped(order.battery_w, order.reason)
