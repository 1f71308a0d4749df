"""The inverters that can be simulated, by name: one file each in ``simulator.families`` and its line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from simulator import der_7xx, der_gen24
from simulator.chain_unit import ChainOptions, ChainUnit
from simulator.families import (
    deye,
    goodwe,
    growatt_sph,
    growatt_tl_xh,
    huawei,
    kostal,
    openems,
    sma,
    solaredge,
    solax,
    sungrow,
    victron,
)
from simulator.listening import LinkTraits
from simulator.plant import Plant
from simulator.units import Face, Unit

UNIT_ID = 1

Units = Callable[[Plant, bool], dict[int, Unit]]  # plant, strict writes -> the units of one device by unit id


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """The units of a device on one plant, and how it behaves on its link."""

    units: Units
    link: LinkTraits = field(default_factory=LinkTraits)


def device_of(profile: str | ChainOptions) -> SimulatedDevice:
    """Raises ValueError with one sentence for a name that is unknown."""
    if isinstance(profile, ChainOptions):
        return _sunspec(profile)
    if profile not in PROFILES:
        raise ValueError(f"{profile!r} is not a profile; there are {', '.join(PROFILES)}")
    return PROFILES[profile]


def _sunspec(chain: ChainOptions) -> SimulatedDevice:
    return SimulatedDevice(lambda plant, strict_writes: {UNIT_ID: _inverter(plant, chain, strict_writes)})


def _inverter(plant: Plant, chain: ChainOptions, strict_writes: bool) -> Unit:
    if chain.profile == "gen24":
        image = chain.declared(der_gen24.build_image(plant, chain))
        face: Face = der_gen24.DerGen24(plant, image, chain)
    else:
        image = chain.declared(der_7xx.build_image(plant, chain))
        face = der_7xx.Der7xx(plant, image, chain)
    return ChainUnit(plant, image, face, strict_writes=strict_writes, decoy=chain.decoy())


def _own_map(units: Callable[[Plant], dict[int, Unit]], link: LinkTraits) -> SimulatedDevice:
    """A device on its maker's map, which refuses wrong writes whatever is asked of SunSpec ones."""
    return SimulatedDevice(lambda plant, strict_writes: units(plant), link)


PROFILES: Mapping[str, SimulatedDevice] = {
    "sunspec7xx": _sunspec(ChainOptions("sunspec7xx")),
    "gen24": _sunspec(ChainOptions("gen24")),
    "deye_1p": _own_map(deye.units_single_phase, LinkTraits()),
    "deye_3p": _own_map(deye.units_three_phase_lv, LinkTraits()),
    "deye_3p_hv": _own_map(deye.units_three_phase_hv, LinkTraits()),
    "growatt_sph": _own_map(growatt_sph.units, LinkTraits()),
    "growatt_spa": _own_map(growatt_sph.units_spa, LinkTraits()),
    "growatt_mod": _own_map(growatt_tl_xh.units_mod, LinkTraits()),
    "growatt_min": _own_map(growatt_tl_xh.units_min, LinkTraits()),
    "growatt_tl_xh2": _own_map(growatt_tl_xh.units_tl_xh2, LinkTraits()),
    "huawei": _own_map(huawei.units, huawei.LINK),
    "kostal": _own_map(kostal.units, kostal.LINK),
    "kostal_big_endian": _own_map(kostal.units_big_endian, kostal.LINK),
    "goodwe": _own_map(goodwe.units, goodwe.LINK),
    "goodwe_new_platform": _own_map(goodwe.units_of_new_platform, goodwe.LINK),
    "solax": _own_map(solax.units, solax.LINK),
    "solax_g5": _own_map(solax.units_of_generation_5, solax.LINK),
    "sungrow": _own_map(sungrow.units, sungrow.LINK),
    "sungrow_old": _own_map(sungrow.units_of_old_firmware, sungrow.LINK),
    "openems": _own_map(openems.units, openems.LINK),
    "openems_other_order": _own_map(openems.units_other_order, openems.LINK),
    "sma_storage": _own_map(sma.units_storage, sma.LINK),
    "sma_tripower": _own_map(sma.units_tripower, sma.LINK),
    "solaredge": _own_map(solaredge.units, solaredge.LINK),
    "solaredge_second_block": _own_map(solaredge.units_second_block, solaredge.LINK),
    "victron": _own_map(victron.units, victron.LINK),
    "victron_old": _own_map(victron.units_before_350, victron.LINK),
}
