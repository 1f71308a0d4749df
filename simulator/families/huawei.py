"""A Huawei SUN2000 with LUNA2000 behind its SDongle: unit 1, one client, silence after connecting.

Rows as in wlcrs/huawei-solar-lib. 64 registers in a read, holes of up to 16, exception 6 for overlapping requests;
signed values that are missing read 0x7FFF. Forced power ends by itself when its minutes are over; 47075 and 47077 are
kept in flash, and more than the battery's own limits 37046 and 37048 is refused with exception 4.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers.register import WIRE_TYPES, Register
from simulator.der_7xx import battery_volts
from simulator.listening import LinkTraits
from simulator.mains import EVEN_SHARES, LOAD_SHARES, mains_at, on_phases
from simulator.orders import Band
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Setting, Unit, Values

LINK = LinkTraits(settle_s=1.0, single_client=True, answer_s=0.005, busy_when_overlapped=True)
_DEVICE_FAILURE = 4
_STOP, _CHARGE, _DISCHARGE = 0, 1, 2
_BY_TIME = 0
_ON_GRID, _STANDBY = 0x0200, 0x0000
FIRST_YIELD_WH = 3_120_000.0

_MISSING = {"int16": 0x7FFF, "int32": 0x7FFFFFFF}
_ROWS: Sequence[tuple[str, int, str, float]] = (
    ("model_id", 30070, "uint16", 1.0),
    ("rated_w", 30073, "uint32", 1.0),
    ("max_w", 30075, "uint32", 1.0),
    *((f"state_{i}", address, "bitfield16", 1.0) for i, address in enumerate((32000, 32002, 32003), start=1)),
    *((f"alarm_{i}", 32007 + i, "uint16", 1.0) for i in (1, 2, 3)),
    ("string_v", 32016, "int16", 0.1),
    ("string_a", 32017, "int16", 0.01),
    ("pv_w", 32064, "int32", 1.0),
    *((f"line_{i}_v", 32065 + i, "uint16", 0.1) for i in (1, 2, 3)),
    *((f"phase_{i}_v", 32068 + i, "uint16", 0.1) for i in (1, 2, 3)),
    *((f"phase_{i}_a", 32070 + 2 * i, "int32", 0.001) for i in (1, 2, 3)),
    ("ac_w", 32080, "int32", 1.0),
    ("ac_var", 32082, "int32", 1.0),
    ("hz", 32085, "uint16", 0.01),
    ("temperature", 32087, "int16", 0.1),
    ("status", 32089, "uint16", 1.0),
    ("fault", 32090, "uint16", 1.0),
    ("yield_kwh", 32106, "uint32", 0.01),
    ("battery_c", 37022, "int16", 0.1),
    ("charge_limit_w", 37046, "uint32", 1.0),
    ("discharge_limit_w", 37048, "uint32", 1.0),
    ("meter_status", 37100, "uint16", 1.0),
    *((f"meter_{i}_v", 37099 + 2 * i, "int32", 0.1) for i in (1, 2, 3)),
    *((f"meter_{i}_a", 37105 + 2 * i, "int32", 0.01) for i in (1, 2, 3)),
    ("meter_w", 37113, "int32", 1.0),
    ("meter_hz", 37118, "int16", 0.01),
    ("exported_kwh", 37119, "int32", 0.01),
    ("imported_kwh", 37121, "int32", 0.01),
    *((f"meter_{i}_w", 37130 + 2 * i, "int32", 1.0) for i in (1, 2, 3)),
    ("capacity_wh", 37758, "uint32", 1.0),
    ("SoC", 37760, "uint16", 0.1),
    ("battery_status", 37762, "uint16", 1.0),
    ("battery_v", 37763, "uint16", 0.1),
    ("battery_a", 37764, "int16", 0.1),
    ("battery_w", 37765, "int32", 1.0),
    ("max_charge_w", 47075, "uint32", 1.0),
    ("max_discharge_w", 47077, "uint32", 1.0),
    ("minutes", 47083, "uint16", 1.0),
    ("mode", 47086, "uint16", 1.0),
    ("command", 47100, "uint16", 1.0),
    ("target_soc", 47101, "uint16", 0.1),
    ("ends_by", 47246, "uint16", 1.0),
    ("forced_charge_w", 47247, "uint32", 1.0),
    ("forced_discharge_w", 47249, "uint32", 1.0),
)


def units(plant: Plant) -> dict[int, Unit]:
    rows = [
        Register(name, address, WIRE_TYPES[wire], scale=scale, sentinel=_MISSING.get(wire))
        for name, address, wire, scale in _ROWS
    ]
    image = build_image(rows, {30000: ("SUN2000-10KTL-M1", 15), 30015: ("HV2150123456", 10), 30050: ("V100R001", 15)})
    battery = plant.battery
    image.put_all({"rated_w": plant.inverter_w, "max_w": plant.inverter_w, "capacity_wh": battery.usable_wh})
    image.put_all({"max_charge_w": battery.charge_w, "max_discharge_w": battery.discharge_w, "mode": 2})
    luna = Luna(plant, image)
    return {1: Unit(plant, image, luna, strict_writes=True, largest_read=64, largest_hole=16)}


class Luna:
    """What inverter and battery show of the plant, and how they are forced and limited."""

    def __init__(self, plant: Plant, image: Image) -> None:
        self._plant = plant
        self._image = image
        self._forced: Band | None = None

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The upper ends of the limits follow what the battery takes and gives now."""
        charge_w, discharge_w = self._limits_w(self._plant.soc_pct)
        return {
            "max_charge_w": Setting(0, charge_w, _DEVICE_FAILURE, persistent=True),
            "max_discharge_w": Setting(0, discharge_w, _DEVICE_FAILURE, persistent=True),
            "minutes": Setting(0, 1440),
            "mode": Setting(0, 5, persistent=True),
            "command": Setting(_STOP, _DISCHARGE),
            "target_soc": Setting(0, 100),
            "ends_by": Setting(0, 1),
            "forced_charge_w": Setting(0, self._plant.battery.charge_w),
            "forced_discharge_w": Setting(0, self._plant.battery.discharge_w),
        }

    def measured(self, state: PlantState, counters: Counters) -> Values:
        return {**self._inverter(state, counters), **self._battery(state), **_meter(state, counters)}

    def controls(self) -> Values:
        if self._forced is not None and self._plant.band is not self._forced:
            self._forced = None
            return {"command": _STOP}
        return {}

    def changed(self, names: Collection[str]) -> None:
        image, plant = self._image, self._plant
        command = int(image.value("command"))
        if "command" in names and command != _STOP:
            hold_s = image.value("minutes") * 60.0 if image.value("ends_by") == _BY_TIME else None
            charge = command == _CHARGE
            power_w = -image.value("forced_charge_w") if charge else image.value("forced_discharge_w")
            power_w = max(-image.value("max_charge_w"), min(image.value("max_discharge_w"), power_w))
            self._forced = plant.order(power_w, power_w, hold_s, self._limited())
        elif command == _STOP and {"command", "max_charge_w", "max_discharge_w"} & set(names):
            self._forced = None
            limited = self._limited()
            if limited is None:
                plant.release()
            else:
                plant.order(limited.low_w, limited.high_w)

    def forget(self) -> None:
        """Forced power ends with a restart; the limits are kept."""
        self._forced = None
        self._image.put("command", _STOP)

    def _limited(self) -> Band | None:
        """The limits, where they are under the ratings."""
        charge_w, discharge_w = self._image.value("max_charge_w"), self._image.value("max_discharge_w")
        battery = self._plant.battery
        if charge_w >= battery.charge_w and discharge_w >= battery.discharge_w:
            return None
        return Band(-charge_w, discharge_w)

    def _limits_w(self, soc_pct: float) -> tuple[float, float]:
        battery = self._plant.battery
        return battery.charge_limit_w(soc_pct), battery.discharge_limit_w(soc_pct)

    def _inverter(self, state: PlantState, counters: Counters) -> Values:
        mains = mains_at(state.at.timestamp())
        powers = on_phases(state.inverter_w, EVEN_SHARES)
        values: dict[str, float | None] = {
            "string_v": 540.0,
            "string_a": state.pv_w / 540.0,
            "pv_w": state.pv_w,
            "ac_w": state.inverter_w,
            "ac_var": 0.0,
            "hz": mains.frequency_hz,
            "temperature": 34.0,
            "status": _ON_GRID if state.online else _STANDBY,
            "yield_kwh": (FIRST_YIELD_WH + counters.inverter_out_wh) / 1000.0,
        }
        for i, volts in enumerate(mains.voltages_v, start=1):
            values |= {f"phase_{i}_v": volts, f"phase_{i}_a": powers[i - 1] / volts}
            values[f"line_{i}_v"] = mains.line_voltages_v[i - 1]
        return values

    def _battery(self, state: PlantState) -> Values:
        volts = battery_volts(state.soc_pct)
        charge_w, discharge_w = self._limits_w(state.soc_pct)
        return {
            "battery_c": 24.0,
            "charge_limit_w": charge_w,
            "discharge_limit_w": discharge_w,
            "SoC": state.soc_pct,
            "battery_status": 2 if state.online else 0,
            "battery_v": volts,
            "battery_a": -state.battery_w / volts,
            "battery_w": -state.battery_w,  # counts charging
        }


def _meter(state: PlantState, counters: Counters) -> Values:
    """The meter counts export; its export energy is negative."""
    mains = mains_at(state.at.timestamp())
    powers = on_phases(state.grid_w, LOAD_SHARES)
    values: dict[str, float | None] = {
        "meter_status": 1,
        "meter_w": -state.grid_w,
        "meter_hz": mains.frequency_hz,
        "exported_kwh": -(1_930_000.0 + counters.export_wh) / 1000.0,
        "imported_kwh": (4_210_000.0 + counters.import_wh) / 1000.0,
    }
    for i, volts in enumerate(mains.voltages_v, start=1):
        values |= {f"meter_{i}_v": volts, f"meter_{i}_a": -powers[i - 1] / volts, f"meter_{i}_w": -powers[i - 1]}
    return values
