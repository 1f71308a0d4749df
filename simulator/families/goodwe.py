"""A GoodWe GW10K-ET: unit 247, everything by function 3, the high word first.

Rows as in goodwe/et.py of the goodwe library. Larger holes are refused with exception 2, unsigned values that are
missing read all ones, the meter counts export and its 16-bit total ends at 32 kW. An EMS mode stands until another is
written. The newer platform has the two EMS registers at 42000.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers.register import WIRE_TYPES, Register
from simulator.der_7xx import battery_volts
from simulator.listening import LinkTraits
from simulator.mains import EVEN_SHARES, LOAD_SHARES, mains_at, on_phases
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Setting, Unit, Values

UNIT_ID = 247
LINK = LinkTraits(single_client=True, answer_s=0.005)
AUTO, CHARGE_PV, STANDBY, CHARGE, DISCHARGE, STOPPED = 1, 2, 8, 11, 12, 255
FIRST_IMPORT_WH, FIRST_EXPORT_WH = 4_210_000.0, 1_930_000.0
_ON_GRID, _WAITING = 1, 0

_ROWS: Sequence[tuple[str, int, str, float]] = (
    ("rated_w", 35001, "uint16", 1.0),
    *((f"clock_{i}", 35100 + i, "uint16", 1.0) for i in range(3)),
    *((f"string_{i}_v", 35099 + 4 * i, "uint16", 0.1) for i in (1, 2, 3, 4)),
    *((f"string_{i}_a", 35100 + 4 * i, "uint16", 0.1) for i in (1, 2, 3, 4)),
    *((f"string_{i}_w", 35101 + 4 * i, "uint32", 1.0) for i in (1, 2, 3, 4)),
    *((f"phase_{i}_v", 35116 + 5 * i, "uint16", 0.1) for i in (1, 2, 3)),
    *((f"phase_{i}_a", 35117 + 5 * i, "uint16", 0.1) for i in (1, 2, 3)),
    *((f"phase_{i}_hz", 35118 + 5 * i, "uint16", 0.01) for i in (1, 2, 3)),
    *((f"phase_{i}_w", 35120 + 5 * i, "int16", 1.0) for i in (1, 2, 3)),
    ("grid_mode", 35136, "uint16", 1.0),
    ("ac_w", 35138, "int16", 1.0),
    ("active_w", 35140, "int16", 1.0),
    ("backup_w", 35170, "int16", 1.0),
    ("load_w", 35172, "int16", 1.0),
    ("air_c", 35174, "int16", 0.1),
    ("module_c", 35175, "int16", 0.1),
    ("radiator_c", 35176, "int16", 0.1),
    ("battery_v", 35180, "uint16", 0.1),
    ("battery_a", 35181, "int16", 0.1),
    ("battery_w", 35182, "int32", 1.0),
    ("battery_mode", 35184, "uint16", 1.0),
    ("warning", 35185, "uint16", 1.0),
    ("work_mode", 35187, "uint16", 1.0),
    ("meter_status", 36004, "uint16", 1.0),
    *((f"meter_{i}_short_w", 36004 + i, "int16", 1.0) for i in (1, 2, 3)),
    ("meter_short_w", 36008, "int16", 1.0),
    ("meter_hz", 36014, "uint16", 0.01),
    ("meter_export_wh", 36015, "float32", 1.0),
    ("meter_import_wh", 36017, "float32", 1.0),
    *((f"meter_{i}_w", 36017 + 2 * i, "int32", 1.0) for i in (1, 2, 3)),
    ("meter_w", 36025, "int32", 1.0),
    ("bms_status", 37002, "uint16", 1.0),
    ("battery_c", 37003, "int16", 0.1),
    ("charge_limit_a", 37004, "uint16", 1.0),
    ("discharge_limit_a", 37005, "uint16", 1.0),
    ("bms_error", 37006, "uint16", 1.0),
    ("SoC", 37007, "uint16", 1.0),
    ("soh", 37008, "uint16", 1.0),
)


def units(plant: Plant) -> dict[int, Unit]:
    return {UNIT_ID: _unit(plant, 47511, "uint16", 10000.0)}


def units_of_new_platform(plant: Plant) -> dict[int, Unit]:
    return {UNIT_ID: _unit(plant, 42000, "uint32", plant.inverter_w)}


def _unit(plant: Plant, ems: int, wire: str, most_w: float) -> Unit:
    rows = (*_ROWS, ("ems_mode", ems, "uint16", 1.0), ("ems_power", ems + 1, wire, 1.0))
    registers = [Register(name, address, WIRE_TYPES[kind], scale=scale) for name, address, kind, scale in rows]
    image = build_image(registers, {35003: ("9010KETU213W0001", 8), 35011: ("GW10K-ET", 5)})
    image.put_all({"rated_w": plant.inverter_w, "ems_mode": AUTO, "soh": 97.0, "meter_hz": 50.0})
    return Unit(plant, image, GoodWe(plant, image, most_w), strict_writes=True, largest_hole=60)


class GoodWe:
    """What the inverter shows of the plant, and how its EMS mode steers it."""

    def __init__(self, plant: Plant, image: Image, most_w: float) -> None:
        self._plant = plant
        self._image = image
        self.has_meter = self.has_battery = True
        self.settings: Mapping[str, Setting] = {
            "ems_mode": Setting(AUTO, STOPPED, persistent=True),
            "ems_power": Setting(0, most_w, persistent=True),
        }

    def measured(self, state: PlantState, counters: Counters) -> Values:
        meter = self._meter(state, counters) if self.has_meter else {}  # without it the last values stay
        battery = self._battery(state) if self.has_battery else {}
        return {
            **self._inverter(state),
            **meter,
            **battery,
            "meter_status": int(self.has_meter),
            "battery_mode": _battery_mode(state) if self.has_battery else 0,
        }

    def controls(self) -> Values:
        return {}

    def changed(self, names: Collection[str]) -> None:
        plant, power_w = self._plant, self._image.value("ems_power")
        orders = {
            CHARGE_PV: -plant.state.pv_w - power_w,
            STANDBY: 0.0,
            CHARGE: -power_w,
            DISCHARGE: power_w,
        }
        mode = int(self._image.value("ems_mode"))
        if mode in orders:
            plant.order(orders[mode], orders[mode])
        else:
            plant.release()

    def forget(self) -> None:
        """Nothing is known of a restart: the mode stays."""
        self.changed(self.settings)

    def _inverter(self, state: PlantState) -> Values:
        mains = mains_at(state.at.timestamp())
        values: dict[str, float | None] = {
            "grid_mode": int(state.online),
            "ac_w": state.inverter_w,
            "active_w": -state.grid_w,
            "load_w": state.load_w,
            "air_c": 34.0,
            "work_mode": _ON_GRID if state.online else _WAITING,
        }
        for i, share in enumerate((0.6, 0.4, None, None), start=1):
            values |= {
                f"string_{i}_v": None if share is None else 540.0,
                f"string_{i}_a": None if share is None else share * state.pv_w / 540.0,
                f"string_{i}_w": None if share is None else share * state.pv_w,
            }
        for i, power_w in enumerate(on_phases(state.inverter_w, EVEN_SHARES), start=1):
            volts = mains.voltages_v[i - 1]
            values |= {f"phase_{i}_v": volts, f"phase_{i}_a": abs(power_w) / volts}
            values |= {f"phase_{i}_hz": mains.frequency_hz, f"phase_{i}_w": power_w}
        return values

    def _battery(self, state: PlantState) -> Values:
        volts, battery = battery_volts(state.soc_pct), self._plant.battery
        return {
            "battery_v": volts,
            "battery_a": state.battery_w / volts,
            "battery_w": state.battery_w,
            "bms_status": 1,
            "battery_c": 24.0,
            "charge_limit_a": battery.charge_limit_w(state.soc_pct) / volts,
            "discharge_limit_a": battery.discharge_limit_w(state.soc_pct) / volts,
            "SoC": state.soc_pct,
        }

    def _meter(self, state: PlantState, counters: Counters) -> Values:
        values: dict[str, float | None] = {
            "meter_short_w": -state.grid_w,
            "meter_w": -state.grid_w,
            "meter_export_wh": FIRST_EXPORT_WH + counters.export_wh,
            "meter_import_wh": FIRST_IMPORT_WH + counters.import_wh,
        }
        for i, power_w in enumerate(on_phases(state.grid_w, LOAD_SHARES), start=1):
            values |= {f"meter_{i}_short_w": -power_w, f"meter_{i}_w": -power_w}
        return values


def _battery_mode(state: PlantState) -> int:
    return 3 if state.battery_w < -10.0 else 2 if state.battery_w > 10.0 else 1
