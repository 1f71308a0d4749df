"""A Deye hybrid: single phase, or three phase with a low- or high-voltage battery.

Rows as in kellerza/sunsynk and evcc. Function 16 only, at most 20 registers in a read with holes of up to 2, low words
first and high words elsewhere. Every setting is kept in flash and stays for ever. A current above the inverter's own
is taken and silently not stored. The timer's slots follow the clock. While it exports nothing to the load's side only,
the single-phase power 169 misses the load outside of its port; the current transformer 172 sees it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers.register import WIRE_TYPES, Register
from simulator.mains import EVEN_SHARES, LOAD_SHARES, mains_at, on_phases
from simulator.orders import Ramp
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Setting, Unit, Values

FUNCTION_CODES = frozenset((3, 16))
FIRST_IMPORT_WH, FIRST_EXPORT_WH = 8_250_000.0, 1_930_000.0
ALL_DAYS = 0xFF
OUTSIDE_SHARE = 0.3  # of the load, beyond the inverter's port
ZERO_EXPORT_TO_LOAD = 1
_STRINGS = (0.55, 0.45)
_SLOTS = range(6)
_RAMP = Ramp(dead_time_s=8.0, pct_per_s=10.0)
_STARTS = (0, 500, 900, 1300, 1700, 2100)

Row = tuple[str, int | tuple[int, int], str, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the three maps. ``full_a`` is the most the inverter charges and discharges with."""

    code: int
    serial: str
    rows: Sequence[Row]
    empty_v: float
    full_v: float
    full_a: int
    batteries: tuple[float, ...] = (1.0,)

    def volts(self, soc_pct: float) -> float:
        return self.empty_v + (self.full_v - self.empty_v) * soc_pct / 100.0


def _slots(start: int, power: int, soc: int, flags: int, tens: float) -> list[Row]:
    found: list[Row] = []
    for name, first, scale in (("start", start, 1.0), ("power", power, tens), ("target", soc, 1.0), ("flag", flags, 1)):
        found += [(f"{name}_{i}", first + i, "uint16", scale) for i in _SLOTS]
    return found


def _three_phase(volt: float, tens: float) -> list[Row]:
    """32-bit powers keep their low words together, their high words together elsewhere."""
    return [
        ("rated_w", (20, 21), "uint32", 0.1),
        ("max_charge", 108, "uint16", 1.0),
        ("max_discharge", 109, "uint16", 1.0),
        ("start_soc", 127, "uint16", 1.0),
        ("grid_amps", 128, "uint16", 1.0),
        ("grid_charge", 130, "uint16", 1.0),
        ("work_mode", 142, "uint16", 1.0),
        ("timer", 146, "uint16", 1.0),
        *_slots(148, 154, 166, 172, tens),
        ("bms_charge_a", 212, "uint16", 1.0),
        ("bms_discharge_a", 213, "uint16", 1.0),
        ("bms_v", 215, "uint16", volt),
        ("soh", 224, "uint16", 1.0),
        ("state", 500, "uint16", 1.0),
        ("import_wh", (522, 523), "uint32", 100.0),
        ("export_wh", (524, 525), "uint32", 100.0),
        ("radiator", 541, "uint16", 0.1),
        ("on_grid", 552, "uint16", 1.0),
        ("battery_v", 587, "uint16", volt),
        ("SoC", 588, "uint16", 1.0),
        ("soc_2", 589, "uint16", 1.0),
        ("battery_1_w", 590, "int16", tens),
        ("battery_2_v", 593, "uint16", 0.1),
        ("battery_2_w", 595, "int16", tens),
        *((f"phase_{i}_v", 597 + i, "uint16", 0.1) for i in (1, 2, 3)),
        ("hz", 609, "uint16", 0.01),
        *((f"ct_{i}_w", (615 + i, 704 + i), "int32", 1.0) for i in (1, 2, 3, 4)),
        *((f"grid_{i}_w", (621 + i, 686 + i), "int32", 1.0) for i in (1, 2, 3, 4)),
        ("ac_w", (636, 694), "int32", 1.0),
        *((f"load_{i}_w", (649 + i, 655 + i), "int32", 1.0) for i in (1, 2, 3)),
        ("load_w", (653, 659), "int32", 1.0),
        *((f"pv_{i}_w", 671 + i, "uint16", tens) for i in (1, 2, 3, 4)),
        *((f"pv_{i}_w", 722 + i, "uint16", tens) for i in (5, 6, 7, 8)),
    ]


