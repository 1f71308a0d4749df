"""SMA inverters with a battery at unit 3: a Sunny Boy Storage, and a Tripower Smart Energy with solar strings.

Rows as in SMA's Modbus technical information (TI-en-15, -28). What is not there reads as "not a number" and is no
error, a request that cuts a value is one; what is written cannot be read. The Sunny Boy Storage heeds six values that
must all come within 60 s and takes the power setpoint for discharging only; the Tripower takes the setpoint alone, and
falls back as its installer chose.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers.register import WIRE_TYPES, Register
from simulator.der_7xx import battery_volts
from simulator.listening import LinkTraits
from simulator.mains import LOAD_SHARES, mains_at, on_phases
from simulator.orders import Band
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import Image, build_image
from simulator.units import Setting, Unit, Values

UNIT_ID = 3
LINK = LinkTraits(absent_unit=4)
WINDOW_S = 60.0
KEEP_VALUES, FALL_BACK = 2506, 2507
ACTIVE, INACTIVE = 802, 803
FIRST_WH = 4_210_000.0

_ROWS: Sequence[tuple[str, int, str, float]] = (
    ("class", 30053, "uint32", 1.0),
    ("serial", 30057, "uint32", 1.0),
    ("condition", 30201, "uint32", 1.0),
    ("yield_wh", 30513, "uint64", 1.0),
    ("yield_day_wh", 30517, "uint64", 1.0),
    ("yield_32_wh", 30529, "uint32", 1.0),
    ("import_wh", 30581, "uint32", 1.0),
    ("export_wh", 30583, "uint32", 1.0),
    ("pv_1_w", 30773, "int32", 1.0),
    ("ac_w", 30775, "int32", 1.0),
    ("v_1", 30783, "uint32", 0.01),
    ("v_2", 30785, "uint32", 0.01),
    ("v_3", 30787, "uint32", 0.01),
    ("hz", 30803, "uint32", 0.01),
    ("battery_a", 30843, "int32", 0.001),
    ("SoC", 30845, "uint32", 1.0),
    ("battery_c", 30849, "int32", 0.1),
    ("battery_v", 30851, "uint32", 0.01),
    ("drawn_w", 30865, "int32", 1.0),
    ("fed_in_w", 30867, "int32", 1.0),
    ("battery_state", 30955, "uint32", 1.0),
    ("pv_2_w", 30961, "int32", 1.0),
    ("pv_3_w", 30967, "int32", 1.0),
    ("fed_in_1_w", 31259, "uint32", 1.0),
    ("fed_in_2_w", 31261, "uint32", 1.0),
    ("fed_in_3_w", 31263, "uint32", 1.0),
    ("drawn_1_w", 31265, "uint32", 1.0),
    ("drawn_2_w", 31267, "uint32", 1.0),
    ("drawn_3_w", 31269, "uint32", 1.0),
    ("charge_w", 31393, "uint32", 1.0),
    ("discharge_w", 31395, "uint32", 1.0),
    ("charged_wh", 31397, "uint64", 1.0),
    ("discharged_wh", 31401, "uint64", 1.0),
    ("capacity_wh", 40187, "uint32", 1.0),
    ("most_charge_w", 40189, "uint32", 1.0),
    ("most_discharge_w", 40191, "uint32", 1.0),
)
_SETPOINT_ROWS: Sequence[tuple[str, int, str, float]] = (
    ("setpoint_w", 40149, "int32", 1.0),
    ("setpoint_counts", 40151, "uint32", 1.0),
)
_WINDOW_ROWS: Sequence[tuple[str, int, str, float]] = (
    ("mode", 40236, "uint32", 1.0),
    ("charge_least_w", 40793, "uint32", 1.0),
    ("charge_most_w", 40795, "uint32", 1.0),
    ("discharge_least_w", 40797, "uint32", 1.0),
    ("discharge_most_w", 40799, "uint32", 1.0),
    ("target_w", 40801, "uint32", 1.0),
)
_FALLBACK_ROWS: Sequence[tuple[str, int, str, float]] = (
    ("fallback", 41193, "uint32", 1.0),
    ("fallback_s", 41195, "uint32", 1.0),
    ("fallback_w", 41197, "int32", 1.0),
)


def units_storage(plant: Plant) -> dict[int, Unit]:
    """A Sunny Boy Storage with newer firmware; the sun is at another inverter."""
    image = _image(plant, (*_ROWS, *_SETPOINT_ROWS, *_WINDOW_ROWS))
    return {UNIT_ID: _unit(plant, image, Storage(plant, image))}


def units_tripower(plant: Plant) -> dict[int, Unit]:
    """A Sunny Tripower Smart Energy with its strings."""
    image = _image(plant, (*_ROWS, *_SETPOINT_ROWS, *_FALLBACK_ROWS))
    image.put_all({"fallback": FALL_BACK, "fallback_s": 60, "fallback_w": 0})
    return {UNIT_ID: _unit(plant, image, Tripower(plant, image))}


def _image(plant: Plant, table: Sequence[tuple[str, int, str, float]]) -> Image:
    image = build_image(Register(name, at, WIRE_TYPES[wire], scale=scale) for name, at, wire, scale in table)
    image.words = [0xFFFF] * len(image.words)
    for name in image.points:
        image.put(name, None)
    battery = plant.battery
    image.put_all({"class": 8007, "serial": 3_001_234_567, "capacity_wh": battery.usable_wh})
    image.put_all({"most_charge_w": battery.charge_w, "most_discharge_w": battery.discharge_w})
    return image


def _unit(plant: Plant, image: Image, face: "Storage | Tripower") -> Unit:
    return Unit(plant, image, face, strict_writes=True, whole_values=True)


class Inverter:
    """What both show of the plant, and the power setpoint."""

    has_strings = False

    def __init__(self, plant: Plant, image: Image) -> None:
        self._plant = plant
        self._image = image

    @property
    def settings(self) -> Mapping[str, Setting]:
        battery = self._plant.battery
        codes = Setting(ACTIVE, INACTIVE)
        return {"setpoint_w": Setting(-2.0 * battery.charge_w, 2.0 * battery.discharge_w), "setpoint_counts": codes}

    def measured(self, state: PlantState, counters: Counters) -> Values:
        mains, volts = mains_at(state.at.timestamp()), battery_volts(state.soc_pct)
        values: dict[str, float | None] = {
            "condition": 307 if state.online else 303,
            "yield_wh": FIRST_WH + counters.inverter_out_wh,
            "yield_32_wh": None,  # it has overflowed
            "import_wh": FIRST_WH + counters.import_wh,
            "export_wh": FIRST_WH + counters.export_wh,
            "ac_w": state.inverter_w if self.has_strings else state.battery_w,
            "hz": mains.frequency_hz,
            "battery_a": state.battery_w / volts,
            "SoC": state.soc_pct,
            "battery_c": 25.0,
            "battery_v": volts,
            "drawn_w": max(0.0, state.grid_w),
            "fed_in_w": max(0.0, -state.grid_w),
            "battery_state": 2292 if state.battery_w < 0 else 2293 if state.battery_w > 0 else 2291,
            "charge_w": max(0.0, -state.battery_w),
            "discharge_w": max(0.0, state.battery_w),
            "charged_wh": counters.charge_wh,
            "discharged_wh": counters.discharge_wh,
        }
        for i, (phase_v, watts) in enumerate(
            zip(mains.voltages_v, on_phases(state.grid_w, LOAD_SHARES), strict=True), 1
        ):
            values |= {f"v_{i}": phase_v, f"drawn_{i}_w": max(0.0, watts), f"fed_in_{i}_w": max(0.0, -watts)}
        return values

    def controls(self) -> Values:
        """What was written cannot be read."""
        return dict.fromkeys(self.settings)

    def _setpoint_w(self) -> float | None:
        """The setpoint, None while it does not count."""
        return self._image.value("setpoint_w") if self._image.get("setpoint_counts") == ACTIVE else None


class Storage(Inverter):
    """The six values, each with the time of its last write, s since 1970."""

    def __init__(self, plant: Plant, image: Image) -> None:
        super().__init__(plant, image)
        self._written: dict[str, tuple[float, float]] = {}

    @property
    def settings(self) -> Mapping[str, Setting]:
        watts = Setting(0, 1_000_000)
        window = {"mode": Setting(2289, 2424)} | {name: watts for name, _, _, _ in _WINDOW_ROWS[1:]}
        return {**super().settings, **window}

    def changed(self, names: Collection[str]) -> None:
        power_w = self._setpoint_w() if "setpoint_counts" in names else None
        if power_w is not None and power_w > 0.0:
            self._plant.order(power_w, power_w, WINDOW_S)
        now_s = self._plant.state.at.timestamp()
        written = [name for name, _, _, _ in _WINDOW_ROWS if name in names]
        self._written |= {name: (self._image.value(name), now_s) for name in written}
        oldest_s = min((at_s for _, at_s in self._written.values()), default=now_s)
        left_s = oldest_s + WINDOW_S - now_s
        if written and len(self._written) == len(_WINDOW_ROWS) and left_s > 0:
            self._open_window(left_s)

    def forget(self) -> None:
        self._written.clear()

    def _open_window(self, left_s: float) -> None:
        """Values that contradict each other, as between two writes, change nothing."""
        values = {name: value for name, (value, _) in self._written.items()}
        low_w, high_w = -values["charge_most_w"], values["discharge_most_w"]
        high_w = -values["charge_least_w"] if values["charge_least_w"] else high_w
        low_w = values["discharge_least_w"] or low_w
        if low_w <= high_w:
            self._plant.order(low_w, high_w, left_s)


class Tripower(Inverter):
    """The setpoint, with the installer's fallback."""

    has_strings = True

    def measured(self, state: PlantState, counters: Counters) -> Values:
        """By night the strings give no number."""
        dark = state.pv_available_w <= 0.0
        strings = {"pv_1_w": 0.6, "pv_2_w": 0.4}
        return {
            **super().measured(state, counters),
            **{name: None if dark else state.pv_w * share for name, share in strings.items()},
        }

    def changed(self, names: Collection[str]) -> None:
        if "setpoint_counts" not in names:
            return
        power_w = self._setpoint_w()
        if power_w is None:
            self._plant.release()
            return
        fallback_w = self._image.value("fallback_w")
        hold_s = self._image.value("fallback_s") if self._image.value("fallback") == FALL_BACK else None
        self._plant.order(power_w, power_w, hold_s, None if hold_s is None else Band(fallback_w, fallback_w))

    def forget(self) -> None:
        """It has nothing but what its registers say, and these are not kept."""
