"""The registers of one simulated unit: words by PDU address, points by name, coded by the drivers' own rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from drivers.register import WIRE_TYPES, Register, encode_string, scale_exponent
from drivers.sunspec import HEADER, Block, Model, block_size, model_rows, registers_of

SUNSPEC_BASE = 40000
MARKER = (0x5375, 0x6E53)  # "SunS"
_END = (0xFFFF, 0)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Point:
    """A named value: its row with the scale factor worked in, the range that fits, and the words of "missing"."""

    register: Register
    low: float
    high: float
    missing: tuple[int, ...]

    @property
    def accumulates(self) -> bool:
        return self.register.wire.name.startswith("acc")


class Image:
    """All registers of a unit in one block that starts at ``base``. Points of a SunSpec chain are named ``704.WSet``.

    Those of a second model with the same id are named ``802/2.W``.

    A value that does not fit is served at the end of its range; an accumulator rolls over, and its 0 is also its
    "not implemented". ``alone`` is what a register gives that is asked for by itself, where that is something else.
    """

    def __init__(
        self,
        base: int,
        words: Sequence[int],
        registers: Mapping[str, Register],
        models: Sequence[Model] = (),
        alone: Mapping[int, int] | None = None,
    ) -> None:
        self.base = base
        self.models = tuple(models)
        self._alone = alone or {}
        self.words = list(words)
        self._coded: dict[str, tuple[float | None, Sequence[int]]] = {}  # the newest value of each point as words
        self.points = {name: _point(register) for name, register in registers.items()}
        self._taken = {address for register in registers.values() for address in register.addresses}

    @property
    def end(self) -> int:
        """The address after the last register."""
        return self.base + len(self.words)

    def put(self, name: str, value: float | None) -> None:
        """Serve ``value`` at a point, in the point's unit; None serves its "not implemented" words."""
        register = self.points[name].register
        coded = self._coded.get(name)
        if coded is None or coded[0] != value:
            coded = self._coded[name] = value, self._words_of(self.points[name], value)
        for address, word in zip(register.addresses, coded[1], strict=True):
            self.words[address - self.base] = word

    @staticmethod
    def _words_of(point: Point, value: float | None) -> Sequence[int]:
        register = point.register
        if value is None:
            return point.missing
        if point.accumulates:
            counted = round(value / register.scale) % (round(point.high / register.scale) + 1)
            return register.encode(counted * register.scale) if counted else point.missing
        return replace(register, scattered=()).encode(max(point.low, min(point.high, value)))

    def put_all(self, values: Mapping[str, float | None]) -> None:
        for name, value in values.items():
            self.put(name, value)

    def get(self, name: str) -> float | None:
        """The value that is served at a point, None when missing."""
        register = self.points[name].register
        return register.decode({address: self.words[address - self.base] for address in register.addresses})

    def value(self, name: str, default: float = 0.0) -> float:
        """The value at a point, ``default`` when missing."""
        found = self.get(name)
        return default if found is None else found

    def read(self, address: int, count: int) -> list[int]:
        if count == 1 and address in self._alone:
            return [self._alone[address]]
        offset = address - self.base
        return self.words[offset : offset + count]

    def longest_hole(self, address: int, count: int) -> int:
        """The most neighbours without a point among these registers."""
        longest = hole = 0
        for at in range(address, address + count):
            hole = 0 if at in self._taken else hole + 1
            longest = max(longest, hole)
        return longest

    def cuts(self, address: int, count: int) -> bool:
        """Whether a read of these registers begins or ends inside a value."""
        inside = range(address, address + count)
        touched = [point.register.addresses for point in self.points.values()]
        return any(0 < sum(at in inside for at in words) < len(words) for words in touched)

    def store(self, address: int, words: Sequence[int]) -> None:
        offset = address - self.base
        self.words[offset : offset + len(words)] = words


def build_image(
    rows: Iterable[Register],
    texts: Mapping[int, tuple[str, int]] | None = None,
    alone: Mapping[int, int] | None = None,
) -> Image:
    """An image from the first to the last of ``rows``, all 0. ``texts`` are strings and their sizes by address."""
    texts = texts or {}
    letters = {
        f"text {at + i}": Register(f"text {at + i}", at + i, WIRE_TYPES["uint16"])
        for at, (_, count) in texts.items()
        for i in range(count)
    }
    named_rows = {row.name: row for row in rows} | letters
    base = min(at for row in named_rows.values() for at in row.addresses)
    end = max(at for row in named_rows.values() for at in row.addresses) + 1
    image = Image(base, [0] * (end - base), named_rows, alone=alone)
    for at, (text, count) in texts.items():
        image.store(at, encode_string(text, count))
    return image


