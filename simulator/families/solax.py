"""A SolaX X3-Hybrid-G4 10 kW: unit 1, measurements by function 4 and settings by functions 6 and 16.

Rows as in plugin_solax.py of homeassistant-solax-modbus. 32-bit values have the low word first, 100 registers fit in a
read. Locked after a start until 2014 is written to register 0: then writes are refused with exception 2. The remote
control block 0x7C is obeyed when it comes whole in one request, ends by itself at its duration (mode 1) or timeout
(mode 4; 0 never), and is in RAM; reading its addresses gives firmware numbers and the clock. Input register 0x100 shows
the mode. Generation 5 has the battery at 0x38.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers.register import WIRE_TYPES, Register, encode_string
from simulator.der_7xx import battery_volts
from simulator.listening import LinkTraits
from simulator.mains import EVEN_SHARES, LOAD_SHARES, mains_at, on_phases
from simulator.orders import Band
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Setting, Unit, Values

LINK = LinkTraits()
UNLOCKS = (2014, 6868)
OFF, AC_POWER, PUSH_POWER = 0, 1, 4
FIRST_IMPORT_WH, FIRST_EXPORT_WH = 4_210_000.0, 1_930_000.0
NORMAL, OFF_GRID = 2, 7
_SERIAL = "H34T10H1234567"
_NO_PERMISSION = 2

_INPUTS: Sequence[tuple[str, int, str, float]] = (
    ("inverter_c", 0x08, "int16", 1.0),
    ("run_mode", 0x09, "uint16", 1.0),
    ("string_1_w", 0x0A, "uint16", 1.0),
    ("string_2_w", 0x0B, "uint16", 1.0),
    ("battery_v", 0x14, "int16", 0.1),
    ("battery_a", 0x15, "int16", 0.1),
    ("battery_w", 0x16, "int16", 1.0),
    ("bms_link", 0x17, "uint16", 1.0),
    ("battery_c", 0x18, "int16", 1.0),
    ("SoC", 0x1C, "uint16", 1.0),
    ("charge_limit_a", 0x24, "uint16", 0.1),
    ("discharge_limit_a", 0x25, "uint16", 0.1),
    ("meter_w", 0x46, "int32", 1.0),
    ("export_wh", 0x48, "uint32", 10.0),
    ("import_wh", 0x4A, "uint32", 10.0),
    ("lock", 0x54, "uint16", 1.0),
    *((f"phase_{i}_v", 0x66 + 4 * i, "uint16", 0.1) for i in (1, 2, 3)),
    *((f"phase_{i}_a", 0x67 + 4 * i, "int16", 0.1) for i in (1, 2, 3)),
    *((f"phase_{i}_w", 0x68 + 4 * i, "int16", 1.0) for i in (1, 2, 3)),
    *((f"phase_{i}_hz", 0x69 + 4 * i, "uint16", 0.01) for i in (1, 2, 3)),
    *((f"meter_{i}_w", 0x80 + 2 * i, "int32", 1.0) for i in (1, 2, 3)),
    ("soh", 0xBF, "uint16", 1.0),
    ("remote_mode", 0x100, "uint16", 1.0),
)
_INPUTS_5: Sequence[tuple[str, int, str, float]] = (
    ("both_w", 0x38, "int32", 1.0),
    ("both_soc", 0x3C, "uint16", 1.0),
    ("both_soh", 0x3D, "uint16", 1.0),
    ("string_3_w", 0x124, "uint16", 1.0),
)
_NOT_IN_5 = ("battery_w", "SoC", "soh")
_BLOCK: Sequence[tuple[str, int, str]] = (
    ("mode", 0x7C, "uint16"),
    ("set_type", 0x7D, "uint16"),
    ("active_w", 0x7E, "int32"),
    ("reactive_var", 0x80, "int32"),
    ("duration_s", 0x82, "uint16"),
    ("target_soc", 0x83, "uint16"),
    ("target_energy", 0x84, "uint32"),
    ("charge_discharge_w", 0x86, "int32"),
    ("timeout_s", 0x88, "uint16"),
    ("push_w", 0x89, "int32"),
)
_READ_THERE: Values = {"mode": 147, "set_type": 1, "active_w": 3, "reactive_var": 0, "duration_s": 321}
_READ_THERE_TOO: Values = {"target_soc": 0, "target_energy": 46 << 16, "charge_discharge_w": 12, "timeout_s": 29}


def units(plant: Plant) -> dict[int, Unit]:
    return {1: _unit(plant, generation=4)}


def units_of_generation_5(plant: Plant) -> dict[int, Unit]:
    return {1: _unit(plant, generation=5)}


def _unit(plant: Plant, generation: int) -> Unit:
    rows = [row for row in _INPUTS if generation == 4 or row[0] not in _NOT_IN_5]
    inputs = build_image(
        Register(name, address, WIRE_TYPES[wire], "input", scale, low_word_first=True)
        for name, address, wire, scale in (*rows, *(_INPUTS_5 if generation == 5 else ()))
    )
    block = [Register(name, address, WIRE_TYPES[wire], low_word_first=True) for name, address, wire in _BLOCK]
    first = Register("first of serial, or the code", 0, WIRE_TYPES["uint16"])
    rest = {1: (_SERIAL[2:], 6), 7: ("SolaX", 7), 14: ("X3-Hybrid-G4", 7)}
    image = build_image([first, *block], rest)
    face = SolaX(plant, image, generation)
    return Unit(
        plant,
        image,
        face,
        function_codes=frozenset((3, 4, 6, 16)),
        strict_writes=True,
        largest_read=100,
        largest_hole=20,
        inputs=inputs,
    )


class SolaX:
    """What the inverter shows of the plant, and how it is steered from remote."""

    def __init__(self, plant: Plant, image: Image, generation: int) -> None:
        self._plant = plant
        self._image = image
        self._generation = generation
        self._mode = OFF
        self._band: Band | None = None
        self.is_locked = True
        self.bms_link = True

    @property
    def settings(self) -> Mapping[str, Setting]:
        most_w = 2.0 * self._plant.inverter_w
        ranges = {
            "mode": (0.0, 9.0),
            "set_type": (0.0, 2.0),
            "duration_s": (0.0, 28800.0),
            "timeout_s": (0.0, 28800.0),
            "target_soc": (0.0, 100.0),
        }
        least, most = (1.0, 0.0) if self.is_locked else (-most_w, most_w)
        block = {name: ranges.get(name, (least, most)) if not self.is_locked else (least, most) for name, *_ in _BLOCK}
        settings = {name: Setting(low, high, _NO_PERMISSION) for name, (low, high) in block.items()}
        return {**settings, "first of serial, or the code": Setting(min(UNLOCKS), max(UNLOCKS))}

    def measured(self, state: PlantState, counters: Counters) -> Values:
        mains, volts = mains_at(state.at.timestamp()), battery_volts(state.soc_pct)
        battery = self._plant.battery
        values: dict[str, float | None] = {
            "inverter_c": 36.0,
            "run_mode": NORMAL if state.online else 0,
            "string_1_w": 0.6 * state.pv_w,
            "string_2_w": 0.4 * state.pv_w,
            "battery_v": volts,
            "battery_a": -state.battery_w / volts,
            "bms_link": int(self.bms_link),
            "battery_c": 24.0,
            "charge_limit_a": battery.charge_limit_w(state.soc_pct) / volts,
            "discharge_limit_a": battery.discharge_limit_w(state.soc_pct) / volts,
            "meter_w": -state.grid_w,
            "export_wh": FIRST_EXPORT_WH + counters.export_wh,
            "import_wh": FIRST_IMPORT_WH + counters.import_wh,
        }
        powers, grid = on_phases(state.inverter_w, EVEN_SHARES), on_phases(state.grid_w, LOAD_SHARES)
        for i, phase_v in enumerate(mains.voltages_v, start=1):
            values |= {f"phase_{i}_v": phase_v, f"phase_{i}_a": powers[i - 1] / phase_v}
            values |= {f"phase_{i}_w": powers[i - 1], f"phase_{i}_hz": mains.frequency_hz, f"meter_{i}_w": -grid[i - 1]}
        if self._generation == 5:
            return values | {"both_w": -state.battery_w, "both_soc": state.soc_pct, "both_soh": 98.0, "string_3_w": 0.0}
        return values | {"battery_w": -state.battery_w, "SoC": state.soc_pct, "soh": 98.0}

    def controls(self) -> Values:
        if self._band is not None and self._plant.band is not self._band:
            self._mode, self._band = OFF, None
        (first,) = encode_string(_SERIAL[:2], 1)
        shown: Values = {
            "first of serial, or the code": first,
            "remote_mode": self._mode,
            "lock": int(not self.is_locked),
        }
        return {**shown, **_READ_THERE, **_READ_THERE_TOO, "push_w": 11 + (26 << 16)}

    def changed(self, names: Collection[str]) -> None:
        image, plant = self._image, self._plant
        if "first of serial, or the code" in names:
            self.is_locked = self.is_locked and image.value("first of serial, or the code") not in UNLOCKS
        if "mode" not in names:
            return
        mode = int(image.value("mode"))
        if mode == OFF:
            self._mode, self._band = OFF, None
            plant.release()
        elif len(set(names)) == len(_BLOCK) and mode in (AC_POWER, PUSH_POWER):
            power_w = image.value("push_w") if mode == PUSH_POWER else -image.value("active_w") - plant.state.pv_w
            hold_s = image.value("timeout_s" if mode == PUSH_POWER else "duration_s") or None
            self._mode, self._band = mode, plant.order(power_w, power_w, hold_s)

    def forget(self) -> None:
        """Remote control is in RAM, and the lock closes."""
        self._mode, self._band, self.is_locked = OFF, None, True
