"""Carlo Gavazzi EM340 and EM24 with RS485.

Source: Carlo Gavazzi, "EM/ET300 series communication protocol" and "EM24-DIN communication protocol": 32-bit numbers
low word first, at most 50 registers, the largest positive number for what is not measured, energies in 0.1 kWh.
Register 0x0B, asked for alone, is the model; 0x5000 the serial number as text.
"""

from dataclasses import replace

from simulator.meters.register_map import RegisterMap, Row, by_phase

_TENTH_KWH = 100.0
_MODEL, _SERIAL = 0x0B, 0x5000

_MEASURED: dict[str, Row] = {
    **by_phase("V", 0x00, "int32", 0.1),
    "V12": (0x06, "int32", 0.1),
    "V23": (0x08, "int32", 0.1),
    "V31": (0x0A, "int32", 0.1),
    **by_phase("A", 0x0C, "int32", 0.001),
    **by_phase("W", 0x12, "int32", 0.1),
    **by_phase("VA", 0x18, "int32", 0.1),
    "Vmean": (0x24, "int32", 0.1),
    "W": (0x28, "int32", 0.1),
    "VA": (0x2A, "int32", 0.1),
}

EM340 = RegisterMap(
    {
        **_MEASURED,
        **by_phase("PF", 0x2E, "int16", 0.001, apart=1),
        "PF": (0x31, "int16", 0.001),
        "Hz": (0x33, "int16", 0.1),
        "import_Wh": (0x34, "int32", _TENTH_KWH),
        **by_phase("import_Wh", 0x40, "int32", _TENTH_KWH),
        "export_Wh": (0x4E, "int32", _TENTH_KWH),
    },
    largest_read=50,
    low_word_first=True,
    missing={"int16": 0x7FFF, "int32": 0x7FFFFFFF},
    texts={_SERIAL: ("SIM340", 7)},
    alone={_MODEL: 341},
)
EM24 = replace(
    EM340,
    rows={
        **_MEASURED,
        **by_phase("PF", 0x32, "int16", 0.001, apart=1),
        "PF": (0x35, "int16", 0.001),
        "Hz": (0x37, "int16", 0.1),
        "import_Wh": (0x3E, "int32", _TENTH_KWH),
        **by_phase("import_Wh", 0x46, "int32", _TENTH_KWH),
        "export_Wh": (0x5C, "int32", _TENTH_KWH),
    },
    alone={_MODEL: 71},
)
