"""What all Growatt inverters share: blocks that no read may leave, and the three priorities of the battery."""

from collections.abc import Mapping, Sequence
from typing import Literal

from drivers.register import WIRE_TYPES, Register
from simulator.plant import Plant
from simulator.registers import Image, build_image
from simulator.units import ILLEGAL_ADDRESS, Face, Unit

Priority = Literal["load", "battery", "grid"]
Blocks = Mapping[int, Sequence[range]]  # by function code
Row = tuple[str, int, str, float]

END_OF_DAY = 23 * 256 + 59


def image_of(rows: Sequence[Row]) -> Image:
    return build_image([Register(name, at, WIRE_TYPES[wire], scale=scale) for name, at, wire, scale in rows])


class BlockUnit(Unit):
    """A read must lie in one of the ``blocks`` of its function, else it is refused with exception 2."""

    def __init__(self, plant: Plant, image: Image, inputs: Image, face: Face, blocks: Blocks) -> None:
        super().__init__(plant, image, face, function_codes=frozenset((3, 4, 6, 16)), strict_writes=True, inputs=inputs)
        self._blocks = blocks

    def refuses_read(self, function_code: int, address: int, count: int) -> int | None:
        blocks = self._blocks[function_code]
        if not any(address in block and address + count - 1 in block for block in blocks):
            return ILLEGAL_ADDRESS
        return super().refuses_read(function_code, address, count)


class Priorities:
    """Makes a priority and a rate of the plant's battery; what is ordered already is not ordered again.

    Battery first charges with the rate, from the sun alone unless the grid may charge as well; grid first discharges
    with its rate, whatever the house takes. Both end at their state of charge, and then the battery rests.
    """

    def __init__(self, plant: Plant, full_w: float) -> None:
        self._plant = plant
        self._full_w = full_w
        self._obeyed: tuple[Priority, float, bool] = ("load", 0.0, True)

    def obey(self, priority: Priority, rate_pct: float, stop_pct: float, grid_charging: bool = True) -> None:
        plant = self._plant
        stopped = plant.soc_pct >= stop_pct if priority == "battery" else plant.soc_pct <= stop_pct
        wanted = (priority, 0.0 if stopped else rate_pct, grid_charging)
        if priority == "load":
            wanted = ("load", 0.0, True)
        if wanted == self._obeyed:
            return
        self._obeyed = wanted
        plant.grid_charging = wanted[2]
        power_w = wanted[1] / 100.0 * self._full_w * (-1.0 if priority == "battery" else 1.0)
        if priority == "load":
            plant.release()
        else:
            plant.order(power_w, power_w)


def minute_of(word: float) -> int:
    """A time of day, hours in the high byte, as its minute."""
    return int(word) // 256 * 60 + int(word) % 256


def is_in(plant: Plant, start: float, end: float) -> bool:
    """Whether the clock is in a slot, its last minute included."""
    now = plant.now().hour * 60 + plant.now().minute
    return minute_of(start) <= now <= minute_of(end)
