"""Eastron SDM630, SDM72D-M-2 and SDM120.

Source: Eastron, "SDM630 Modbus protocol" and "SDM120 Modbus protocol" V2.4: function code 4, float32, even start and
even count. The SDM630 answers 80 registers, the older editions and the others 60.
"""

from dataclasses import replace

from simulator.meters.connection_point import single_phase
from simulator.meters.register_map import RegisterMap, Row, by_phase

_KWH = 1000.0

_THREE_PHASE: dict[str, Row] = {
    **by_phase("V", 0x00, "float32", 1.0),
    **by_phase("A", 0x06, "float32", 1.0),
    **by_phase("W", 0x0C, "float32", 1.0),
    **by_phase("VA", 0x12, "float32", 1.0),
    **by_phase("PF", 0x1E, "float32", 1.0),
    "Vmean": (0x2A, "float32", 1.0),
    "Amean": (0x2E, "float32", 1.0),
    "Asum": (0x30, "float32", 1.0),
    "W": (0x34, "float32", 1.0),
    "VA": (0x38, "float32", 1.0),
    "PF": (0x3E, "float32", 1.0),
    "Hz": (0x46, "float32", 1.0),
    "import_Wh": (0x48, "float32", _KWH),
    "export_Wh": (0x4A, "float32", _KWH),
    "V12": (0xC8, "float32", 1.0),
    "V23": (0xCA, "float32", 1.0),
    "V31": (0xCC, "float32", 1.0),
    "total_Wh": (0x156, "float32", _KWH),
    **by_phase("import_Wh", 0x15A, "float32", _KWH),
    **by_phase("export_Wh", 0x160, "float32", _KWH),
}
_DISTORTION: dict[str, Row] = {
    **by_phase("VTHD", 0xEA, "float32", 1.0),
    **by_phase("ATHD", 0xF0, "float32", 1.0),
    "VTHD": (0xF8, "float32", 1.0),
    "ATHD": (0xFA, "float32", 1.0),
}

SDM630 = RegisterMap({**_THREE_PHASE, **_DISTORTION}, function_codes=frozenset((4,)), largest_read=80, even_reads=True)
SDM72D_M_2 = replace(SDM630, rows=_THREE_PHASE, largest_read=60)
SDM120 = replace(
    SDM72D_M_2,
    rows={
        "V1": (0x00, "float32", 1.0),
        "A1": (0x06, "float32", 1.0),
        "W": (0x0C, "float32", 1.0),
        "VA": (0x12, "float32", 1.0),
        "PF": (0x1E, "float32", 1.0),
        "Hz": (0x46, "float32", 1.0),
        "import_Wh": (0x48, "float32", _KWH),
        "export_Wh": (0x4A, "float32", _KWH),
        "total_Wh": (0x156, "float32", _KWH),
    },
    sees=single_phase,
)
