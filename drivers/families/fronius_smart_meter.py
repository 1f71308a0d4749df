"""A Fronius Smart Meter behind an inverter: SunSpec models 201-203 or 211-213, import positive.

Source: Fronius register tables for the Smart Meter: unit 200 of the inverter's address, further meters 201 and on.
While the meter restarts the inverter answers exception 11 in its place, which is no word about its map.
"""

from collections.abc import Mapping
from dataclasses import replace

from drivers.device import Transport
from drivers.families.sunspec_meter import METERS, choose
from drivers.family import Family, LinkFacts, Monotonic
from drivers.sunspec_device import COMMON_MODEL, SUNSPEC_OPTIONS, SunSpecDevice, first_model, options_from


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SunSpecDevice:
    return SunSpecDevice(name, transport, lambda chain: choose(chain, 1, 1), options_from(options), monotonic)


FAMILY = Family(
    name="fronius_smart_meter",
    build=_build,
    brand="Fronius Smart Meter",
    document="Fronius Smart Meter Modbus TCP & RTU register tables; SunSpec Information Models 12041 1.9",
    confidence="A",
    link=LinkFacts(unit_ids=(200, 201, 240)),
    identity=replace(
        COMMON_MODEL,
        signs=(*COMMON_MODEL.signs, first_model(65, METERS)),
        named=COMMON_MODEL.maker,
        begins=("Fronius",),
        sunspec_models=tuple(sorted(METERS)),
    ),
    options=SUNSPEC_OPTIONS,
)
