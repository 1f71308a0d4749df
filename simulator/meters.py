"""The meters at the connection point: a SunSpec meter (model 203) and an Eastron SDM630.

Both count import positive. A meter in service has counted before, so its energies do not start at 0.
Source for the SDM630: Eastron, "SDM630 Modbus protocol": function code 4, float32, even start and even count.
"""

from collections.abc import Collection, Mapping

from drivers.register import WIRE_TYPES, Register
from simulator.chain_unit import Numbers, renamed
from simulator.mains import LOAD_SHARES, Mains, mains_at, on_phases
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import ChainModel, Image, build_chain, fitting_exponent, named
from simulator.units import Setting, Values

FIRST_IMPORT_WH = 4_210_000.0
FIRST_EXPORT_WH = 1_930_000.0
SDM630_LARGEST_READ = 80

_TEXTS = {"1.Mn": "Enalysis", "1.Md": "Simulated meter", "1.Vr": "1.0", "1.SN": "SIM-METER-0001"}
_SDM630_WORDS = 0x180
_PHASES = ("A", "B", "C")


def build_sunspec_image(plant: Plant, numbers: Numbers = "int") -> Image:
    """The chain 1, 203 at 40000, or 1, 213 with ``numbers`` "float"."""
    if numbers == "float":
        image = build_chain([ChainModel(1), ChainModel(213)], {}, _TEXTS)
        image.put_all({"1.DA": 1, "213.Evt": 0})
        return image
    most_w = plant.trace.peak_load_w() + plant.inverter_w + plant.battery.charge_w
    watts, amps = fitting_exponent(most_w), fitting_exponent(most_w / 200.0, finest=-2)
    scales = {
        **named("203", A_SF=amps, V_SF=-1, Hz_SF=-2, W_SF=watts, VA_SF=watts, VAR_SF=watts, PF_SF=-2),
        "203.TotWh_SF": 0,
    }
    image = build_chain([ChainModel(1), ChainModel(203)], scales, _TEXTS)
    image.put_all({"1.DA": 1, "203.Evt": 0})
    return image


def build_sdm630_image() -> Image:
    """The input registers 0x0000..0x017F; what is not listed reads 0, as unused phases do on the device."""
    float32 = WIRE_TYPES["float32"]
    rows = {name: Register(name, address, float32, table="input") for name, address in _SDM630_ROWS.items()}
    return Image(0, [0] * _SDM630_WORDS, rows)


_SDM630_ROWS = {
    **{f"V{i + 1}": 0x00 + 2 * i for i in range(3)},
    **{f"A{i + 1}": 0x06 + 2 * i for i in range(3)},
    **{f"W{i + 1}": 0x0C + 2 * i for i in range(3)},
    **{f"VA{i + 1}": 0x12 + 2 * i for i in range(3)},
    **{f"PF{i + 1}": 0x1E + 2 * i for i in range(3)},
    "Vmean": 0x2A,
    "Amean": 0x2E,
    "Asum": 0x30,
    "W": 0x34,
    "VA": 0x38,
    "PF": 0x3E,
    "Hz": 0x46,
    "import_kWh": 0x48,
    "export_kWh": 0x4A,
    "V12": 0xC8,
    "V23": 0xCA,
    "V31": 0xCC,
    "total_kWh": 0x156,
    **{f"import{i + 1}_kWh": 0x15A + 2 * i for i in range(3)},
    **{f"export{i + 1}_kWh": 0x160 + 2 * i for i in range(3)},
}


class _ReadOnly:
    """A unit that takes no writes."""

    settings: Mapping[str, Setting] = {}

    def controls(self) -> Values:
        return {}

    def changed(self, names: Collection[str]) -> None:
        raise AssertionError(f"a meter has no settings, yet {', '.join(names)} was written")

    def forget(self) -> None:
        """Nothing: a meter holds no orders."""


class SunSpecMeter(_ReadOnly):
    """Model 203 or 213 of the plant's connection point; W > 0 is import."""

    def __init__(self, numbers: Numbers = "int") -> None:
        self._numbers = numbers

    def measured(self, state: PlantState, counters: Counters) -> Values:
        mains = mains_at(state.at.timestamp())
        values: dict[str, float | None] = {
            **named("203", W=state.grid_w, VA=abs(state.grid_w), VAR=0.0, PF=_power_factor(state.grid_w) * 100.0),
            **named("203", PhV=mains.mean_v, PPV=sum(mains.line_voltages_v) / 3.0, Hz=mains.frequency_hz),
            **named("203", TotWhImp=FIRST_IMPORT_WH + counters.import_wh),
            **named("203", TotWhExp=FIRST_EXPORT_WH + counters.export_wh),
            **dict(zip(("203.PhVphAB", "203.PhVphBC", "203.PhVphCA"), mains.line_voltages_v, strict=True)),
            "203.A": sum(abs(amps) for amps in _currents(state, mains)),
        }
        powers, currents = on_phases(state.grid_w, LOAD_SHARES), _currents(state, mains)
        for phase, watts, amps, volts in zip(_PHASES, powers, currents, mains.voltages_v, strict=True):
            values[f"203.Wph{phase}"] = watts
            values[f"203.VAph{phase}"] = abs(watts)
            values[f"203.Aph{phase}"] = amps
            values[f"203.PhVph{phase}"] = volts
        return _as_floats(values) if self._numbers == "float" else values


def _as_floats(values: Values) -> Values:
    """By the names of model 213, which differ from those of 203 in the line voltages."""
    for lines in ("AB", "BC", "CA"):
        values = renamed(values, f"203.PhVph{lines}", f"203.PPVph{lines}")
    return renamed(values, "203", "213")


class Sdm630(_ReadOnly):
    """The Eastron meter at the plant's connection point; W > 0 is import, energies in kWh."""

    def measured(self, state: PlantState, counters: Counters) -> Values:
        mains = mains_at(state.at.timestamp())
        import_kwh = (FIRST_IMPORT_WH + counters.import_wh) / 1000.0
        export_kwh = (FIRST_EXPORT_WH + counters.export_wh) / 1000.0
        currents = [abs(amps) for amps in _currents(state, mains)]
        total_a = sum(currents)
        values: dict[str, float | None] = {
            "Vmean": mains.mean_v,
            "Amean": total_a / 3.0,
            "Asum": total_a,
            "W": state.grid_w,
            "VA": abs(state.grid_w),
            "PF": _power_factor(state.grid_w),
            "Hz": mains.frequency_hz,
            "import_kWh": import_kwh,
            "export_kWh": export_kwh,
            "total_kWh": import_kwh + export_kwh,
            **dict(zip(("V12", "V23", "V31"), mains.line_voltages_v, strict=True)),
        }
        for i, watts in enumerate(on_phases(state.grid_w, LOAD_SHARES)):
            values[f"V{i + 1}"] = mains.voltages_v[i]
            values[f"A{i + 1}"] = currents[i]
            values[f"W{i + 1}"] = watts
            values[f"VA{i + 1}"] = abs(watts)
            values[f"PF{i + 1}"] = _power_factor(watts)
            values[f"import{i + 1}_kWh"] = import_kwh * LOAD_SHARES[i]
            values[f"export{i + 1}_kWh"] = export_kwh * LOAD_SHARES[i]
        return values


def _currents(state: PlantState, mains: Mains) -> list[float]:
    """Phase currents with the sign of their power, A."""
    powers = on_phases(state.grid_w, LOAD_SHARES)
    return [watts / volts for watts, volts in zip(powers, mains.voltages_v, strict=True)]


def _power_factor(watts: float) -> float:
    return 1.0 if watts >= 0.0 else -1.0
