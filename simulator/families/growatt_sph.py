"""A Growatt SPH, or an SPA, which has no registers below 1000.

Rows as in Growatt's protocol V1.24 by way of 0xAHA/Growatt_ModbusTCP. Two unsigned registers for the two directions of
a power, high word first. A slot that is written register by register is taken back after 77 s.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from simulator.families.growatt_blocks import END_OF_DAY, BlockUnit, Priorities, Row, image_of, is_in
from simulator.mains import mains_at
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image
from simulator.units import Setting, Unit, Values

Slot = tuple[str, str, str]  # the points of its start, end and enable

SPH_TYPE, SPA_TYPE = 3502, 3716
ON_GRID, OFF_GRID = 5, 8
TAKEN_BACK_S = 77.0
FIRST_IMPORT_WH = 7_310_000.0
_BATTERY_FIRST: Slot = ("start", "end", "enable")
_GRID_FIRST: Slot = ("grid_start", "grid_end", "grid_enable")

_INPUTS: Sequence[Row] = (
    ("state", 0, "uint16", 1.0),
    ("pv_w", 1, "uint32", 0.1),
    ("hz", 37, "uint16", 0.01),
    ("discharge_w", 1009, "uint32", 0.1),
    ("charge_w", 1011, "uint32", 0.1),
    ("battery_v", 1013, "uint16", 0.1),
    ("SoC", 1014, "uint16", 1.0),
    ("to_user_w", 1021, "uint32", 0.1),
    ("to_grid_w", 1029, "uint32", 0.1),
    ("load_w", 1037, "uint32", 0.1),
    ("battery_c", 1040, "uint16", 0.1),
    ("to_user_wh", 1046, "uint32", 100.0),
    ("bms_soc", 1086, "uint16", 1.0),
    ("bms_v", 1087, "uint16", 0.01),
    ("bms_soh", 1096, "uint16", 1.0),
)
_HOLDING: Sequence[Row] = (
    ("priority", 1044, "uint16", 1.0),
    ("discharge_rate", 1070, "uint16", 1.0),
    ("discharge_stop", 1071, "uint16", 1.0),
    *((name, 1080 + i, "uint16", 1.0) for i, name in enumerate(_GRID_FIRST)),
    ("charge_rate", 1090, "uint16", 1.0),
    ("charge_stop", 1091, "uint16", 1.0),
    ("ac_charge", 1092, "uint16", 1.0),
    *((name, 1100 + i, "uint16", 1.0) for i, name in enumerate(_BATTERY_FIRST)),
    ("type", 30000, "uint16", 1.0),
    ("rated_battery_w", 30026, "uint32", 0.1),
)
_STORAGE = range(1000, 1125)
_VPP = range(30000, 30100)


def units(plant: Plant) -> dict[int, Unit]:
    return _units(plant, SPH_TYPE, [range(125), _STORAGE, range(1125, 1250)])


def units_spa(plant: Plant) -> dict[int, Unit]:
    return _units(plant, SPA_TYPE, [_STORAGE])


def _units(plant: Plant, device_type: int, input_blocks: Sequence[range]) -> dict[int, Unit]:
    image, inputs = image_of(_HOLDING), image_of([row for row in _INPUTS if any(row[1] in b for b in input_blocks)])
    image.put_all({"type": device_type, "rated_battery_w": plant.battery.charge_w})
    image.put_all({"charge_rate": 80, "charge_stop": 95, "discharge_rate": 100, "discharge_stop": 10})
    image.put_all({"start": 2 * 256, "end": 5 * 256, "grid_start": 0, "grid_end": 0})
    inputs.put_all({"state": ON_GRID} if "state" in inputs.points else {})
    blocks = {3: [range(125), _STORAGE, _VPP], 4: input_blocks}
    return {1: BlockUnit(plant, image, inputs, Sph(plant, image, inputs), blocks)}


class Sph:
    """What the inverter shows of the plant, and how its first slots steer the battery."""

    def __init__(self, plant: Plant, image: Image, inputs: Image) -> None:
        self._plant = plant
        self._image = image
        self._inputs = inputs
        self._priorities = Priorities(plant, plant.battery.charge_w)
        self._kept = {slot: self._slot(slot) for slot in (_BATTERY_FIRST, _GRID_FIRST)}
        self._doubtful: dict[Slot, datetime] = {}  # slots that were written in parts, and till when

    @property
    def settings(self) -> Mapping[str, Setting]:
        highest = {"priority": 2, "ac_charge": 1, "enable": 1, "grid_enable": 1}
        highest |= dict.fromkeys(("discharge_rate", "discharge_stop", "charge_rate", "charge_stop"), 100)
        highest |= dict.fromkeys(("start", "end", "grid_start", "grid_end"), END_OF_DAY)
        return {name: Setting(0, high, persistent=True) for name, high in highest.items()}

    def measured(self, state: PlantState, counters: Counters) -> Values:
        volts = 50.0 + 0.05 * state.soc_pct
        values: dict[str, float | None] = {
            "pv_w": state.pv_w,
            "hz": mains_at(state.at.timestamp()).frequency_hz,
            "discharge_w": max(0.0, state.battery_w),
            "charge_w": max(0.0, -state.battery_w),
            "battery_v": volts,
            "SoC": state.soc_pct,
            "to_user_w": max(0.0, state.grid_w),
            "to_grid_w": max(0.0, -state.grid_w),
            "load_w": state.load_w,
            "battery_c": 23.5,
            "to_user_wh": FIRST_IMPORT_WH + counters.import_wh,
            "bms_soc": state.soc_pct,
            "bms_v": volts,
            "bms_soh": 98,
        }
        return {name: value for name, value in values.items() if name in self._inputs.points}

    def controls(self) -> Values:
        for slot, until in list(self._doubtful.items()):
            if self._plant.now() >= until:
                self._image.put_all(dict(zip(slot, self._kept[slot], strict=True)))
                del self._doubtful[slot]
        self._obey()
        return {}

    def changed(self, names: Collection[str]) -> None:
        for slot in self._kept:
            if set(slot) <= set(names):
                self._kept[slot] = self._slot(slot)
                self._doubtful.pop(slot, None)
            elif set(slot) & set(names):
                self._doubtful[slot] = self._plant.now() + timedelta(seconds=TAKEN_BACK_S)
        self._obey()

    def forget(self) -> None:
        """Nothing is forgotten: all of it is in flash."""
        self._priorities = Priorities(self._plant, self._plant.battery.charge_w)

    def _slot(self, slot: Slot) -> tuple[float, ...]:
        return tuple(self._image.value(name) for name in slot)

    def _obey(self) -> None:
        value = self._image.value
        active = {slot: self._is_active(slot) for slot in self._kept}
        if active[_BATTERY_FIRST]:
            self._priorities.obey("battery", value("charge_rate"), value("charge_stop"), value("ac_charge") == 1)
        elif active[_GRID_FIRST]:
            self._priorities.obey("grid", value("discharge_rate"), value("discharge_stop"))
        else:
            self._priorities.obey("load", 0.0, 0.0)
        self._image.put("priority", 1 if active[_BATTERY_FIRST] else 2 if active[_GRID_FIRST] else 0)

    def _is_active(self, slot: Slot) -> bool:
        start, end, enable = self._slot(slot)
        return enable == 1 and is_in(self._plant, start, end)
