"""A Sungrow SH10RT with an SBR battery: unit 1, measurements by function 4 and settings by function 3.

Rows as in mkaiser's modbus_sungrow.yaml, less one. 32-bit values have the low word first, 100 registers fit in a read,
signed values that are missing read 0x7FFF. Forced mode has no end and survives a restart; settings are kept in flash.
The older firmware has no 5213, 5630 and meter rows, shows the battery's power without direction beside the bits of
13000, and takes at most 5000 W.
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

LINK = LinkTraits()
SELF_CONSUMPTION, FORCED = 0, 2
CHARGE, DISCHARGE, STOP = 0xAA, 0xBB, 0xCC
OLD_MOST_W = 5000.0
FIRST_IMPORT_WH, FIRST_EXPORT_WH = 4_210_000.0, 1_930_000.0
_RUNNING, _INITIAL_STANDBY = 0x0040, 0x0010
_MISSING = {"uint16": 0xFFFF, "int16": 0x7FFF, "uint32": 0xFFFFFFFF, "int32": 0x7FFFFFFF}

_INPUTS: Sequence[tuple[str, int, str, float]] = (
    ("device_type", 4999, "uint16", 1.0),
    ("rated_w", 5000, "uint16", 100.0),
    ("inside_c", 5007, "int16", 0.1),
    *((f"mppt_{i}", 5010 + i, "uint16", 0.1) for i in range(6)),
    ("pv_w", 5016, "uint32", 1.0),
    *((f"phase_{i}_v", 5017 + i, "uint16", 0.1) for i in (1, 2, 3)),
    ("hz", 5241, "uint16", 0.01),
    ("export_limit_least", 5621, "uint16", 10.0),
    ("export_limit_most", 5622, "uint16", 10.0),
    ("battery_rated_w", 5627, "uint16", 100.0),
    ("charge_limit_a", 5634, "uint16", 1.0),
    ("discharge_limit_a", 5635, "uint16", 1.0),
    ("capacity_wh", 5638, "uint16", 10.0),
    ("state", 12999, "uint16", 1.0),
    ("flags", 13000, "bitfield16", 1.0),
    ("pv_total_wh", 13002, "uint32", 100.0),
    ("load_w", 13007, "int32", 1.0),
    ("export_w", 13009, "int32", 1.0),
    ("battery_v", 13019, "uint16", 0.1),
    ("battery_size_a", 13020, "int16", 0.1),
    ("battery_size_w", 13021, "int16", 1.0),
    ("SoC", 13022, "uint16", 0.1),
    ("soh", 13023, "uint16", 0.1),
    ("battery_c", 13024, "int16", 0.1),
    *((f"phase_{i}_a", 13029 + i, "int16", 0.1) for i in (1, 2, 3)),
    ("ac_w", 13033, "int32", 1.0),
    ("import_wh", 13036, "uint32", 100.0),
    ("export_wh", 13045, "uint32", 100.0),
)
_NEW_INPUTS: Sequence[tuple[str, int, str, float]] = (
    ("battery_w", 5213, "int32", 1.0),
    ("meter_w", 5600, "int32", 1.0),
    *((f"meter_{i}_w", 5600 + 2 * i, "int32", 1.0) for i in (1, 2, 3)),
    ("battery_a", 5630, "int16", 0.1),
)
_SETTINGS: Sequence[tuple[str, int, float]] = (
    ("mode", 13049, 1.0),
    ("command", 13050, 1.0),
    ("power", 13051, 1.0),
    ("most_soc", 13057, 0.1),
    ("least_soc", 13058, 0.1),
    ("heartbeat", 13079, 1.0),
    ("most_charge", 33046, 10.0),
    ("most_discharge", 33047, 10.0),
)


def units(plant: Plant) -> dict[int, Unit]:
    return _units(plant, is_old=False)


def units_of_old_firmware(plant: Plant) -> dict[int, Unit]:
    return _units(plant, is_old=True)


def _units(plant: Plant, is_old: bool) -> dict[int, Unit]:
    inputs = build_image(
        (
            Register(name, address, WIRE_TYPES[wire], "input", scale, sentinel=_MISSING.get(wire), low_word_first=True)
            for name, address, wire, scale in (*_INPUTS, *(() if is_old else _NEW_INPUTS))
        ),
        {4989: ("A2290912345", 10)},
    )
    settings = build_image(
        Register(name, address, WIRE_TYPES["uint16"], scale=scale) for name, address, scale in _SETTINGS
    )
    battery = plant.battery
    inputs.put_all({"device_type": 0x0E03, "rated_w": plant.inverter_w, "capacity_wh": battery.usable_wh, "soh": 98.0})
    inputs.put("battery_rated_w", None if is_old else max(battery.charge_w, battery.discharge_w))
    settings.put_all({"mode": SELF_CONSUMPTION, "command": STOP, "most_soc": 100.0, "least_soc": plant.reserve_pct})
    settings.put_all({"most_charge": battery.charge_w, "most_discharge": battery.discharge_w})
    return {
        1: Unit(
            plant,
            settings,
            Sungrow(plant, settings, is_old),
            function_codes=frozenset((3, 4, 6, 16)),
            strict_writes=True,
            largest_read=100,
            largest_hole=20,
            inputs=inputs,
        )
    }


class Sungrow:
    """What the inverter shows of the plant, and how its EMS settings steer it."""

    def __init__(self, plant: Plant, image: Image, is_old: bool) -> None:
        self._plant = plant
        self._image = image
        self._is_old = is_old
        self.flags_stay = False  # as on some devices, whatever the battery does
        self.has_meter = True
        most_w = OLD_MOST_W if is_old else plant.inverter_w
        self.settings: Mapping[str, Setting] = {
            "mode": Setting(0, 4, persistent=True),
            "command": Setting(CHARGE, STOP, persistent=True),
            "power": Setting(0, most_w, persistent=True),
            "most_soc": Setting(50, 100, persistent=True),
            "least_soc": Setting(0, 50, persistent=True),
            "heartbeat": Setting(0, 1000, persistent=True),
            "most_charge": Setting(10, plant.inverter_w, persistent=True),
            "most_discharge": Setting(10, plant.inverter_w, persistent=True),
        }

    def measured(self, state: PlantState, counters: Counters) -> Values:
        volts, mains = battery_volts(state.soc_pct), mains_at(state.at.timestamp())
        shown_w = abs(state.battery_w) if self._is_old else state.battery_w
        values: dict[str, float | None] = {
            "inside_c": 36.0,
            "pv_w": state.pv_w,
            "hz": mains.frequency_hz,
            "charge_limit_a": self._plant.battery.charge_limit_w(state.soc_pct) / volts,
            "discharge_limit_a": self._plant.battery.discharge_limit_w(state.soc_pct) / volts,
            "state": _RUNNING if state.online else _INITIAL_STANDBY,
            "flags": 0 if self.flags_stay else _flags(state),
            "pv_total_wh": 2_350_000.0 + counters.pv_wh,
            "load_w": state.load_w,
            "export_w": -state.grid_w if self.has_meter else 0.0,
            "battery_v": volts,
            "battery_size_a": shown_w / volts,
            "battery_size_w": shown_w,
            "SoC": state.soc_pct,
            "battery_c": 24.0,
            "ac_w": state.inverter_w,
            "import_wh": FIRST_IMPORT_WH + counters.import_wh,
            "export_wh": FIRST_EXPORT_WH + counters.export_wh,
        }
        for i, power_w in enumerate(on_phases(state.inverter_w, EVEN_SHARES), start=1):
            values |= {f"phase_{i}_v": mains.voltages_v[i - 1], f"phase_{i}_a": power_w / mains.voltages_v[i - 1]}
        return values if self._is_old else values | self._newer(state, volts)

    def controls(self) -> Values:
        return {}

    def changed(self, names: Collection[str]) -> None:
        self._obey()

    def forget(self) -> None:
        """Nothing: the settings are in flash, and rule again."""
        self._obey()

    def _newer(self, state: PlantState, volts: float) -> dict[str, float | None]:
        powers = on_phases(state.grid_w, LOAD_SHARES)
        meter = {f"meter_{i}_w": power_w if self.has_meter else None for i, power_w in enumerate(powers, start=1)}
        meter["meter_w"] = state.grid_w if self.has_meter else None
        return {**meter, "battery_w": state.battery_w, "battery_a": state.battery_w / volts}

    def _obey(self) -> None:
        plant, setting = self._plant, self._image.value
        charge_w, discharge_w = setting("most_charge"), setting("most_discharge")
        if setting("mode") == FORCED:
            signs = {CHARGE: -1.0, DISCHARGE: 1.0}
            power_w = signs.get(int(setting("command")), 0.0) * setting("power")
            power_w = max(-charge_w, min(discharge_w, power_w))
            plant.order(power_w, power_w)
        elif charge_w < plant.battery.charge_w or discharge_w < plant.battery.discharge_w:
            plant.order(-charge_w, discharge_w)
        else:
            plant.release()


def _flags(state: PlantState) -> int:
    there = (
        state.pv_w > 0,
        state.battery_w < -1,
        state.battery_w > 1,
        state.load_w > 0,
        state.grid_w < 0,
        state.grid_w > 0,
    )
    return sum(1 << bit for bit, is_set in enumerate(there) if is_set)
