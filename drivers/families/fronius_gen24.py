"""Fronius GEN24 and Verto Plus hybrids: SunSpec with the maker's use of models 124 and 160, integers or floats.

Source: Fronius "Gen24 Modbus TCP & RTU" register tables (models 103 or 113, 120-124, 160; unit 1, port 502). Negative
rates in model 124 force the other direction. The reversion time of model 124 is 0 (never) from the factory and is kept
over a restart; that of model 123 is 0..28800 s. Watts that are no multiple of 10 gave odd behaviour (users' reports).
"Allow control via Modbus" must be on in the inverter's web page; its own schedules fight what is written here. Floats
move every model behind the inverter's by 10 registers: the chain is walked, no address stands here.
"""

from collections.abc import Mapping

from drivers.device import Transport
from drivers.families.sunspec_hybrid import SunSpecHybrid
from drivers.family import Family, Monotonic
from drivers.sunspec_device import SUNSPEC_OPTIONS, options_from

STEP_W = 10.0


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SunSpecHybrid:
    return SunSpecHybrid(name, transport, options_from(options), monotonic, step_w=STEP_W)


FAMILY = Family(
    name="fronius_gen24",
    build=_build,
    steerable=True,
    document="Fronius Gen24 Modbus TCP & RTU register tables; SunSpec Information Models 12041 1.9",
    options=SUNSPEC_OPTIONS,
)
