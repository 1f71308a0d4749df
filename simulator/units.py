"""One Modbus unit: it shows the plant's newest state in its registers and takes writes as its datasheet says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from simulator.distortion import NOTHING, Distortion
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, Point

ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """The range in which a written point is accepted, in its unit. Outside it a write is answered with exception 3."""

    low: float
    high: float


class Face(Protocol):
    """What a kind of unit shows and obeys. Names are those of its image's points."""

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The points that can be written."""
        ...

    def measured(self, state: PlantState, counters: Counters) -> Values:
        """The values of the moment."""
        ...

    def controls(self) -> Values:
        """The control points that change by themselves: timers, and settings that have lapsed."""
        ...

    def changed(self, names: Collection[str]) -> None:
        """Act on points that were written."""
        ...

    def forget(self) -> None:
        """Come back from a reboot with the orders gone."""
        ...


class Unit:
    """The registers of one unit id and their behaviour.

    A write to a point that is read-only or not implemented is answered and ignored, as SunSpec asks for; with
    ``strict_writes`` it is refused with exception 2, as many makers do. ``largest_read``, ``even_reads`` and
    ``refuses_holes`` (a request that touches an address without a point) are the limits of the device's own protocol.
    """

    def __init__(
        self,
        plant: Plant,
        image: Image,
        face: Face,
        *,
        function_codes: frozenset[int] = frozenset((3, 6, 16)),
        strict_writes: bool = False,
        largest_read: int = 125,
        even_reads: bool = False,
        refuses_holes: bool = False,
    ) -> None:
        self.image = image
        self.function_codes = function_codes
        self._plant = plant
        self._face = face
        self._strict_writes = strict_writes
        self._largest_read = largest_read
        self._even_reads = even_reads
        self._refuses_holes = refuses_holes
        self._listed = {at for point in image.points.values() for at in range(point.register.address, _end(point))}
        self._shown: tuple[PlantState, Distortion] | None = None
        self._measured: dict[int, Point] = {}
        self._by_address = sorted(image.points.items(), key=lambda item: item[1].register.address)
        self.refresh()
        self._measured = {
            image.points[name].register.address: image.points[name]
            for name in face.measured(plant.state, plant.counters)
        }

    def refresh(self, frozen: bool = False, distortion: Distortion = NOTHING, late_s: float = 0.0) -> None:
        """Show the plant's newest state, or that of ``late_s`` seconds before; ``frozen`` leaves measurements.

        Nothing is computed when it has not moved. Counters are never late.
        """
        state = self._plant.state_before(late_s) if late_s > 0.0 else self._plant.state
        now = (state, distortion)
        if now != self._shown and not frozen:
            values = dict(self._face.measured(state, self._plant.counters))
            distortion.apply(values)
            self.image.put_all(values)
            self._shown = now
        self.image.put_all(self._face.controls())

    def refuses_read(self, address: int, count: int) -> int | None:
        """The exception code for a read that this device does not answer, None for one that it does."""
        if count > self._largest_read:
            return ILLEGAL_VALUE
        if self._even_reads and (address % 2 or count % 2):
            return ILLEGAL_ADDRESS
        if self._refuses_holes and not self._listed.issuperset(range(address, address + count)):
            return ILLEGAL_ADDRESS
        return None

    def read(self, address: int, count: int, as_missing: bool = False) -> list[int]:
        """The words served; ``as_missing`` replaces every measured value by its "not implemented" words."""
        words = self.image.read(address, count)
        if as_missing:
            for start, point in self._measured.items():
                for i, word in enumerate(point.missing):
                    if 0 <= start + i - address < count:
                        words[start + i - address] = word
        return words

    def write(self, address: int, words: list[int], heeded: bool = True) -> int | None:
        """Take a write; return an exception code where it is refused.

        Points before the refused one of the same request are changed, as SunSpec allows. A value is never cut: a write
        to half of a point is refused whole. ``heeded`` False stores the values and does not act on them.
        """
        end = address + len(words)
        touched = [(name, point) for name, point in self._by_address if _overlaps(point, address, end)]
        if any(point.register.address < address or _end(point) > end for _, point in touched):
            return ILLEGAL_VALUE
        stored, code = [], None
        for name, point in touched:
            offset = point.register.address - address
            code = self._store(name, point, words[offset : offset + point.register.count])
            if code is not None:
                break
            if name in self._face.settings:
                stored.append(name)
        if heeded and stored:
            self._face.changed(stored)
        return code

    def forget(self) -> None:
        """Come back from a reboot."""
        self._face.forget()

    def _store(self, name: str, point: Point, words: list[int]) -> int | None:
        setting = self._face.settings.get(name)
        if setting is None:
            return ILLEGAL_ADDRESS if self._strict_writes else None
        register = point.register
        value = register.decode({register.address + i: word for i, word in enumerate(words)})
        if value is None or not setting.low <= value <= setting.high:
            return ILLEGAL_VALUE
        self.image.store(register.address, words)
        return None


def _end(point: Point) -> int:
    return point.register.address + point.register.count


def _overlaps(point: Point, start: int, end: int) -> bool:
    return point.register.address < end and _end(point) > start