_SINGLE_PHASE: Sequence[Row] = (
    ("rated_w", (16, 17), "uint32", 0.1),
    ("state", 59, "uint16", 1.0),
    ("import_wh", (78, 80), "uint32", 100.0),
    ("hz", 79, "uint16", 0.01),
    ("export_wh", (81, 82), "uint32", 100.0),
    ("radiator", 91, "uint16", 0.1),
    ("phase_1_v", 150, "uint16", 0.1),
    ("grid_4_w", 169, "int16", 1.0),
    ("ct_4_w", 172, "int16", 1.0),
    ("ac_w", 175, "int16", 1.0),
    ("load_w", 178, "int16", 1.0),
    ("battery_v", 183, "uint16", 0.01),
    ("SoC", 184, "uint16", 1.0),
    *((f"pv_{i}_w", 185 + i, "uint16", 1.0) for i in (1, 2, 3)),
    ("battery_1_w", 190, "int16", 1.0),
    ("on_grid", 194, "uint16", 1.0),
    ("max_charge", 210, "uint16", 1.0),
    ("max_discharge", 211, "uint16", 1.0),
    ("grid_amps", 230, "uint16", 1.0),
    ("grid_charge", 232, "uint16", 1.0),
    ("work_mode", 244, "uint16", 1.0),
    ("timer", 248, "uint16", 1.0),
    *_slots(250, 256, 268, 274, 1.0),
    ("bms_v", 312, "uint16", 0.01),
    ("bms_charge_a", 314, "uint16", 1.0),
    ("bms_discharge_a", 315, "uint16", 1.0),
)
SINGLE_PHASE = Kind(0x0300, "2102030405", _SINGLE_PHASE, 49.0, 55.0, 120)
THREE_PHASE_LV = Kind(0x0500, "2202030405", _three_phase(0.01, 1.0), 49.0, 55.0, 120)
THREE_PHASE_HV = Kind(0x0006, "2302030405", _three_phase(0.1, 10.0), 380.0, 420.0, 40, (0.6, 0.4))


def units_single_phase(plant: Plant) -> dict[int, Unit]:
    return _units(plant, SINGLE_PHASE)


def units_three_phase_lv(plant: Plant) -> dict[int, Unit]:
    return _units(plant, THREE_PHASE_LV)


def units_three_phase_hv(plant: Plant) -> dict[int, Unit]:
    return _units(plant, THREE_PHASE_HV)


def _units(plant: Plant, kind: Kind) -> dict[int, Unit]:
    rows = [Register("device_type", 0, WIRE_TYPES["uint16"])]
    for name, at, wire, scale in kind.rows:
        words = (at,) if isinstance(at, int) else at
        split = len(words) == 2 and words[1] != words[0] + 1
        offset = -100.0 if name == "radiator" else 0.0
        row = Register(name, words[0], WIRE_TYPES[wire], scale=scale, offset=offset, low_word_first=len(words) == 2)
        rows.append(replace(row, scattered=words) if split else row)
    image = build_image(rows, {3: (kind.serial, 5)})
    image.put_all({"device_type": kind.code, "rated_w": plant.inverter_w, "state": 2, "on_grid": 5})
    image.put_all({"max_charge": kind.full_a, "max_discharge": kind.full_a, "work_mode": 2, "timer": ALL_DAYS})
    image.put_all({f"start_{i}": start for i, start in enumerate(_STARTS)})
    image.put_all({f"power_{i}": 5000.0 for i in _SLOTS} | {f"target_{i}": 20 for i in _SLOTS})
    image.put_all(
        {name: value for name, value in (("start_soc", 30), ("grid_amps", 40), ("soh", 97)) if name in image.points}
    )
    plant.ramp = _RAMP
    deye = Deye(plant, image, kind)
    unit = Unit(plant, image, deye, function_codes=FUNCTION_CODES, strict_writes=True, largest_read=20, largest_hole=2)
    return {1: unit}


