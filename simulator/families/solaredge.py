"""A SolarEdge Home Hub with one battery and the meter at the connection point: unit 1, one client at a time.

The SunSpec part as in the "SunSpec implementation technical note" 3.2: inverter 103 at 40069, a meter's common block at
40121 and its model 203 at 40188, with export positive. The battery at 0xE100 and the storage control at 0xE000 have the
low word first and the largest negative float for "not there". Under remote control a command holds for the seconds of
0xE00B after it was last written; then the default mode holds.
"""

from collections.abc import Collection, Mapping, Sequence

from drivers.register import WIRE_TYPES, Register
from simulator.der_7xx import battery_volts
from simulator.listening import LinkTraits
from simulator.mains import EVEN_SHARES, LOAD_SHARES, mains_at, on_phases
from simulator.orders import Band
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import ChainModel, Image, build_chain, fitting_exponent, named
from simulator.units import Setting, Unit, Values

UNIT_ID = 1
LINK = LinkTraits(single_client=True)
FIRST_WH = 2_350_000.0
LOWEST_FLOAT = 0xFF7FFFFF
SELF_CONSUMPTION, REMOTE = 1, 4
OWN_RULE = 7
_TEXTS = range(40004, 40068)  # maker, model, options, version and serial of the common model
_WHOLE_BLOCKS = 24  # registers without a meaning inside a block that can be read over

_BATTERY_ROWS: Sequence[tuple[str, int]] = (
    ("rated_wh", 0xE142),
    ("most_charge_w", 0xE144),
    ("most_discharge_w", 0xE146),
    ("peak_charge_w", 0xE148),
    ("peak_discharge_w", 0xE14A),
    ("battery_c", 0xE16C),
    ("battery_v", 0xE170),
    ("battery_a", 0xE172),
    ("battery_w", 0xE174),
    ("max_wh", 0xE17E),
    ("stored_wh", 0xE180),
    ("soh", 0xE182),
    ("SoC", 0xE184),
    ("second_battery_w", 0xF574),
    ("second_soc", 0xF584),
)
_CONTROL_ROWS: Sequence[tuple[str, int, str]] = (
    ("export_control", 0xE000, "uint16"),
    ("export_limit_w", 0xE002, "float32"),
    ("mode", 0xE004, "uint16"),
    ("policy", 0xE005, "uint16"),
    ("charge_kwh", 0xE006, "float32"),
    ("reserve", 0xE008, "float32"),
    ("default", 0xE00A, "uint16"),
    ("timeout_s", 0xE00B, "uint32"),
    ("command", 0xE00D, "uint16"),
    ("charge_w", 0xE00E, "float32"),
    ("discharge_w", 0xE010, "float32"),
)


def units(plant: Plant) -> dict[int, Unit]:
    """As an owner leaves it: self-consumption, the remote command off, no charging from the grid."""
    return _units(plant, second_block=False)


def units_second_block(plant: Plant) -> dict[int, Unit]:
    """One that gives the battery's power and state of energy at 0xF500 only."""
    return _units(plant, second_block=True)


def _units(plant: Plant, second_block: bool) -> dict[int, Unit]:
    image = _image(plant)
    battery = plant.battery
    image.put_all({"rated_wh": battery.usable_wh, "max_wh": battery.usable_wh, "soh": 98.0})
    image.put_all({"most_charge_w": battery.charge_w, "most_discharge_w": battery.discharge_w})
    image.put_all({"mode": SELF_CONSUMPTION, "policy": 0, "default": 1, "timeout_s": 3600, "command": 0})
    image.put_all({"charge_w": battery.charge_w, "discharge_w": battery.discharge_w, "reserve": 0.0})
    inverter = HomeHub(plant, image, second_block)
    return {UNIT_ID: Unit(plant, image, inverter, strict_writes=True, largest_hole=_WHOLE_BLOCKS, whole_values=True)}


def _image(plant: Plant) -> Image:
    """The chain at 40000 and the maker's blocks behind it."""
    watts = fitting_exponent(max(plant.inverter_w, 3.0 * plant.pv_rated_w))
    scales = {
        **named("103", A_SF=-1, V_SF=-1, W_SF=watts, Hz_SF=-2, VA_SF=watts, VAr_SF=watts, PF_SF=-2),
        **named("103", WH_SF=0, DCA_SF=-1, DCV_SF=-1, DCW_SF=watts, Tmp_SF=-2),
        **named("203", A_SF=-1, V_SF=-1, Hz_SF=-2, W_SF=watts, VA_SF=watts, VAR_SF=watts, PF_SF=-2, TotWh_SF=0),
    }
    texts = {"1.Mn": "SolarEdge", "1.Md": "SE10K-RWS", "1.Vr": "0004.0018.0518", "1.SN": "7F123456"}
    models = [ChainModel(1, length=65), ChainModel(103, length=50), ChainModel(1, length=65), ChainModel(203)]
    chain = build_chain(models, scales, texts)
    registers = {name: point.register for name, point in chain.points.items()}
    for at in _TEXTS:
        registers[f"text {at}"] = Register(f"text {at}", at, WIRE_TYPES["uint16"])
    for name, at in _BATTERY_ROWS:
        registers[name] = Register(name, at, WIRE_TYPES["float32"], sentinel=LOWEST_FLOAT, low_word_first=True)
    for name, at, wire in _CONTROL_ROWS:
        registers[name] = Register(name, at, WIRE_TYPES[wire], low_word_first=wire != "uint16")
    end = max(at for register in registers.values() for at in register.addresses) + 1
    image = Image(chain.base, chain.words + [0] * (end - chain.end), registers)
    image.put_all(dict.fromkeys(name for name, _ in _BATTERY_ROWS))
    return image


