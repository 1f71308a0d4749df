"""One Modbus unit: it shows the plant's newest state in its registers and takes writes as its datasheet says."""

from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from simulator.distortion import NOTHING, Distortion
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, Point

ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
READ_INPUT = 4
_KEPT_REQUESTS = 1000

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """The range in which a written point is accepted, in its unit. Outside it a write is answered with ``code``.

    ``persistent`` points are kept in flash, and their writes are counted.
    """

    low: float
    high: float
    code: int = ILLEGAL_VALUE
    persistent: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One write request that was taken: by function 6 or 16, to ``address``."""

    function_code: int
    address: int
    words: tuple[int, ...]


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
    ``strict_writes`` it is refused with exception 2, as many makers do. ``largest_read`` and ``even_reads`` are the
    limits of the device's own protocol, with ``whole_values`` (no read begins or ends inside one) and ``largest_hole``:
    so many registers that it does not have may lie in a read (None: any number; they read 0). ``inputs`` are the
    registers that function 4 reads where they are others than those of function 3. ``requests`` are the newest writes
    that were taken, ``wear`` is how often each persistent point was written.
    ``odd`` are the kinds of faults that are active.
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
        largest_hole: int | None = None,
        whole_values: bool = False,
        inputs: Image | None = None,
    ) -> None:
        self.image = image
        self.inputs = inputs
        self.requests: deque[Written] = deque(maxlen=_KEPT_REQUESTS)
        self.wear: Counter[str] = Counter()
        self.odd: frozenset[str] = frozenset()
        self.function_codes = function_codes
        self._plant = plant
        self._face = face
        self._strict_writes = strict_writes
        self._largest_read = largest_read
        self._even_reads = even_reads
        self._largest_hole = largest_hole
        self._whole_values = whole_values
        self._shown: tuple[PlantState, Distortion] | None = None
        self._measured: list[tuple[Image, Point]] = []
        self._by_address = sorted(image.points.items(), key=lambda item: item[1].register.address)
        self.refresh()
        for name in face.measured(plant.state, plant.counters):
            there = self._image_with(name)
            self._measured.append((there, there.points[name]))

    def refresh(self, frozen: bool = False, distortion: Distortion = NOTHING, late_s: float = 0.0) -> None:
        """Show the plant's newest state, or that of ``late_s`` seconds before; ``frozen`` leaves measurements.

        Nothing is computed when it has not moved. Counters are never late.
        """
        state = self._plant.state_before(late_s) if late_s > 0.0 else self._plant.state
        now = (state, distortion)
        if now != self._shown and not frozen:
            values = dict(self._face.measured(state, self._plant.counters))
            distortion.apply(values)
            self._put_all(values)
            self._shown = now
        self._put_all(self._face.controls())

    def table(self, function_code: int) -> Image:
        """The registers that a function reads or writes."""
        return self.inputs if function_code == READ_INPUT and self.inputs is not None else self.image

    @property
    def reach(self) -> tuple[int, int]:
        """First and last address of all registers that there can be."""
        images = [image for image in (self.image, self.inputs) if image is not None]
        return min(image.base for image in images), max(image.end for image in images) - 1

    def takes(self, address: int, count: int) -> bool:
        """Whether registers that can be written are there now."""
        return self.image.base <= address and address + count <= self.image.end

    def refuses_read(self, function_code: int, address: int, count: int) -> int | None:
        """The exception code for a read that this device does not answer, None for one that it does."""
        image = self.table(function_code)
        if count > self._largest_read:
            return ILLEGAL_VALUE
        if self._even_reads and (address % 2 or count % 2):
            return ILLEGAL_ADDRESS
        if address < image.base or address + count > image.end:
            return ILLEGAL_ADDRESS
        if self._largest_hole is not None and image.longest_hole(address, count) > min(self._largest_hole, count - 1):
            return ILLEGAL_ADDRESS
        return ILLEGAL_ADDRESS if self._whole_values and image.cuts(address, count) else None

    def read(self, function_code: int, address: int, count: int, as_missing: bool = False) -> list[int]:
        """The words served; ``as_missing`` replaces every measured value by its "not implemented" words."""
        image = self.table(function_code)
        words = image.read(address, count)
        shown = [point for there, point in self._measured if as_missing and there is image]
        for point in shown:
            for at, word in zip(point.register.addresses, point.missing, strict=True):
                if 0 <= at - address < count:
                    words[at - address] = word
        return words

    def write(self, function_code: int, address: int, words: list[int], heeded: bool = True) -> int | None:
        """Take a write; return an exception code where it is refused.

        Points before the refused one of the same request are changed, as SunSpec allows. A value is never cut: a write
        to half of a point is refused whole. ``heeded`` False stores the values and does not act on them.
        """
        end = address + len(words)
        touched = [(name, point) for name, point in self._by_address if _overlaps(point, address, end)]
        if any(point.register.address < address or _end(point) > end for _, point in touched):
            return ILLEGAL_VALUE
        if self._strict_writes and not touched:
            return ILLEGAL_ADDRESS
        stored, code = [], None
        for name, point in touched:
            offset = point.register.address - address
            code = self._store(name, point, words[offset : offset + point.register.count])
            if code is not None:
                break
            if name in self._face.settings:
                stored.append(name)
        if stored:
            self.requests.append(Written(function_code, address, tuple(words)))
            self.wear.update(name for name in stored if self._face.settings[name].persistent)
        if heeded and stored:
            self._face.changed(stored)
        return code

    def forget(self) -> None:
        """Come back from a reboot."""
        self._face.forget()

    def _image_with(self, name: str) -> Image:
        return self.inputs if self.inputs is not None and name in self.inputs.points else self.image

    def _put_all(self, values: Values) -> None:
        for name, value in values.items():
            self._image_with(name).put(name, value)

    def _store(self, name: str, point: Point, words: list[int]) -> int | None:
        setting = self._face.settings.get(name)
        if setting is None:
            return ILLEGAL_ADDRESS if self._strict_writes else None
        register = point.register
        value = register.decode({register.address + i: word for i, word in enumerate(words)})
        if value is None or not setting.low <= value <= setting.high:
            return setting.code
        self.image.store(register.address, words)
        return None


def _end(point: Point) -> int:
    return point.register.address + point.register.count


def _overlaps(point: Point, start: int, end: int) -> bool:
    return point.register.address < end and _end(point) > start
