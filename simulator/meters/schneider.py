"""Schneider Electric iEM3155 and iEM3255.

Source: Schneider Electric, "iEM3000 series user guide" (DOCA0005DE-12), whose numbers are those on the wire plus 1:
powers in kW, energies in Wh as 64-bit integers, the power factor coded by quadrant. What the guide does not list is
refused, which is the least that a meter may do.
"""

import math
from collections.abc import Mapping

from simulator.meters.connection_point import three_phase
from simulator.meters.register_map import RegisterMap, Row, by_phase
from simulator.plant_state import Counters, PlantState

_KW = 1000.0

_ROWS: dict[str, Row] = {
    **by_phase("A", 2999, "float32", 1.0),
    "Amean": (3009, "float32", 1.0),
    "V12": (3019, "float32", 1.0),
    "V23": (3021, "float32", 1.0),
    "V31": (3023, "float32", 1.0),
    **by_phase("V", 3027, "float32", 1.0),
    "Vmean": (3035, "float32", 1.0),
    **by_phase("W", 3053, "float32", _KW),
    "W": (3059, "float32", _KW),
    "VA": (3075, "float32", _KW),
    "PF": (3083, "float32", 1.0),
    "Hz": (3109, "float32", 1.0),
    "import_Wh": (3203, "int64", 1.0),
    "export_Wh": (3207, "int64", 1.0),
    **by_phase("import_Wh", 3517, "int64", 1.0, apart=4),
}


def _leading(state: PlantState, counters: Counters) -> Mapping[str, float]:
    """Reactive power is capacitive, so that the power factor's code lies beyond 1."""
    seen = three_phase(state, counters)
    return {**seen, "PF": math.copysign(2.0 - abs(seen["PF"]), seen["PF"])}


IEM3000 = RegisterMap(_ROWS, function_codes=frozenset((3,)), largest_hole=0, sees=_leading)
