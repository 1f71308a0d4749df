"""Fronius GEN24 and Verto Plus hybrids: SunSpec with the maker's use of models 124 and 160, integers or floats.

Source: Fronius "Gen24 Modbus TCP & RTU" register tables (models 103 or 113, 120-124, 160; unit 1, port 502). Negative
rates in model 124 force the other direction. The reversion time of model 124 is 0 (never) from the factory and is kept
over a restart; that of model 123 is 0..28800 s. Watts that are no multiple of 10 gave odd behaviour (users' reports).
"Allow control via Modbus" must be on in the inverter's web page; its own schedules fight what is written here. Floats
move every model behind the inverter's by 10 registers: the chain is walked, no address stands here.
"""

from collections.abc import Mapping
from dataclasses import replace

from drivers.device import Transport
from drivers.families.sunspec_hybrid import SunSpecHybrid
from drivers.families.sunspec_hybrid_rows import INVERTERS, STEERING
from drivers.family import Family, LinkFacts, Monotonic
from drivers.identity import Identity
from drivers.sunspec_device import COMMON_MODEL, SUNSPEC_OPTIONS, UNFIT_STATES, first_model, options_from

_STEERING = replace(
    STEERING, resolution_w=10.0, reverts_to="its own self-consumption, by the reversion timer of model 124"
)
IDENTITY: Identity = replace(
    COMMON_MODEL,
    signs=(*COMMON_MODEL.signs, first_model(65, INVERTERS)),
    named=COMMON_MODEL.maker,
    begins=("Fronius",),
    sunspec_models=INVERTERS,
)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SunSpecHybrid:
    step_w = _STEERING.resolution_w
    return SunSpecHybrid(name, transport, options_from(options), monotonic, step_w=step_w, facts=_STEERING)


FAMILY = Family(
    name="fronius_gen24",
    build=_build,
    brand="Fronius GEN24, Verto Plus",
    document="Fronius Gen24 Modbus TCP & RTU register tables; SunSpec Information Models 12041 1.9",
    confidence="A",
    link=LinkFacts(),
    steering=_STEERING,
    identity=IDENTITY,
    unfit_states=UNFIT_STATES,
    options=SUNSPEC_OPTIONS,
)
