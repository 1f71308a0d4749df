"""An OpenEMS Edge with a hybrid storage system, by its self-describing Modbus server.

Tables as in OpenEMS: io.openems.edge.controller.api.modbus for the layout, the natures Sum, SymmetricEss and
ManagedSymmetricEss for the values. What is not defined reads 0xFFFF, a read that cuts a value is refused, what is
written cannot be read. All that was written is forgotten when nothing was written for 60 s. The sun is behind the
inverter of the storage system, so the power that is written is that of battery and sun.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers.register import WIRE_TYPES, Register, WireType, encode_string
from simulator.listening import LinkTraits
from simulator.mains import LOAD_SHARES, on_phases
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Setting, Unit, Values

UNIT_ID = 1
LINK = LinkTraits()
API_TIMEOUT_S = 60.0
FIRST_WH = 4_210_000.0
_STRING = WireType("string16", 16, ">32s", 0)
_FIRST_COMPONENT, _HEADER = 200, 20
_COMPONENT, _SUM, _METER, _ESS, _PHASES, _MANAGED = 0xB3DC, 0x462B, 0xEBB8, 0x42EE, 0x958F, 0xA3ED
_LENGTHS = {_COMPONENT: 80, _SUM: 220, _METER: 200, _ESS: 100, _PHASES: 100, _MANAGED: 100}

_VALUES: Mapping[int, Sequence[tuple[str, int, str]]] = {
    _SUM: (
        ("SoC", 2, "uint16"),
        ("ess_w", 3, "float32"),
        ("reserved_1", 5, "float32"),
        ("reserved_2", 7, "float32"),
        ("ess_var", 9, "float32"),
        ("grid_w", 15, "float32"),
        ("grid_min_w", 17, "float32"),
        ("grid_max_w", 19, "float32"),
        ("production_w", 27, "float32"),
        ("production_max_w", 29, "float32"),
        ("production_ac_w", 31, "float32"),
        ("production_dc_w", 39, "float32"),
        ("consumption_w", 43, "float32"),
        ("ess_out_wh", 51, "float64"),
        ("ess_in_wh", 55, "float64"),
        ("buy_wh", 59, "float64"),
        ("sell_wh", 63, "float64"),
        ("production_wh", 67, "float64"),
        ("grid_1_w", 97, "float32"),
        ("grid_2_w", 99, "float32"),
        ("grid_3_w", 101, "float32"),
        ("discharge_w", 115, "float32"),
        ("grid_mode", 117, "uint16"),
        ("off_grid_s", 118, "float32"),
        ("capacity_wh", 120, "float32"),
    ),
    _ESS: (
        ("ess0_soc", 2, "uint16"),
        ("ess0_grid_mode", 3, "uint16"),
        ("ess0_w", 4, "float32"),
        ("ess0_var", 6, "float32"),
        ("ess0_capacity_wh", 16, "float32"),
        ("apparent_va", 18, "float32"),
    ),
    _MANAGED: (
        ("least_w", 2, "float32"),
        ("most_w", 4, "float32"),
        ("equals_w", 6, "float32"),
        ("equals_var", 8, "float32"),
        ("at_most_w", 10, "float32"),
        ("at_most_var", 12, "float32"),
        ("at_least_w", 14, "float32"),
        ("at_least_var", 16, "float32"),
    ),
}
_SETTINGS = ("equals_w", "at_most_w", "at_least_w")

Layout = Sequence[tuple[str, Sequence[int]]]  # the id of each component, and its natures
FENECON: Layout = (("_sum", (_COMPONENT, _SUM)), ("ess0", (_COMPONENT, _ESS, _PHASES, _MANAGED)))
OTHER_ORDER: Layout = (
    ("_sum", (_COMPONENT, _SUM)),
    ("meter0", (_COMPONENT, _METER)),
    ("ess0", (_COMPONENT, _ESS, _MANAGED)),
)
READ_ONLY: Layout = (("_sum", (_COMPONENT, _SUM)), ("meter0", (_COMPONENT, _METER)))


def units(plant: Plant) -> dict[int, Unit]:
    """As a FENECON system has them: the storage system behind the sums, the managed nature at 800."""
    return laid_out(plant, FENECON)


def units_other_order(plant: Plant) -> dict[int, Unit]:
    """A meter comes first, and the storage system has no phases."""
    return laid_out(plant, OTHER_ORDER)


def laid_out(plant: Plant, layout: Layout) -> dict[int, Unit]:
    image = _image(layout)
    image.put_all(
        {name: plant.battery.usable_wh for name in ("capacity_wh", "ess0_capacity_wh") if name in image.points}
    )
    image.put_all({name: plant.inverter_w for name in ("apparent_va",) if name in image.points})
    edge = Edge(plant, image)
    return {UNIT_ID: Unit(plant, image, edge, strict_writes=True, whole_values=True)}


def _image(layout: Layout) -> Image:
    rows = [_word("openems", 0), _word("meta_length", 1), _word("state", _FIRST_COMPONENT + 22)]
    constants = {"openems": 0x6201, "meta_length": 199, "state": 0}
    texts = {5: "FENECON GmbH", 21: "FENECON Home 10", 53: "2024.9.1", 69: "FEMS-0815"}
    at = _FIRST_COMPONENT
    for name, natures in layout:
        begins, length = at + _HEADER, sum(_LENGTHS[nature] for nature in natures)
        texts[at] = name
        rows.append(_word(f"length of {name}", at + 16))
        constants[rows[-1].name] = length
        for nature in natures:
            rows += [_word(f"{name} {nature}", begins), _word(f"{name} {nature} length", begins + 1)]
            constants |= {f"{name} {nature}": nature, f"{name} {nature} length": _LENGTHS[nature]}
            rows += [Register(value, begins + offset, WIRE_TYPES[w]) for value, offset, w in _VALUES.get(nature, ())]
            begins += _LENGTHS[nature]
        at += length
    rows += [Register(f"text at {start}", start, _STRING) for start in texts]
    rows.append(_word("behind all", at + _HEADER + 200))
    image = build_image(rows)
    image.words = [0xFFFF] * len(image.words)
    for row in rows:
        if row.wire is not _STRING:
            image.put(row.name, constants.get(row.name))
    for start, text in texts.items():
        image.store(start, encode_string(text, 16))
    return image


def _word(name: str, address: int) -> Register:
    return Register(name, address, WIRE_TYPES["uint16"])


class Edge:
    """What the Edge shows of the plant, and how its storage system is steered. ``off_grid``: the grid is lost."""

    def __init__(self, plant: Plant, image: Image) -> None:
        self._plant = plant
        self._image = image
        self._written: dict[str, float] = {}
        self._at_s = 0.0
        self.off_grid = False

    @property
    def settings(self) -> Mapping[str, Setting]:
        return {name: Setting(-1e6, 1e6) for name in _SETTINGS if name in self._image.points}

    def measured(self, state: PlantState, counters: Counters) -> Values:
        one, two, three = on_phases(state.grid_w, LOAD_SHARES)
        values: dict[str, float | None] = {
            "SoC": state.soc_pct,
            "ess_w": state.inverter_w,
            "grid_w": state.grid_w,
            "production_w": state.pv_w,
            "production_dc_w": state.pv_w,
            "consumption_w": state.load_w,
            "buy_wh": FIRST_WH + counters.import_wh,
            "sell_wh": FIRST_WH + counters.export_wh,
            "grid_1_w": one,
            "grid_2_w": two,
            "grid_3_w": three,
            "discharge_w": state.battery_w,
            "grid_mode": 2 if self.off_grid else 1,
        }
        if "least_w" in self._image.points:
            least_w = max(-self._plant.inverter_w, min(0.0, state.pv_w - self._plant.battery.charge_w))
            most_w = min(self._plant.inverter_w, state.pv_w + self._plant.battery.discharge_w)
            values |= {"ess0_soc": state.soc_pct, "ess0_w": state.inverter_w, "least_w": least_w, "most_w": most_w}
        return values

    def controls(self) -> Values:
        """What was written cannot be read."""
        return dict.fromkeys(self.settings)

    def changed(self, names: Collection[str]) -> None:
        now_s = self._plant.state.at.timestamp()
        if now_s >= self._at_s + API_TIMEOUT_S:
            self._written.clear()
        self._at_s = now_s
        self._written |= {name: self._image.value(name) for name in names}
        equals_w = self._written.get("equals_w")
        low_w = self._written.get("at_least_w", -1e6) if equals_w is None else equals_w
        high_w = self._written.get("at_most_w", 1e6) if equals_w is None else equals_w
        if low_w <= high_w:  # else the solver finds nothing, and leaves what was
            sun_w = self._plant.state.pv_w
            self._plant.order(low_w - sun_w, high_w - sun_w, API_TIMEOUT_S)

    def forget(self) -> None:
        self._written.clear()
