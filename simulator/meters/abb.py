"""ABB B23, B23 Steel (which counts no export) and the single-phase B21.

Source: ABB, "B23/B24 user manual" (2CMC485003M0201): energies u64 in 0.01 kWh, powers i32 in 0.01 W; all ones, or the
largest positive number where signed, for what is not available.
"""

from collections.abc import Mapping
from dataclasses import replace

from simulator.meters.connection_point import single_phase, three_phase
from simulator.meters.register_map import RegisterMap, Row, by_phase
from simulator.plant_state import Counters, PlantState

_HUNDREDTH_KWH = 10.0
_TYPE = 0x8960

_ROWS: dict[str, Row] = {
    "import_Wh": (0x5000, "uint64", _HUNDREDTH_KWH),
    "export_Wh": (0x5004, "uint64", _HUNDREDTH_KWH),
    **by_phase("import_Wh", 0x5460, "uint64", _HUNDREDTH_KWH, apart=4),
    **by_phase("export_Wh", 0x546C, "uint64", _HUNDREDTH_KWH, apart=4),
    **by_phase("V", 0x5B00, "uint32", 0.1),
    "V12": (0x5B06, "uint32", 0.1),
    "V23": (0x5B08, "uint32", 0.1),
    "V31": (0x5B0A, "uint32", 0.1),
    **by_phase("A", 0x5B0C, "uint32", 0.01),
    "W": (0x5B14, "int32", 0.01),
    **by_phase("W", 0x5B16, "int32", 0.01),
    "VA": (0x5B24, "int32", 0.01),
    "Hz": (0x5B2C, "uint16", 0.01),
    "PF": (0x5B3A, "int16", 0.001),
    **by_phase("PF", 0x5B3B, "int16", 0.001, apart=1),
}


def _without_export(state: PlantState, counters: Counters) -> Mapping[str, float]:
    seen = three_phase(state, counters)
    return {name: value for name, value in seen.items() if not name.startswith("export")}


def _alone(state: PlantState, counters: Counters) -> Mapping[str, float]:
    """The B21 shows its power and energies as totals only."""
    seen = single_phase(state, counters)
    phases = ("W1", "PF1", *(f"{way}{i}_Wh" for way in ("import", "export") for i in (1, 2, 3)), "V12", "V23", "V31")
    return {name: value for name, value in seen.items() if name not in phases}


def _texts(kind: str) -> dict[int, tuple[str, int]]:
    return {_TYPE: (f"{kind} 112-100", 6)}


B23 = RegisterMap(
    _ROWS,
    function_codes=frozenset((3,)),
    missing={"int16": 0x7FFF, "int32": 0x7FFFFFFF},
    texts=_texts("B23"),
)
B23_STEEL = replace(B23, sees=_without_export)
B21 = replace(B23, sees=_alone, texts=_texts("B21"))
