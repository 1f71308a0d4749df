"""A meter by the rows of its document. What a row holds goes by the names of ``simulator.meters.connection_point``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.register import WIRE_TYPES, Register
from simulator.meters.connection_point import ReadOnly, three_phase
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Unit, Values

Row = tuple[int, str, float]  # address on the wire, type, and one step of the raw number in W, Wh, V, A, Hz or %


def by_phase(name: str, address: int, wire: str, step: float, apart: int = 2) -> dict[str, Row]:
    """Three rows ``name``1 to ``name``3 that lie ``apart`` registers from each other."""
    kind, _, unit = name.partition("_")
    ends = f"_{unit}" if unit else ""
    return {f"{kind}{i + 1}{ends}": (address + apart * i, wire, step) for i in range(3)}


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """A meter's rows and the limits of its requests.

    ``sees`` is what it measures; a row whose name is not in it is not available. ``missing`` are the "not available"
    words by type, where they are not those of SunSpec. ``texts`` are strings and their sizes by address; ``alone`` is
    what a register gives that is asked for by itself. ``largest_hole`` is that of ``Unit``.
    """

    rows: Mapping[str, Row]
    function_codes: frozenset[int] = frozenset((3, 4))
    largest_read: int = 125
    even_reads: bool = False
    largest_hole: int | None = None
    low_word_first: bool = False
    missing: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    alone: Mapping[int, int] = field(default_factory=dict)
    sees: Callable[[PlantState, Counters], Mapping[str, float]] = three_phase

    def unit(self, plant: Plant) -> Unit:
        return Unit(
            plant,
            self._image(),
            _Meter(self),
            function_codes=self.function_codes,
            strict_writes=True,
            largest_read=self.largest_read,
            even_reads=self.even_reads,
            largest_hole=self.largest_hole,
        )

    def _image(self) -> Image:
        return build_image((self._register(name, *row) for name, row in self.rows.items()), self.texts, self.alone)

    def _register(self, name: str, address: int, wire: str, step: float) -> Register:
        return Register(
            name,
            address,
            WIRE_TYPES[wire],
            scale=step,
            sentinel=self.missing.get(wire),
            low_word_first=self.low_word_first,
        )


class _Meter(ReadOnly):
    def __init__(self, layout: RegisterMap) -> None:
        self._layout = layout

    def measured(self, state: PlantState, counters: Counters) -> Values:
        seen = self._layout.sees(state, counters)
        return {name: seen.get(name) for name in self._layout.rows}
