"""Janitza UMG 96RM, and a UMG 604 with its native list alone.

Source: Janitza, "Modbus address list UMG 96RM" and "UMG 604": float32, high word first, energies in Wh.
"""

from simulator.meters.register_map import RegisterMap, Row, by_phase

_COMMON: dict[str, Row] = {
    **by_phase("V", 19000, "float32", 1.0),
    "V12": (19006, "float32", 1.0),
    "V23": (19008, "float32", 1.0),
    "V31": (19010, "float32", 1.0),
    **by_phase("A", 19012, "float32", 1.0),
    **by_phase("W", 19020, "float32", 1.0),
    "W": (19026, "float32", 1.0),
    "VA": (19034, "float32", 1.0),
    **by_phase("PF", 19044, "float32", 1.0),
    "Hz": (19050, "float32", 1.0),
    **by_phase("import_Wh", 19062, "float32", 1.0),
    "import_Wh": (19068, "float32", 1.0),
    **by_phase("export_Wh", 19070, "float32", 1.0),
    "export_Wh": (19076, "float32", 1.0),
    **by_phase("VTHD", 19110, "float32", 1.0),
    **by_phase("ATHD", 19116, "float32", 1.0),
}
_NATIVE: dict[str, Row] = {
    **by_phase("V", 1317, "float32", 1.0),
    **by_phase("A", 1325, "float32", 1.0),
    **by_phase("W", 1333, "float32", 1.0),
    "W": (1369, "float32", 1.0),
    "Hz": (1439, "float32", 1.0),
    **by_phase("import_Wh", 9843, "float32", 1.0),
    "import_Wh": (9851, "float32", 1.0),
    **by_phase("export_Wh", 9855, "float32", 1.0),
    "export_Wh": (9863, "float32", 1.0),
}

UMG_96RM = RegisterMap(_COMMON)
UMG_604 = RegisterMap(_NATIVE)