class HomeHub:
    """What the inverter shows of the plant, and how its battery is steered."""

    settings: Mapping[str, Setting] = {
        "mode": Setting(0, 4, persistent=True),
        "policy": Setting(0, 3, persistent=True),
        "default": Setting(0, 7, persistent=True),
        "timeout_s": Setting(0, 86400, persistent=True),
        "command": Setting(0, 7, persistent=True),
        "charge_w": Setting(0, 1_000_000, persistent=True),
        "discharge_w": Setting(0, 1_000_000, persistent=True),
    }

    def __init__(self, plant: Plant, image: Image, second_block: bool) -> None:
        self._plant = plant
        self._image = image
        self._second_block = second_block
        plant.grid_charging = False

    def measured(self, state: PlantState, counters: Counters) -> Values:
        volts = battery_volts(state.soc_pct)
        power_w, soc = -state.battery_w, state.soc_pct
        return {
            **_inverter(state, counters),
            **_meter(state, counters),
            "battery_c": 25.0,
            "battery_v": volts,
            "battery_a": power_w / volts,
            "battery_w": None if self._second_block else power_w,
            "stored_wh": state.stored_wh,
            "SoC": None if self._second_block else soc,
            "second_battery_w": power_w if self._second_block else None,
            "second_soc": soc if self._second_block else None,
        }

    def controls(self) -> Values:
        """A command that has run out stays in its register."""
        return {}

    def changed(self, names: Collection[str]) -> None:
        if "policy" in names:
            self._plant.grid_charging = self._image.value("policy") != 0
        if self._image.value("mode") != REMOTE:
            self._plant.release()
        elif {"mode", "command"} & set(names):
            self._obey(self._image.value("timeout_s"))
        elif self._plant.band is not None and self._plant.band.lapses_at is not None:
            self._obey(self._plant.seconds_left(self._plant.band.lapses_at))

    def forget(self) -> None:
        """The command runs out; its settings are kept."""
        self._image.put("command", OWN_RULE)

    def _obey(self, seconds: float) -> None:
        """Limits count at once, but only the command begins its time anew."""
        image, battery = self._image, self._plant.battery
        charge_w = min(image.value("charge_w"), battery.charge_w)
        discharge_w = min(image.value("discharge_w"), battery.discharge_w)
        low_w, high_w = _limits(int(image.value("command")), charge_w, discharge_w)
        default = int(image.value("default"))
        after = None if default in (SELF_CONSUMPTION, OWN_RULE) else Band(*_limits(default, charge_w, discharge_w))
        self._plant.order(low_w, high_w, seconds, after)


def _limits(command: int, charge_w: float, discharge_w: float) -> tuple[float, float]:
    """Between which powers a command mode keeps the battery, W, positive discharges."""
    return {
        1: (-charge_w, 0.0),
        2: (-charge_w, 0.0),
        3: (-charge_w, -charge_w),
        4: (discharge_w, discharge_w),
        5: (0.0, discharge_w),
        7: (-charge_w, discharge_w),
    }.get(command, (0.0, 0.0))


def _inverter(state: PlantState, counters: Counters) -> Values:
    mains = mains_at(state.at.timestamp())
    a, b, c = mains.voltages_v
    amps = [abs(w) / v for w, v in zip(on_phases(state.inverter_w, EVEN_SHARES), mains.voltages_v, strict=True)]
    return {
        **named("103", A=sum(amps), AphA=amps[0], AphB=amps[1], AphC=amps[2], PhVphA=a, PhVphB=b, PhVphC=c),
        **named("103", W=state.inverter_w, DCW=state.inverter_w, Hz=mains.frequency_hz, TmpSnk=41.0),
        **named("103", WH=FIRST_WH + counters.inverter_out_wh, St=4 if state.online else 8),
    }


def _meter(state: PlantState, counters: Counters) -> Values:
    """With export positive."""
    mains = mains_at(state.at.timestamp())
    one, two, three = on_phases(-state.grid_w, LOAD_SHARES)
    a, b, c = (watts / volts for watts, volts in zip((one, two, three), mains.voltages_v, strict=True))
    return {
        **named("203", W=-state.grid_w, WphA=one, WphB=two, WphC=three, AphA=a, AphB=b, AphC=c),
        **named("203", TotWhImp=FIRST_WH + counters.import_wh, TotWhExp=FIRST_WH + counters.export_wh),
    }
