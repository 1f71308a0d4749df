"""Carlo Gavazzi EM24-DIN with RS485: a three-phase meter, positive for import.

Source: Carlo Gavazzi "EM24-DIN communication protocol". Currents, voltages and powers lie as on the EM340; power
factor, frequency and energies do not. kWh (+) TOT is 0x3E (so reads OpenEMS); 0x42, which volkszaehler/mbmd reads, is
the partial counter, which a person can reset. The EM24 with Ethernet belongs to the family carlo_gavazzi_em340.

Link: RTU, unit 1, 9600 8N1. An answer takes 40 ms and may take 500. Identity: 0x000B is the model: 71-73.
"""

from drivers.families.carlo_gavazzi_em340 import LIMITS, MEASURED, modelled, narrow, wide
from drivers.family import LinkFacts
from drivers.formula import Coded, Formula
from drivers.meter_family import meter_family
from drivers.reading import Quantity

ROWS: dict[Quantity, Formula] = {
    **MEASURED,
    Quantity.POWER_FACTOR: Coded(narrow("PF sys", 0x35, "", 0.001), abs),
    Quantity.FREQUENCY_HZ: narrow("Hz", 0x37, "Hz", 0.1),
    Quantity.IMPORT_WH: wide("kWh (+) TOT", 0x3E, "kWh", 100.0),
    Quantity.EXPORT_WH: wide("kWh (-) TOT", 0x5C, "kWh", 100.0),
}

FAMILY = meter_family(
    "carlo_gavazzi_em24",
    "Carlo Gavazzi EM24 with RS485",
    "Carlo Gavazzi EM24-DIN communication protocol, no edition",
    ROWS,
    LIMITS,
    confidence="B",
    link=LinkFacts(answer_s=0.5, fastest_poll_s=0.5),
    identity=modelled(71, 72, 73),
)