@dataclass(frozen=True, slots=True)
class ChainModel:
    """One model of a chain to build: its id, the labels of its repeated blocks, and L where it differs."""

    model_id: int
    labels: tuple[str, ...] = ()
    length: int | None = None


def build_chain(
    models: Sequence[ChainModel], scales: Mapping[str, int], texts: Mapping[str, str], base: int = SUNSPEC_BASE
) -> Image:
    """A SunSpec chain of ``models`` with every point "not implemented", but for IDs, lengths, scales and texts.

    ``scales`` are the scale factors by point name (``103.W_SF``); points whose factor is not there cannot be used.
    ``texts`` are strings by point name (``1.Mn``). The labels of repeated blocks become their IDStr.
    """
    words = list(MARKER)
    registers: dict[str, Register] = {}
    placed: list[Model] = []
    for planned in models:
        model = _placed(planned, base + len(words))
        before = sum(other.model_id == model.model_id for other in placed)
        prefix = f"{model.model_id}/{before + 1}" if before else f"{model.model_id}"
        placed.append(model)
        words += _empty_model(model, planned, scales, texts)
        found = registers_of(model)
        for name, register in found.items():
            scaled = _with_scale(register, base, words)
            if scaled is not None:
                registers[f"{prefix}.{name}"] = scaled
    return Image(base, words + list(_END), registers, placed)


def fitting_exponent(largest: float, finest: int = -1) -> int:
    """The smallest scale factor, from ``finest`` up, with which ``largest`` and half as much again fit int16."""
    return next(exponent for exponent in range(finest, 9) if 1.5 * abs(largest) <= 32000 * 10.0**exponent)


def named(prefix: str, **values: Value) -> dict[str, Value]:
    """Values by the full names of their points: ``named("701", W=5.0)`` is ``{"701.W": 5.0}``."""
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _placed(planned: ChainModel, address: int) -> Model:
    rows = model_rows(planned.model_id)
    size = block_size(planned.model_id)
    natural = rows[-1].offset + rows[-1].registers - HEADER + size * max(0, len(planned.labels) - 1)
    length = natural if planned.length is None else planned.length
    return Model(planned.model_id, address, length, tuple(Block(label) for label in planned.labels))


def _empty_model(model: Model, planned: ChainModel, scales: Mapping[str, int], texts: Mapping[str, str]) -> list[int]:
    """The words of a model before any value is known."""
    words = [0] * (HEADER + model.length)
    size = block_size(model.model_id)
    for row in model_rows(model.model_id):
        repeats = len(planned.labels) if row.group and size else 1
        for block in range(repeats):
            content = [0] * row.registers  # an empty string is all zero
            full_name = f"{model.model_id}.{row.name}"
            if row.wire == "string":
                label = planned.labels[block] if row.group else texts.get(full_name, "")
                content = encode_string(label, row.registers)
            elif full_name in scales:
                content = [scales[full_name] & 0xFFFF]
            elif row.wire in WIRE_TYPES:
                content = list(_missing_words(WIRE_TYPES[row.wire].missing, row.registers))
            offset = row.offset + block * size
            words[offset : offset + row.registers] = content
    words[:HEADER] = [model.model_id, model.length]
    return words[: HEADER + model.length]


def _with_scale(register: Register, base: int, words: Sequence[int]) -> Register | None:
    """The row with its scale factor worked in, None where the device does not have the factor."""
    if register.scale_address is None:
        return register
    exponent = scale_exponent(words[register.scale_address - base])
    return None if exponent is None else replace(register, scale=10.0**exponent, scale_address=None)


def _point(register: Register) -> Point:
    wire = register.wire
    sentinel = wire.missing if register.sentinel is None else register.sentinel
    missing = _missing_words(sentinel, wire.registers)
    missing = missing[::-1] if register.low_word_first else missing
    if wire.is_float:
        return Point(register, -3.4e38, 3.4e38, missing)
    bits = 16 * wire.registers
    if wire.code[1].islower():  # struct's signed codes
        highest = 2 ** (bits - 1) - 1 - (sentinel == 2 ** (bits - 1) - 1)
        highest = min(highest, 2**62)  # a float cannot hold the last digits of the range
        return _reaching(register, -highest, highest, missing)
    highest = 2**bits - (1 if wire.name.startswith("acc") else 2)
    if bits == 64:  # a float cannot hold the last digits of the range
        highest = 2**62
    return _reaching(register, 0, highest, missing)


def _reaching(register: Register, lowest: int, highest: int, missing: tuple[int, ...]) -> Point:
    ends = [raw * register.scale * register.sign + register.offset for raw in (lowest, highest)]
    return Point(register, min(ends), max(ends), missing)


def _missing_words(sentinel: int, registers: int) -> tuple[int, ...]:
    return tuple((sentinel >> (16 * (registers - 1 - i))) & 0xFFFF for i in range(registers))
