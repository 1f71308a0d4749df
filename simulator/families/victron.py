"""A Victron GX (Venus OS) with ESS: unit 100, the system, its settings and its control loop; others are absent.

Rows as in victronenergy/dbus_modbustcp, attributes.csv. Registers without a service are gaps (exception 2), a unit id
without a service is exception 0x0A, what is not known reads 0. The loop steers the battery so that the grid meets its
setpoint: 2716 while it is fresh, else the setting 2700. How long 2716 lasts is not documented; 180 s were seen on
Venus 3.80.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers.register import WIRE_TYPES, Register
from simulator.der_7xx import battery_volts
from simulator.listening import LinkTraits
from simulator.mains import LOAD_SHARES, on_phases
from simulator.orders import Band
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Setting, Unit, Values

UNIT_ID = 100
LINK = LinkTraits(absent_unit=10)
LASTS_S = 180.0
_ESS, _EXTERNAL = 1, 3  # Hub4Mode
_OFF_GRID = 240

_ROWS: Sequence[tuple[str, int, str, float]] = (
    *((f"pv_out_{i}", 807 + i, "uint16", 1.0) for i in (1, 2, 3)),
    *((f"pv_in_{i}", 810 + i, "uint16", 1.0) for i in (1, 2, 3)),
    *((f"pv_genset_{i}", 813 + i, "uint16", 1.0) for i in (1, 2, 3)),
    *((f"load_{i}", 816 + i, "uint16", 1.0) for i in (1, 2, 3)),
    *((f"grid_{i}", 819 + i, "int16", 1.0) for i in (1, 2, 3)),
    *((f"genset_{i}", 822 + i, "int16", 1.0) for i in (1, 2, 3)),
    ("active_input", 826, "int16", 1.0),
    ("battery_v", 840, "uint16", 0.1),
    ("battery_a", 841, "int16", 0.1),
    ("battery_w", 842, "int16", 1.0),
    ("SoC", 843, "uint16", 1.0),
    ("battery_state", 844, "uint16", 1.0),
    ("dc_pv_w", 850, "uint16", 1.0),
    ("dc_pv_a", 851, "int16", 0.1),
    *((f"pv_out_wide_{i}", 882 + 2 * i, "uint32", 1.0) for i in (1, 2, 3)),
    *((f"pv_in_wide_{i}", 888 + 2 * i, "uint32", 1.0) for i in (1, 2, 3)),
    *((f"pv_genset_wide_{i}", 894 + 2 * i, "uint32", 1.0) for i in (1, 2, 3)),
    *((f"load_wide_{i}", 900 + 2 * i, "uint32", 1.0) for i in (1, 2, 3)),
    *((f"grid_wide_{i}", 906 + 2 * i, "int32", 1.0) for i in (1, 2, 3)),
    ("setpoint", 2700, "int16", 1.0),
    ("battery_life", 2900, "uint16", 1.0),
    ("min_soc", 2901, "uint16", 0.1),
    ("hub4_mode", 2902, "uint16", 1.0),
    ("dynamic_ess", 5400, "uint16", 1.0),
)
_OVERRIDE = ("override", 2716, "int32", 1.0)


def units(plant: Plant) -> dict[int, Unit]:
    """Venus OS 3.50 and newer."""
    return _units(plant, (*_ROWS, _OVERRIDE))


def units_before_350(plant: Plant) -> dict[int, Unit]:
    """Without the volatile setpoint."""
    return _units(plant, _ROWS)


def _units(plant: Plant, rows: Sequence[tuple[str, int, str, float]]) -> dict[int, Unit]:
    registers = [Register(name, address, WIRE_TYPES[wire], scale=scale) for name, address, wire, scale in rows]
    image = build_image(registers, {800: ("c0619ab1cdef", 6)})
    image.put_all({"hub4_mode": _ESS, "battery_life": 10, "min_soc": plant.reserve_pct, "active_input": 1})
    face = Gx(plant, image)
    return {
        UNIT_ID: Unit(plant, image, face, function_codes=frozenset((3, 4, 6, 16)), strict_writes=True, largest_hole=0)
    }


class Gx:
    """What the GX shows of the plant, and how its ESS loop is steered.

    ``battery_known`` False is a GX whose battery monitor has not started: it shows 0.
    """

    def __init__(self, plant: Plant, image: Image) -> None:
        self._plant = plant
        self._image = image
        self._override: Band | None = None
        self.battery_known = True

    @property
    def settings(self) -> Mapping[str, Setting]:
        found = {
            "setpoint": Setting(-32767, 32767, persistent=True),
            "hub4_mode": Setting(1, 3, persistent=True),
            "battery_life": Setting(0, 12, persistent=True),
        }
        return found | ({"override": Setting(-1e6, 1e6)} if "override" in self._image.points else {})

    def measured(self, state: PlantState, counters: Counters) -> Values:
        sun, load = on_phases(state.pv_w, (1.0, 0.0, 0.0)), on_phases(state.load_w, LOAD_SHARES)
        grid = on_phases(state.grid_w, LOAD_SHARES)
        values: dict[str, float | None] = {}
        for i in (1, 2, 3):
            values |= {f"pv_in_{i}": sun[i - 1], f"pv_in_wide_{i}": sun[i - 1]}
            values |= {f"load_{i}": load[i - 1], f"load_wide_{i}": load[i - 1]}
            values |= {f"grid_{i}": grid[i - 1], f"grid_wide_{i}": grid[i - 1]}
        return {**values, **self._battery(state)}

    def controls(self) -> Values:
        if self._override is not None and self._plant.band is not self._override:
            self._override = None
            return {"override": 0.0}
        return {}

    def changed(self, names: Collection[str]) -> None:
        if "override" in names:
            self._override = self._aim(self._image.value("override"), LASTS_S, self._lasting())
        elif self._override is None:
            lasting = self._lasting()
            if lasting is None:
                self._plant.release()
            else:
                self._plant.order(lasting.low_w, lasting.high_w, None, None, lasting.grid_w)

    def forget(self) -> None:
        """The override is in RAM; the settings are kept."""
        self._override = None
        if "override" in self._image.points:
            self._image.put("override", 0.0)

    def go_off_grid(self) -> None:
        self._image.put("active_input", _OFF_GRID)

    def _aim(self, grid_w: float, hold_s: float, after: Band | None) -> Band:
        battery = self._plant.battery
        return self._plant.order(-battery.charge_w, battery.discharge_w, hold_s, after, grid_w)

    def _lasting(self) -> Band | None:
        """What the settings ask for without an override; None for self-consumption to 0 W."""
        if self._image.value("hub4_mode") == _EXTERNAL:
            return Band(0.0, 0.0)
        grid_w, battery = self._image.value("setpoint"), self._plant.battery
        return Band(-battery.charge_w, battery.discharge_w, None, None, grid_w) if grid_w else None

    def _battery(self, state: PlantState) -> Values:
        if not self.battery_known:
            return dict.fromkeys(("battery_v", "battery_a", "battery_w", "SoC", "battery_state"), 0.0)
        volts = battery_volts(state.soc_pct) / 8.0
        phase = 1 if state.battery_w < -10.0 else 2 if state.battery_w > 10.0 else 0
        return {
            "battery_v": volts,
            "battery_a": -state.battery_w / volts,
            "battery_w": -state.battery_w,  # a GX counts charging
            "SoC": state.soc_pct,
            "battery_state": phase,
        }
