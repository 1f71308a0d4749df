"""Eastron SDM72D-M-2 (SDM72D-M version 2): a three-phase meter for direct connection, positive for import.

Source: Eastron "SDM72D-M-2 Modbus protocol": the input registers of the SDM630 without distortion. The first SDM72D-M
has only the total power, the energies and few others: what it refuses is left out.

Link: RTU, unit 1, 9600 8N1, 60 ms of silence between telegrams. Identity: it looks like an SDM630; the code that it
shows in holding 0xFC02 is in no source.
"""

from drivers.families.sdm630 import LIMITS, LINK, THREE_PHASE
from drivers.meter_family import meter_family

FAMILY = meter_family(
    "sdm72d_m_2",
    "Eastron SDM72D-M-2",
    "Eastron SDM72D-M-2 Modbus protocol, no edition",
    THREE_PHASE,
    LIMITS,
    confidence="B",
    link=LINK,
)
