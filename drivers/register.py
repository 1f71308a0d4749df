"""One row of a datasheet: where a value is, how it is coded, and what its device calls missing. Pure.

A row's ``scale`` is a fixed factor; ``scale_address`` names a SunSpec scale-factor register (value x 10^SF) which is
read in the same request as the value, because some devices change it with the power level. ``sign`` turns the device's
sign into ours, here and nowhere else.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.device import Table


@dataclass(frozen=True, slots=True)
class WireType:
    """How a value lies in its registers: how many, the struct code of the number, and the bits that mean "missing".

    Sizes and not-implemented values: SunSpec Information Model specification, section on data types.
    """

    name: str
    registers: int
    code: str
    missing: int

    @property
    def is_float(self) -> bool:
        return self.code in (">f", ">d")

    @property
    def is_bitfield(self) -> bool:
        return self.name.startswith("bitfield")

    @property
    def is_accumulator(self) -> bool:
        """A counter whose 0 means "not implemented"."""
        return self.name.startswith("acc")


class _WireTypes(dict[str, WireType]):
    """By name. Raises ValueError for one that is not known."""

    def __missing__(self, name: str) -> WireType:
        raise ValueError(f"there is no type {name!r}: known are {', '.join(self)}")


WIRE_TYPES = _WireTypes(
    (wire.name, wire)
    for wire in (
        WireType("int16", 1, ">h", 0x8000),
        WireType("uint16", 1, ">H", 0xFFFF),
        WireType("enum16", 1, ">H", 0xFFFF),
        WireType("bitfield16", 1, ">H", 0xFFFF),
        WireType("count", 1, ">H", 0xFFFF),
        WireType("acc16", 1, ">H", 0),
        WireType("sunssf", 1, ">h", 0x8000),
        WireType("pad", 1, ">h", 0x8000),
        WireType("int32", 2, ">i", 0x80000000),
        WireType("uint32", 2, ">I", 0xFFFFFFFF),
        WireType("enum32", 2, ">I", 0xFFFFFFFF),
        WireType("bitfield32", 2, ">I", 0xFFFFFFFF),
        WireType("acc32", 2, ">I", 0),
        WireType("int64", 4, ">q", 0x8000000000000000),
        WireType("uint64", 4, ">Q", 0xFFFFFFFFFFFFFFFF),
        WireType("acc64", 4, ">Q", 0),
        WireType("float32", 2, ">f", 0x7FC00000),
        WireType("float64", 4, ">d", 0x7FF8000000000000),
    )
)


TABLES = ("holding", "input")
LAST_ADDRESS = 0xFFFF
_WORDS = {count: f">{count}H" for count in (1, 2, 4)}  # struct codes

# SolarEdge sends the largest negative float for "not implemented" (SunSpec implementation technical note).
_FLOAT32_LOWEST = -3.4028234663852886e38


@dataclass(frozen=True, slots=True)
class Register:
    """One row. ``name`` is the vendor's own word for it; ``address`` is the PDU address (counted from 0).

    value = raw x ``scale`` x 10^SF x ``sign`` + ``offset``. ``persistent`` marks a setting that the device keeps in
    flash or EEPROM, which wears with every write. ``sentinel`` replaces the type's own "missing"; ``also_missing``
    are further raw patterns, and a raw number (unsigned) from ``missing_from`` on is missing too. ``scattered`` are
    the addresses of a value whose words are not neighbours, as they would follow each other on the wire; such a row
    can be read and not written.
    """

    name: str
    address: int
    wire: WireType
    table: Table = "holding"
    scale: float = 1.0
    scale_address: int | None = None
    sign: int = 1
    offset: float = 0.0
    sentinel: int | None = None
    also_missing: tuple[int, ...] = ()
    missing_from: int | None = None
    scattered: tuple[int, ...] = ()
    low_word_first: bool = False
    writable: bool = False
    persistent: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ValueError(f'{self.name}: its table is "{self.table}": it must be one of {", ".join(TABLES)}')
        if not all(0 <= address <= LAST_ADDRESS for address in (*self.addresses, self.scale_address or 0)):
            raise ValueError(f"{self.name}: it is from {self.address} on, but addresses are 0 to {LAST_ADDRESS}")
        if self.sign not in (1, -1):
            raise ValueError(f"{self.name}: its sign is {self.sign}: it must be 1 or -1")
        if not self.scale or not math.isfinite(self.scale):
            raise ValueError(f"{self.name}: its scale is {self.scale:g}: nothing could be told from it")
        unlike = next((one for one in self._patterns if not -1 <= one < 1 << 16 * self.wire.registers), None)
        if unlike is not None:
            raise ValueError(f"{self.name}: no {self.wire.name} is {unlike:#x}: a missing pattern is its raw number")
        if self.scattered and (len(self.scattered) != self.wire.registers or self.address not in self.scattered):
            raise ValueError(f"{self.name}: a {self.wire.name} has {self.wire.registers} words, one at its address")

    @property
    def _patterns(self) -> tuple[int, ...]:
        """Raw numbers that mean missing; -1 is none."""
        given = (self.sentinel, self.missing_from, *self.also_missing)
        return tuple(pattern for pattern in given if pattern is not None)

    @property
    def count(self) -> int:
        return self.wire.registers

    @property
    def addresses(self) -> tuple[int, ...]:
        """Where its words lie."""
        return self.scattered or tuple(range(self.address, self.address + self.count))

    def decode(self, words: Mapping[int, int]) -> float | None:
        """The value in our sign and base unit, or None when missing or beyond all numbers.

        ``words`` maps PDU address to register content and must hold this row's registers; a missing scale factor
        makes the value missing.
        """
        count = self.wire.registers
        found = [words[address] for address in self.scattered or range(self.address, self.address + count)]
        number = self._number(struct.pack(_WORDS[count], *self._ordered(found)))
        exponent = self._exponent(words)
        if number is None or exponent is None:
            return None
        value = _shifted(number * self.scale * self.sign, exponent) + self.offset  # -0.0 + 0.0 is 0.0
        return value if math.isfinite(value) else None  # a 64-bit float times 10^10 may be beyond all floats

    def encode(self, value: float, words: Mapping[int, int] | None = None) -> list[int]:
        """The words to write for ``value``. ``words`` holds the scale factor where the row has one.

        Raises ValueError when the value does not fit, is not finite, or would be read as "not implemented". Only an
        accumulator may be 0, which is its value before anything was counted.
        """
        if not math.isfinite(value):
            raise ValueError(f"{self.name}: {value} is not a finite number")
        if self.scattered:
            raise ValueError(f"{self.name}: its words are not neighbours, so it cannot be written in one request")
        exponent = self._exponent(words or {})
        if exponent is None:
            raise ValueError(f"{self.name}: its scale factor is missing")
        scaled = _shifted((value - self.offset) * self.sign, -exponent) / self.scale
        try:
            packed = struct.pack(self.wire.code, scaled + 0.0 if self.wire.is_float else round(scaled))  # no -0.0
        except (struct.error, OverflowError) as error:
            raise ValueError(f"{self.name}: {value} does not fit {self.wire.name}") from error
        if self._number(packed) is None and not self.wire.is_accumulator:
            raise ValueError(f"{self.name}: {value} would be read as not implemented")
        return self._ordered([int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2)])

    def _ordered(self, words: list[int]) -> list[int]:
        return words[::-1] if self.low_word_first else words

    def _number(self, packed: bytes) -> float | None:
        """The raw number in ``packed`` (high word first), None when it means missing."""
        missing = self.wire.missing if self.sentinel is None else self.sentinel
        raw = int.from_bytes(packed, "big")
        if raw == missing or raw in self.also_missing:
            return None
        if self.missing_from is not None and raw >= self.missing_from:
            return None
        (number,) = struct.unpack(self.wire.code, packed)
        if isinstance(number, float):
            return number if math.isfinite(number) and number > _FLOAT32_LOWEST else None
        if packed[0] & 0x80 and self.wire.is_bitfield:  # a set top bit voids all the others
            return None
        return float(number)

    def _exponent(self, words: Mapping[int, int]) -> int | None:
        return 0 if self.scale_address is None else scale_exponent(words.get(self.scale_address))


def _shifted(value: float, exponent: int) -> float:
    """value x 10^exponent. Dividing by a power of ten is exact where multiplying by its inverse is not."""
    return value * 10.0**exponent if exponent >= 0 else value / 10.0**-exponent


def scale_exponent(word: int | None) -> int | None:
    """A SunSpec scale factor register as an exponent -10..10; None when not implemented or outside that range."""
    if word is None:
        return None
    exponent = word - 0x10000 if word >= 0x8000 else word
    return exponent if -10 <= exponent <= 10 else None


def decode_string(words: Sequence[int]) -> str:
    """ASCII text, two characters a register: up to the first NUL or 0xFF, without blanks around, odd bytes as '?'."""
    raw = b"".join(word.to_bytes(2, "big") for word in words).replace(b"\xff", b"\x00")
    return raw.split(b"\x00", 1)[0].decode("ascii", "replace").replace("\ufffd", "?").strip()


def encode_string(text: str, registers: int) -> list[int]:
    """``text`` as ``registers`` words, NUL padded and cut to fit."""
    raw = text.encode("ascii", "replace")[: 2 * registers].ljust(2 * registers, b"\x00")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
