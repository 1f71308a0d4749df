"""Registers packed by hand for a device in memory, and what the production driver makes of them."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.datasheet_device import SteeredDevice
from drivers.reading import Quality, Quantity
from drivers.registry import build
from tests.drivers.memory import MemoryTransport

LETTERS = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "f32": ">f", "f64": ">d"}
SOUND = (Quality.GOOD, Quality.ESTIMATED)


def words(kind: str, raw: float, *, low_first: bool = False) -> list[int]:
    """``raw`` as registers, the high word first unless ``low_first``."""
    number = raw if kind.startswith("f") else int(raw)
    packed = struct.pack(LETTERS[kind], number)
    found = [int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2)]
    return found[::-1] if low_first else found


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the reference with a raw number of ours."""

    address: int
    kind: str
    raw: float
    low_first: bool = False

    @property
    def words(self) -> list[int]:
        return words(self.kind, self.raw, low_first=self.low_first)


def image(rows: Sequence[Row]) -> dict[int, int]:
    return {row.address + i: word for row in rows for i, word in enumerate(row.words)}


class Clock:
    """Monotonic seconds; each look is far enough from the last that nothing read before counts as new."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 10.0
        return self.now


def steered(family: str, transport: MemoryTransport, **options: object) -> SteeredDevice:
    device = build(family, "battery", transport, options, Clock())
    assert isinstance(device, SteeredDevice)
    return device


async def read(device: SteeredDevice) -> dict[Quantity, float | None]:
    """By quantity; those that are there must be sound."""
    readings = await device.read()
    found = {reading.quantity: reading.value for reading in readings}
    assert len(found) == len(readings), "a quantity comes once"
    assert {r.quantity for r in readings if r.value is not None and r.quality not in SOUND} == set()
    return found


def differences(found: Mapping[Quantity, float | None], expected: Mapping[Quantity, float]) -> dict[str, object]:
    """What is read otherwise than expected, by name: expected and found."""
    return {
        quantity.value: (value, got)
        for quantity, value in expected.items()
        if (got := found.get(quantity)) is None or abs(got - value) > 1e-3 * max(1.0, abs(value) * 1e-3)
    }
