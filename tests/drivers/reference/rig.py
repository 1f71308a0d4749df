"""A device as its reference has it: cells with chosen numbers in a memory, and what a driver makes of them."""

from collections.abc import Iterable, Mapping
from itertools import count

import pytest

from drivers.device import Steerable
from drivers.reading import Quantity
from drivers.registry import build
from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import Cell

Words = dict[int, int]


def low_first(quantity: Quantity, address: int, code: str, raw: float, value: float) -> Cell:
    return Cell(quantity, address, code, raw, value, low_word_first=True)


def words_of(cells: Iterable[Cell], holes: Iterable[range] = (), extra: Mapping[int, int] | None = None) -> Words:
    """The registers of ``cells``, 0 in ``holes``, and ``extra`` over all."""
    words = dict.fromkeys((address for hole in holes for address in hole), 0)
    for cell in cells:
        words |= cell.words(cell.raw)
    return words | dict(extra or {})


class Rig:
    """A driver of ``family`` on an image. Between any two looks at the clock pass 100 s, so nothing comes too soon."""

    def __init__(self, family: str, image: MemoryTransport, **options: object) -> None:
        self.image = image
        self.device = build(family, family, image, options, count(0.0, 100.0).__next__)

    async def readings(self) -> dict[Quantity, float | None]:
        """Every value by its quantity, none of them twice."""
        found = await self.device.read()
        assert len({reading.quantity for reading in found}) == len(found)
        return {reading.quantity: reading.value for reading in found}

    async def reads(self, cells: Iterable[Cell]) -> None:
        """Assert that the driver reads what the reference says."""
        found = await self.readings()
        for cell in cells:
            assert found[cell.quantity] == pytest.approx(cell.value, rel=1e-6), cell

    async def told(self, power_w: float | None) -> list[tuple[int, list[int]]]:
        """The requests that set the battery to ``power_w``, None releases it."""
        assert isinstance(self.device, Steerable)
        self.image.writes.clear()
        if power_w is None:
            await self.device.release()
        else:
            await self.device.set_power(power_w, 60.0)
        return list(self.image.writes)

    def holds(self, *addresses: int) -> list[int]:
        """What these holding registers hold."""
        return [self.image.words[address] for address in addresses]


def in_turn(requests: Iterable[tuple[int, list[int]]]) -> list[tuple[int, int]]:
    """Address and word one by one, for where the reference does not say what goes together."""
    return [(address + i, word) for address, words in requests for i, word in enumerate(words)]
