"""A unit with a SunSpec chain that can be laid out oddly and served wrong, as chains are in the field."""

from dataclasses import dataclass
from typing import Literal

from simulator.chain_faults import MOVED_BY, cut_of, odd_words, vendor_words
from simulator.plant import Plant
from simulator.registers import MARKER, SUNSPEC_BASE, ChainModel, Image, build_chain
from simulator.units import ILLEGAL_ADDRESS, Face, Unit, Values

Profile = Literal["sunspec7xx", "gen24"]
Numbers = Literal["int", "float"]
SetpointIn = Literal["watts", "percent"]
HeartbeatIn = Literal["", "715", "802"]


@dataclass(frozen=True, slots=True)
class ChainOptions:
    """The models of ``profile``, laid out oddly.

    ``common_length`` is what the common model declares, whatever it has. ``numbers`` "float" has model 113 for 103 and
    213 for 203. ``split`` has two models where one would do: 160 for the strings and 160 for the battery, two banks of
    802. ``decoy_base`` is where a second chain stands that says nothing of the plant. In ``sunspec7xx`` model 704 takes
    its ``setpoint`` in watts, or in percent of WMax alone, and ``heartbeat`` is the model by which the device watches
    whether its controller lives: where that stops, so does the setpoint.
    """

    profile: Profile = "sunspec7xx"
    base: int = SUNSPEC_BASE
    common_length: int | None = None
    numbers: Numbers = "int"
    split: bool = False
    decoy_base: int | None = None
    setpoint: SetpointIn = "watts"
    heartbeat: HeartbeatIn = ""

    def __post_init__(self) -> None:
        if self.profile != "sunspec7xx" and (self.setpoint == "percent" or self.heartbeat):
            raise ValueError(f"{self.profile} has no model 704, and nothing that hears a heartbeat")
        if self.decoy_base == self.base:
            raise ValueError(f"two chains cannot both be at {self.base}")
        if self.common_length is not None and not 0 <= self.common_length <= 0xFFFF:
            raise ValueError(f"a common model cannot declare {self.common_length} registers")

    def declared(self, image: Image) -> Image:
        """``image`` with the length that its common model shall declare."""
        if self.common_length is not None:
            image.words[len(MARKER) + 1] = self.common_length
        return image

    def decoy(self) -> Image | None:
        """The second chain: a common model and no more."""
        if self.decoy_base is None:
            return None
        return build_chain([ChainModel(1)], {}, {"1.Mn": "Simulated gateway"}, self.decoy_base)


class ChainUnit(Unit):
    """``odd`` are the kinds of faults that its chain has now; writes reach the models where they stand then."""

    def __init__(
        self, plant: Plant, image: Image, face: Face, *, strict_writes: bool = False, decoy: Image | None = None
    ) -> None:
        super().__init__(plant, image, face, strict_writes=strict_writes)
        self._decoy = decoy
        self._cut = cut_of(image)

    @property
    def reach(self) -> tuple[int, int]:
        first, last = self.image.base, self.image.end + MOVED_BY - 1
        return (first, last) if self._decoy is None else (min(first, self._decoy.base), max(last, self._decoy.end - 1))

    def takes(self, address: int, count: int) -> bool:
        return self.image.base <= address and address + count <= self.image.end + self._moved_by()

    def refuses_read(self, function_code: int, address: int, count: int) -> int | None:
        decoy = self._of_decoy(address)
        there = self.takes(address, count) if decoy is None else address + count <= decoy.end
        return super().refuses_read(function_code, self.image.base, count) if there else ILLEGAL_ADDRESS

    def read(self, function_code: int, address: int, count: int, as_missing: bool = False) -> list[int]:
        decoy = self._of_decoy(address)
        if decoy is not None:
            return decoy.read(address, count)
        if not self.odd:
            return super().read(function_code, address, count, as_missing)
        base, cut = self.image.base, self._cut - self.image.base
        whole = super().read(function_code, base, len(self.image.words), as_missing)
        by_address = dict(enumerate(whole, start=base))
        odd_words(self.image, by_address, self.odd)
        words = list(by_address.values())
        if self._moved_by():
            words[cut:cut] = vendor_words()
        return words[address - base : address - base + count]

    def write(self, function_code: int, address: int, words: list[int], heeded: bool = True) -> int | None:
        moved_by = self._moved_by()
        if moved_by and self._cut - len(words) < address < self._cut + moved_by:
            return ILLEGAL_ADDRESS
        return super().write(function_code, address if address < self._cut else address - moved_by, words, heeded)

    def _moved_by(self) -> int:
        return MOVED_BY if "moved_chain" in self.odd else 0

    def _of_decoy(self, address: int) -> Image | None:
        decoy = self._decoy
        return decoy if decoy is not None and decoy.base <= address < decoy.end else None


def renamed(values: Values, place: str, other: str) -> Values:
    """``values`` with ``other`` for ``place`` in the names that are it or begin with it and a dot."""
    return {
        f"{other}{name[len(place) :]}" if name == place or name.startswith(f"{place}.") else name: value
        for name, value in values.items()
    }
