"""A Growatt MOD with VPP, a MIN that has only slots, or a TL-XH2 with its battery in the VPP block.

Rows as in Growatt's protocols V1.24 and VPP V2.03 by way of 0xAHA/Growatt_ModbusTCP. VPP: without the authority 30100
the enable does nothing; up to two minutes end, longer times do not; the registers stay in either case. Half a slot is
answered and not stored; a MOD takes a slot back that was enabled without the grid's charging.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.families.growatt_blocks import END_OF_DAY, BlockUnit, Priorities, Row, image_of, is_in
from simulator.mains import mains_at
from simulator.orders import Band
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image
from simulator.units import Setting, Unit, Values

ON_GRID, OFF_GRID = 6, 8
FIRST_IMPORT_WH = 7_310_000.0
TAKEN_BACK_S = 30.0
_KEEPS_TIME_MIN = 2.0
_MODES = ("load", "battery", "grid")

_INPUTS: Sequence[Row] = (
    ("state", 3000, "uint16", 1.0),
    ("pv_w", 3001, "uint32", 0.1),
    ("hz", 3025, "uint16", 0.01),
    ("to_user_w", 3041, "uint32", 0.1),
    ("to_grid_w", 3043, "uint32", 0.1),
    ("load_w", 3045, "uint32", 0.1),
    ("to_user_wh", 3069, "uint32", 100.0),
    ("battery_v", 3169, "uint16", 0.01),
    ("SoC", 3171, "uint16", 1.0),
    ("battery_c", 3176, "uint16", 0.1),
    ("discharge_w", 3178, "uint32", 0.1),
    ("charge_w", 3180, "uint32", 0.1),
)
_VPP_INPUTS: Sequence[Row] = (
    ("vpp_state", 31000, "uint16", 1.0),
    ("vpp_battery_w", 31200, "int32", 0.1),
    ("charge_limit_w", 31210, "uint32", 0.1),
    ("discharge_limit_w", 31212, "uint32", 0.1),
    ("vpp_battery_v", 31214, "uint16", 0.1),
    ("vpp_soc", 31217, "uint16", 1.0),
    ("vpp_soh", 31218, "uint16", 1.0),
)
_HOLDING: Sequence[Row] = (
    ("discharge_rate", 3036, "uint16", 1.0),
    ("discharge_stop", 3037, "uint16", 1.0),
    ("start", 3038, "uint16", 1.0),
    ("end", 3039, "uint16", 1.0),
    ("charge_rate", 3047, "uint16", 1.0),
    ("charge_stop", 3048, "uint16", 1.0),
    ("ac_charge", 3049, "uint16", 1.0),
)
_VPP_HOLDING: Sequence[Row] = (
    ("type", 30000, "uint16", 1.0),
    ("rated_w", 30016, "uint32", 0.1),
    ("rated_battery_w", 30026, "uint32", 0.1),
    ("version", 30099, "uint16", 1.0),
    ("authority", 30100, "uint16", 1.0),
    ("enable", 30407, "uint16", 1.0),
    ("minutes", 30408, "uint16", 1.0),
    ("share", 30409, "int16", 1.0),
    ("vpp_ac_charge", 30410, "uint16", 1.0),
    ("actual", 30474, "int16", 1.0),
)


@dataclass(frozen=True, slots=True)
class Model:
    """``gated``: a slot needs the grid's charging. ``old_battery``: the battery also stands in the 3000 block."""

    device_type: int
    vpp: bool
    gated: bool = False
    old_battery: bool = True


MOD, MIN, TL_XH2 = Model(5400, True, gated=True), Model(5100, False), Model(5100, True, old_battery=False)


def units_mod(plant: Plant) -> dict[int, Unit]:
    return _units(plant, MOD)


def units_min(plant: Plant) -> dict[int, Unit]:
    return _units(plant, MIN)


def units_tl_xh2(plant: Plant) -> dict[int, Unit]:
    return _units(plant, TL_XH2)


def _units(plant: Plant, model: Model) -> dict[int, Unit]:
    image = image_of([*_HOLDING, *(_VPP_HOLDING if model.vpp else ())])
    inputs = image_of([*_INPUTS, *(_VPP_INPUTS if model.vpp else ())])
    image.put_all({"charge_rate": 80, "charge_stop": 95, "discharge_rate": 100, "discharge_stop": 10})
    image.put_all({"start": 0x2200, "end": 0x0500})  # the owner's: battery first from 2:00 to 5:00, not enabled
    inputs.put("state", ON_GRID)
    blocks = {3: [range(125), range(3000, 3125)], 4: [range(3000, 3125), range(3125, 3250)]}
    if model.vpp:
        image.put_all({"type": model.device_type, "rated_w": plant.inverter_w, "version": 201})
        image.put_all({"rated_battery_w": plant.battery.charge_w})
        inputs.put("vpp_state", ON_GRID)
        blocks[3] += [range(30000, 30100), range(30100, 30500)]
        blocks[4] += [range(31000, 31125), range(31125, 31250)]
    return {1: BlockUnit(plant, image, inputs, TlXh(plant, image, inputs, model), blocks)}


