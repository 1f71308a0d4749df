"""The points of one model that steer it: written by an allow-list, believed only when they read back."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from drivers import refusal_sentences as say
from drivers.device import Applied, Clamped, SteerResult, Transport
from drivers.errors import BadFrame, NotApplied, NotSupported
from drivers.register import Register
from drivers.spans import SpanLimits, plan_spans
from drivers.sunspec import Model, registers_of

_Setting = tuple[str, float]


async def read_words(transport: Transport, rows: Iterable[Register], max_registers: int = 125) -> dict[int, int]:
    """The registers of ``rows``, which are of one table, by address."""
    words: dict[int, int] = {}
    for span in plan_spans(rows, SpanLimits(max_registers, max_gap=max_registers)):
        answer = await transport.read(span)
        words.update(enumerate(answer, start=span.address))
    return words


class ControlBlock:
    """Some points of a model on a device. Only those named in ``writable`` can be written, whatever the model allows.

    ``read`` fetches all of them; the other methods speak of what was read last. ``persistent`` names the points that
    wear: a write of one is counted in ``writes`` by its full name.
    """

    def __init__(
        self,
        transport: Transport,
        model: Model,
        writable: Collection[str],
        readable: Collection[str] = (),
        max_registers: int = 125,
        persistent: Collection[str] = (),
        writes: Counter[str] | None = None,
    ) -> None:
        rows = registers_of(model)
        self._transport = transport
        self._model = model
        self._writable = frozenset(writable)
        self._rows = {
            name: replace(rows[name], persistent=name in persistent) for name in (*writable, *readable) if name in rows
        }
        self._writes = Counter[str]() if writes is None else writes
        self._id = rows["ID"]
        self._max_registers = max_registers
        self._words: dict[int, int] = {}

    async def read(self) -> None:
        """Fetch every point, with its scale factor. Raises BadFrame where the model has moved away."""
        self._words = await read_words(self._transport, (self._id, *self._rows.values()), self._max_registers)
        self._check_id(self._words)

    def value(self, name: str) -> float | None:
        """The value read last, None where the device does not implement the point."""
        row = self._rows.get(name)
        return None if row is None or row.address not in self._words else row.decode(self._words)

    def has(self, *names: str) -> bool:
        """True when the device implements all of these points."""
        return all(self.value(name) is not None for name in names)

    def full_name(self, name: str) -> str:
        """The point as it is called outside of its model: ``124.InWRte``."""
        return f"{self._model.model_id}.{name}"

    def settings(self, *names: str) -> dict[str, float]:
        """The values of these points, all writable ones when none is named, by full name; those that are there."""
        found = {name: self.value(name) for name in names or sorted(self._writable)}
        return {self.full_name(name): value for name, value in found.items() if value is not None}

    def needed(self, settings: Sequence[_Setting]) -> list[_Setting]:
        """``settings`` without those persistent points that hold their value already."""
        return [
            (name, value)
            for name, value in settings
            if not (self._rows[name].persistent and self._reads_back(name, value))
        ]

    def resolved(self, name: str, value: float) -> float:
        """``value`` in the resolution of the point. Raises NotSupported when it cannot be written there."""
        words = self._encoded(name, value)
        row = self._rows[name]
        found = row.decode(self._words | dict(enumerate(words, start=row.address)))
        assert found is not None
        return found

    def step(self, name: str) -> float:
        """How far apart two neighbouring values of the point are, in its unit. The device must implement it."""
        row = self._rows[name]
        words = self._words | dict.fromkeys(row.addresses, 0) | {row.addresses[-1]: 1}
        found = row.decode(words)
        assert found is not None
        return found

    def towards(self, name: str, value: float, rest: float = 0.0) -> float:
        """``value`` in whole steps of the point, rounded towards ``rest``: no limit is passed by rounding."""
        step = self.step(name)
        steps = value / step
        if math.isclose(steps, round(steps), rel_tol=1e-12, abs_tol=1e-6):  # it is one, as far as floats can tell
            return value
        return step * (math.floor(steps) if value >= rest else math.ceil(steps))

    def differs(self, settings: Sequence[_Setting]) -> list[_Setting]:
        """Those settings that do not read back."""
        return [(name, value) for name, value in settings if not self._reads_back(name, value)]

    async def write(self, settings: Sequence[_Setting]) -> None:
        """Write in this order; neighbours in one request, so that a device takes them together.

        The model's id is read before. Raises BadFrame where the model has moved away, and writes nothing then.
        """
        requests: list[tuple[int, list[int]]] = []
        for name, value in settings:
            words = self._encoded(name, value)
            address = self._rows[name].address
            if requests and requests[-1][0] + len(requests[-1][1]) == address:
                requests[-1][1].extend(words)
            else:
                requests.append((address, words))
        if requests:
            self._check_id(await read_words(self._transport, (self._id,)))
            self._writes.update(self.full_name(name) for name, _ in settings if self._rows[name].persistent)
        for address, words in requests:
            await self._transport.write(address, words)

    def _check_id(self, words: Mapping[int, int]) -> None:
        if self._id.decode(words) != self._model.model_id:
            raise BadFrame(f"SunSpec model {self._model.model_id} is not at {self._model.address} any more")

    def _reads_back(self, name: str, value: float) -> bool:
        found = self.value(name)
        return found is not None and math.isclose(found, self.resolved(name, value), rel_tol=1e-9, abs_tol=1e-9)

    def _encoded(self, name: str, value: float) -> list[int]:
        row = self._rows.get(name)
        if row is None or name not in self._writable or not row.writable:
            raise NotSupported(f"SunSpec point {self._model.model_id}.{name} may not be written")
        try:
            return row.encode(value, self._words)
        except ValueError as error:
            raise NotSupported(f"SunSpec point {self._model.model_id}.{error}") from error


def judged(name: str, asked: float, found: float | None, before: float | None) -> SteerResult:
    """What became of a setpoint that reads ``found`` after ``asked`` was written over ``before``."""
    if found is not None and math.isclose(found, asked, abs_tol=1e-6):
        return Applied(found)
    if found is None or found == before or abs(found) > abs(asked) or found * asked < 0:
        raise NotApplied(say.reads(name, asked, found))
    return Clamped(found, f"the device holds {found:g} of the {asked:g} asked for")
