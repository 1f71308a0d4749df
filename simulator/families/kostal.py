"""A Kostal Plenticore with battery: unit 71, one client, and the word order that register 5 tells.

Rows as in KOSTAL "Interface MODBUS (TCP) & SunSpec" (03/2019). A charge power setpoint rules for 30 s after its last
write, then the inverter's own logic; without battery management over Modbus (1080) it is stored and not obeyed.
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

UNIT_ID = 71
LINK = LinkTraits(single_client=True)
FALLBACK_S = 30.0
EXTERNAL = 2
FIRST_YIELD_WH = 2_350_000.0

_ROWS: Sequence[tuple[str, int, str]] = (
    ("modbus_enabled", 2, "uint16"),
    ("unit_id", 4, "uint16"),
    ("byte_order", 5, "uint16"),
    ("state", 56, "uint32"),
    ("dc_w", 100, "float32"),
    ("energy_manager", 104, "uint32"),
    ("home_battery_w", 106, "float32"),
    ("home_grid_w", 108, "float32"),
    ("home_pv_w", 116, "float32"),
    ("hz", 152, "float32"),
    *((f"{kind}_{i}", 152 + 2 + 6 * (i - 1) + 2 * k, "float32") for i in (1, 2, 3) for k, kind in enumerate("awv")),
    ("ac_w", 172, "float32"),
    ("ac_var", 174, "float32"),
    ("ac_va", 178, "float32"),
    ("battery_a", 200, "float32"),
    ("SoC", 210, "float32"),
    ("battery_c", 214, "float32"),
    ("battery_v", 216, "float32"),
    ("meter_hz", 220, "float32"),
    *((f"meter_a_{i}", 222 + 10 * (i - 1), "float32") for i in (1, 2, 3)),
    *((f"meter_w_{i}", 224 + 10 * (i - 1), "float32") for i in (1, 2, 3)),
    *((f"meter_v_{i}", 230 + 10 * (i - 1), "float32") for i in (1, 2, 3)),
    ("meter_w", 252, "float32"),
    ("yield_wh", 320, "float32"),
    ("gross_ah", 512, "uint32"),
    ("soc_whole", 514, "uint16"),
    ("work_wh", 529, "uint32"),
    ("max_w", 531, "uint16"),
    ("battery_w", 582, "int16"),
    ("charge_setpoint_w", 1034, "float32"),
    ("pv_w", 1066, "float32"),
    ("capacity_wh", 1068, "float32"),
    ("management", 1080, "uint16"),
)
_IN_ORDER = ("uint32", "float32")


def units(plant: Plant) -> dict[int, Unit]:
    """As it comes from the factory: the low word first."""
    return _units(plant, big_endian=False)


def units_big_endian(plant: Plant) -> dict[int, Unit]:
    return _units(plant, big_endian=True)


def _units(plant: Plant, big_endian: bool) -> dict[int, Unit]:
    rows = [
        Register(name, address, WIRE_TYPES[wire], low_word_first=not big_endian and wire in _IN_ORDER)
        for name, address, wire in _ROWS
    ]
    image = build_image(rows, {6: ("10336416", 8), 14: ("90812ABC0001", 8), 38: ("01.62.05", 8)})
    image.put_all({"modbus_enabled": 1, "unit_id": UNIT_ID, "byte_order": int(big_endian), "management": EXTERNAL})
    image.put_all({"max_w": plant.inverter_w, "work_wh": plant.battery.usable_wh})
    image.put_all({"capacity_wh": plant.battery.usable_wh, "gross_ah": plant.battery.usable_wh / 400.0})
    plenticore = Plenticore(plant, image)
    return {UNIT_ID: Unit(plant, image, plenticore, strict_writes=True, largest_hole=0, whole_values=True)}


class Plenticore:
    """What the inverter shows of the plant, and how its battery is steered."""

    def __init__(self, plant: Plant, image: Image) -> None:
        self._plant = plant
        self._image = image

    @property
    def settings(self) -> Mapping[str, Setting]:
        battery = self._plant.battery
        return {"charge_setpoint_w": Setting(-2.0 * battery.charge_w, 2.0 * battery.discharge_w)}

    def measured(self, state: PlantState, counters: Counters) -> Values:
        mains = mains_at(state.at.timestamp())
        volts = battery_volts(state.soc_pct)
        values: dict[str, float | None] = {
            "state": 6 if state.online else 10,
            "dc_w": state.inverter_w,
            "hz": mains.frequency_hz,
            "ac_w": state.inverter_w,
            "ac_var": 0.0,
            "ac_va": abs(state.inverter_w),
            "battery_a": state.battery_w / volts,
            "SoC": state.soc_pct,
            "soc_whole": state.soc_pct,
            "battery_c": 25.0,
            "battery_v": volts,
            "battery_w": state.battery_w,
            "meter_hz": mains.frequency_hz,
            "meter_w": state.grid_w,
            "yield_wh": FIRST_YIELD_WH + counters.inverter_out_wh,
            "pv_w": state.pv_w,
        }
        inverter, grid = on_phases(state.inverter_w, EVEN_SHARES), on_phases(state.grid_w, LOAD_SHARES)
        for i, phase_v in enumerate(mains.voltages_v, start=1):
            values |= {f"v_{i}": phase_v, f"w_{i}": inverter[i - 1], f"a_{i}": inverter[i - 1] / phase_v}
            values |= {f"meter_v_{i}": phase_v, f"meter_w_{i}": grid[i - 1], f"meter_a_{i}": grid[i - 1] / phase_v}
        return {**values, **self._home(state)}

    def controls(self) -> Values:
        """The setpoint stays in its register after it has lapsed."""
        return {}

    def changed(self, names: Collection[str]) -> None:
        if "charge_setpoint_w" in names and self._image.value("management") == EXTERNAL:
            power_w = self._image.value("charge_setpoint_w")
            self._plant.order(power_w, power_w, FALLBACK_S)

    def forget(self) -> None:
        self._image.put("charge_setpoint_w", 0.0)

    def _home(self, state: PlantState) -> Values:
        """Where the house's power comes from: battery, then sun, then grid."""
        battery_w = min(state.load_w, max(0.0, state.battery_w))
        pv_w = min(state.load_w - battery_w, state.pv_w)
        return {"home_battery_w": battery_w, "home_pv_w": pv_w, "home_grid_w": state.load_w - battery_w - pv_w}
