"""A SunSpec meter at the connection point (model 203 or 213), positive for import."""

from simulator.chain_unit import Numbers, renamed
from simulator.mains import LOAD_SHARES, Mains, mains_at, on_phases
from simulator.meters.connection_point import FIRST_EXPORT_WH, FIRST_IMPORT_WH, ReadOnly
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import ChainModel, Image, build_chain, fitting_exponent, named
from simulator.units import Values

_TEXTS = {"1.Mn": "Enalysis", "1.Md": "Simulated meter", "1.Vr": "1.0", "1.SN": "SIM-METER-0001"}
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


class SunSpecMeter(ReadOnly):
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


def _currents(state: PlantState, mains: Mains) -> list[float]:
    """Phase currents with the sign of their power, A."""
    powers = on_phases(state.grid_w, LOAD_SHARES)
    return [watts / volts for watts, volts in zip(powers, mains.voltages_v, strict=True)]


def _power_factor(watts: float) -> float:
    return 1.0 if watts >= 0.0 else -1.0
