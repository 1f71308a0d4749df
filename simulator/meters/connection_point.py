"""What every meter at the connection point measures, by names that its registers go by. Pure.

Import is positive. A meter in service has counted before, so its energies do not start at 0.
"""

from collections.abc import Collection, Mapping

from simulator.mains import LOAD_SHARES, Mains, mains_at, on_phases
from simulator.noise import smooth
from simulator.plant_state import Counters, PlantState
from simulator.units import Setting, Values

FIRST_IMPORT_WH = 4_210_000.0
FIRST_EXPORT_WH = 1_930_000.0


class ReadOnly:
    """A unit that takes no writes."""

    settings: Mapping[str, Setting] = {}

    def controls(self) -> Values:
        return {}

    def changed(self, names: Collection[str]) -> None:
        raise AssertionError(f"a meter has no settings, yet {', '.join(names)} was written")

    def forget(self) -> None:
        """Nothing: a meter holds no orders."""


def three_phase(state: PlantState, counters: Counters) -> dict[str, float]:
    """V1-V3 and V12-V31, A1-A3, W1-W3, VA1-VA3, power factors PF1-PF3, energies import1_Wh-export3_Wh, Wh, distortions
    VTHD1-ATHD3, per cent; sums and means without a number.

    Currents have no sign; a power factor has that of its power.
    """
    mains = mains_at(state.at.timestamp())
    import_wh, export_wh = FIRST_IMPORT_WH + counters.import_wh, FIRST_EXPORT_WH + counters.export_wh
    values = {
        "W": state.grid_w,
        "Hz": mains.frequency_hz,
        "Vmean": mains.mean_v,
        "import_Wh": import_wh,
        "export_Wh": export_wh,
        "total_Wh": import_wh + export_wh,
        **dict(zip(("V12", "V23", "V31"), mains.line_voltages_v, strict=True)),
        **_by_phase(state, mains),
    }
    for i, share in enumerate(LOAD_SHARES, start=1):
        values[f"import{i}_Wh"] = import_wh * share
        values[f"export{i}_Wh"] = export_wh * share
    values["VA"] = sum(values[f"VA{i}"] for i in (1, 2, 3))
    values["PF"] = _power_factor(state, state.grid_w)
    values["Asum"] = sum(values[f"A{i}"] for i in (1, 2, 3))
    values["Amean"] = values["Asum"] / 3.0
    for name in ("VTHD", "ATHD"):
        values[name] = sum(values[f"{name}{i}"] for i in (1, 2, 3)) / 3.0
    return values


def single_phase(state: PlantState, counters: Counters) -> dict[str, float]:
    """The same with everything on phase 1."""
    values = three_phase(state, counters)
    numbered = {f"{name}{i}" for name in ("V", "A", "W", "VA", "PF", "VTHD", "ATHD") for i in (2, 3)}
    kept = {name: value for name, value in values.items() if name not in numbered}
    return {**kept, "W1": kept["W"], "VA1": kept["VA"], "PF1": kept["PF"], "A1": kept["VA"] / kept["V1"]}


def _by_phase(state: PlantState, mains: Mains) -> dict[str, float]:
    epoch_s = state.at.timestamp()
    found = {}
    for i, watts in enumerate(on_phases(state.grid_w, LOAD_SHARES), start=1):
        factor = _power_factor(state, watts)
        found[f"W{i}"], found[f"PF{i}"], found[f"VA{i}"] = watts, factor, watts / factor
        found[f"V{i}"] = mains.voltages_v[i - 1]
        found[f"A{i}"] = found[f"VA{i}"] / found[f"V{i}"]
        found[f"VTHD{i}"] = 1.2 + 1.2 * smooth(920 + i, epoch_s / 300.0)
        found[f"ATHD{i}"] = 6.0 + 8.0 * smooth(930 + i, epoch_s / 60.0)
    return found


def _power_factor(state: PlantState, watts: float) -> float:
    """0.93 to 0.99, the same on all phases, negative for export."""
    size = 0.93 + 0.06 * smooth(940, state.at.timestamp() / 120.0)
    return size if watts >= 0.0 else -size