class Deye:
    """What the inverter shows of the plant, and what its settings make of the battery."""

    def __init__(self, plant: Plant, image: Image, kind: Kind) -> None:
        self._plant = plant
        self._image = image
        self._kind = kind
        self._stored = {name: image.value(name) for name in ("max_charge", "max_discharge", "grid_amps")}
        self._rule_a: tuple[float, float] | None = None

    @property
    def settings(self) -> Mapping[str, Setting]:
        kept = {"max_charge": 999, "max_discharge": 999, "grid_amps": 999, "start_soc": 100, "grid_charge": 0xFFF}
        kept |= {"work_mode": 2, "timer": 0xFFF}
        for i in _SLOTS:
            kept |= {f"start_{i}": 2359, f"power_{i}": 65530, f"target_{i}": 100, f"flag_{i}": 0xFF}
        return {name: Setting(0, high, persistent=True) for name, high in kept.items() if name in self._image.points}

    def measured(self, state: PlantState, counters: Counters) -> Values:
        values: dict[str, float | None] = {
            "import_wh": FIRST_IMPORT_WH + counters.import_wh,
            "export_wh": FIRST_EXPORT_WH + counters.export_wh,
            "radiator": 41.5,
            "ac_w": state.inverter_w,
            "load_w": state.load_w,
            **self._battery(state),
            **self._grid(state),
        }
        values |= {f"pv_{i}_w": state.pv_w * share for i, share in enumerate(_STRINGS, start=1)}
        return {name: value for name, value in values.items() if name in self._image.points}

    def controls(self) -> Values:
        self._obey()
        return {}

    def changed(self, names: Collection[str]) -> None:
        for name, before in self._stored.items():
            if self._image.value(name) > self._kind.full_a:
                self._image.put(name, before)
            self._stored[name] = self._image.value(name)
        self._obey()

    def forget(self) -> None:
        """Nothing is forgotten: all of it is in flash."""
        self._rule_a = None

    def _obey(self) -> None:
        """Charging with at least the grid's current, or the battery's own rule within both currents, A."""
        rule_a = self._charges_and_discharges_a()
        if rule_a == self._rule_a:
            return
        self._rule_a = rule_a
        volts, full_a = self._kind.volts(self._plant.soc_pct), self._kind.full_a
        if rule_a == (full_a, full_a):
            self._plant.release()
        else:
            self._plant.order(-rule_a[0] * volts, rule_a[1] * volts)

    def _charges_and_discharges_a(self) -> tuple[float, float]:
        image = self._image
        most_a, grid_a = image.value("max_charge"), image.value("grid_amps")
        slot = self._slot()
        targets = [] if slot is None else [(image.value(f"target_{slot}"), int(image.value(f"flag_{slot}")) & 1)]
        if slot is None and "start_soc" in image.points:
            targets = [(image.value("start_soc"), 1)]
        charges = any(flag and self._plant.soc_pct < target for target, flag in targets)
        if int(image.value("grid_charge")) & 1 and charges:
            return max(most_a, grid_a), -grid_a
        kept = slot is not None and self._plant.soc_pct <= image.value(f"target_{slot}")
        return most_a, 0.0 if kept else image.value("max_discharge")

    def _slot(self) -> int | None:
        """The slot of the timer that the clock is in; None while the timer is off."""
        now, timer = self._plant.now(), int(self._image.value("timer"))
        if not timer & 1 or not timer & (2 << now.weekday()):
            return None
        begun = [i for i in _SLOTS if self._image.value(f"start_{i}") <= now.hour * 100 + now.minute]
        return begun[-1] if begun else _SLOTS[-1]

    def _battery(self, state: PlantState) -> Values:
        battery, volts = self._plant.battery, self._kind.volts(state.soc_pct)
        powers = {f"battery_{i}_w": state.battery_w * part for i, part in enumerate(self._kind.batteries, start=1)}
        return {
            "SoC": state.soc_pct,
            "soc_2": state.soc_pct,
            "battery_2_v": volts if len(self._kind.batteries) > 1 else 0.0,
            "battery_v": volts,
            "bms_v": volts,
            "bms_charge_a": battery.charge_limit_w(state.soc_pct) // volts,
            "bms_discharge_a": battery.discharge_limit_w(state.soc_pct) // volts,
            **powers,
        }

    def _grid(self, state: PlantState) -> Values:
        mains = mains_at(state.at.timestamp())
        outside_w = OUTSIDE_SHARE * state.load_w if self._image.value("work_mode") == ZERO_EXPORT_TO_LOAD else 0.0
        values: dict[str, float | None] = {"hz": mains.frequency_hz}
        port, site = on_phases(state.grid_w - outside_w, EVEN_SHARES), on_phases(state.grid_w, LOAD_SHARES)
        load = on_phases(state.load_w, LOAD_SHARES)
        for i, volts in enumerate(mains.voltages_v, start=1):
            values |= {f"phase_{i}_v": volts, f"ct_{i}_w": site[i - 1], f"grid_{i}_w": port[i - 1]}
            values[f"load_{i}_w"] = load[i - 1]
        return {**values, "ct_4_w": state.grid_w, "grid_4_w": state.grid_w - outside_w}