class TlXh:
    """What the inverter shows of the plant, and how remote power and its first slot steer the battery."""

    def __init__(self, plant: Plant, image: Image, inputs: Image, model: Model) -> None:
        self._plant = plant
        self._image = image
        self._inputs = inputs
        self._model = model
        self._full_w = plant.battery.charge_w
        self._priorities = Priorities(plant, self._full_w)
        self._kept = (image.value("start"), image.value("end"))
        self._doubtful: datetime | None = None  # till when a slot stays that will be taken back
        self._remote: Band | None = None

    @property
    def settings(self) -> Mapping[str, Setting]:
        percents = dict.fromkeys(("discharge_rate", "discharge_stop", "charge_rate", "charge_stop"), 100)
        kept = {**percents, "start": 0xFFFE, "end": END_OF_DAY, "ac_charge": 1}
        found = {name: Setting(0, high, persistent=True) for name, high in kept.items()}
        if self._model.vpp:
            found |= {"authority": Setting(0, 1, persistent=True), "vpp_ac_charge": Setting(0, 2, persistent=True)}
            found |= {"enable": Setting(0, 1), "minutes": Setting(0, 1440), "share": Setting(-100, 100)}
        return found

    def measured(self, state: PlantState, counters: Counters) -> Values:
        values: dict[str, float | None] = {
            "pv_w": state.pv_w,
            "hz": mains_at(state.at.timestamp()).frequency_hz,
            "to_user_w": max(0.0, state.grid_w),
            "to_grid_w": max(0.0, -state.grid_w),
            "load_w": state.load_w,
            "to_user_wh": FIRST_IMPORT_WH + counters.import_wh,
            **(self._old_battery(state) if self._model.old_battery else {}),
        }
        if self._model.vpp:
            battery, volts = self._plant.battery, _volts(state)
            values |= {"vpp_battery_w": -state.battery_w, "vpp_battery_v": volts, "vpp_soc": state.soc_pct}
            values |= {"charge_limit_w": battery.charge_limit_w(state.soc_pct), "vpp_soh": 98}
            values["discharge_limit_w"] = battery.discharge_limit_w(state.soc_pct)
        return values

    def controls(self) -> Values:
        if self._doubtful is not None and self._plant.now() >= self._doubtful:
            self._doubtful = None
            self._image.put_all({"start": self._kept[0], "end": self._kept[1]})
        self._obey()
        return {}

    def changed(self, names: Collection[str]) -> None:
        halves = {"start", "end"} & set(names)
        if len(halves) == 1:
            self._image.put_all({"start": self._kept[0], "end": self._kept[1]})
        elif halves:
            self._take_slot()
        if {"enable", "minutes", "share"} & set(names):
            self._take_remote()
        self._obey()

    def forget(self) -> None:
        """Remote power is gone with a restart; the rest is kept."""
        self._remote = None
        if self._model.vpp:
            self._image.put_all({"enable": 0, "minutes": 0, "share": 0})

    def _take_slot(self) -> None:
        gate_shut = self._model.gated and self._image.value("ac_charge") == 0 and self._image.value("start") >= 0x8000
        if gate_shut:
            self._doubtful = self._plant.now() + timedelta(seconds=TAKEN_BACK_S)
        else:
            self._doubtful, self._kept = None, (self._image.value("start"), self._image.value("end"))

    def _take_remote(self) -> None:
        value = self._image.value
        if value("enable") == 0 or value("authority") == 0:
            return
        minutes, power_w = value("minutes"), -value("share") / 100.0 * self._full_w
        self._image.put("actual", value("share"))
        hold_s = 60.0 * minutes if 0.0 < minutes <= _KEEPS_TIME_MIN else None
        self._plant.grid_charging = True
        self._remote = self._plant.order(power_w, power_w, hold_s)

    def _obey(self) -> None:
        if self._remote is not None:
            is_over = self._plant.band is not self._remote
            if is_over or self._image.value("enable") == 0 or self._image.value("authority") == 0:
                self._remote = None
                self._plant.release()
                self._priorities = Priorities(self._plant, self._full_w)
            else:
                return
        start = int(self._image.value("start"))
        mode = _MODES[start >> 13 & 3]
        if not start & 0x8000 or not is_in(self._plant, start & 0x1FFF, self._image.value("end")):
            mode = "load"
        value = self._image.value
        if mode == "battery":
            self._priorities.obey("battery", value("charge_rate"), value("charge_stop"), value("ac_charge") == 1)
        elif mode == "grid":
            self._priorities.obey("grid", value("discharge_rate"), value("discharge_stop"))
        else:
            self._priorities.obey("load", 0.0, 0.0)

    def _old_battery(self, state: PlantState) -> Values:
        return {
            "battery_v": _volts(state),
            "SoC": state.soc_pct,
            "battery_c": 23.5,
            "discharge_w": max(0.0, state.battery_w),
            "charge_w": max(0.0, -state.battery_w),
        }


def _volts(state: PlantState) -> float:
    return 380.0 + 0.4 * state.soc_pct
