"""The meters by name."""

from simulator.chain_unit import ChainUnit, Numbers
from simulator.meters import abb, carlo_gavazzi, eastron, janitza, schneider
from simulator.meters.sunspec import SunSpecMeter, build_sunspec_image
from simulator.plant import Plant
from simulator.units import Unit

SUNSPEC = "sunspec"

_MAPS = {
    "sdm630": eastron.SDM630,
    "sdm72d_m_2": eastron.SDM72D_M_2,
    "sdm120": eastron.SDM120,
    "carlo_gavazzi_em24": carlo_gavazzi.EM24,
    "carlo_gavazzi_em340": carlo_gavazzi.EM340,
    "schneider_iem3000": schneider.IEM3000,
    "janitza_umg_96rm": janitza.UMG_96RM,
    "janitza_umg_604": janitza.UMG_604,
    "abb_b21": abb.B21,
    "abb_b23": abb.B23,
    "abb_b23_steel": abb.B23_STEEL,
}
METERS = (SUNSPEC, *_MAPS)


def build_meter(plant: Plant, name: str, numbers: Numbers = "int", *, strict_writes: bool = False) -> Unit:
    """The meter ``name`` at the plant's connection point. ``numbers`` are those of a SunSpec meter, which alone answers
    a write that it ignores.

    Raises ValueError for a name that is not there.
    """
    if name == SUNSPEC:
        return ChainUnit(plant, build_sunspec_image(plant, numbers), SunSpecMeter(numbers), strict_writes=strict_writes)
    if name not in _MAPS:
        raise ValueError(f"{name!r} is not a meter; there are {', '.join(METERS)}")
    return _MAPS[name].unit(plant)
