"""The families by name, and how a device of one is built."""

import time
from collections.abc import Mapping

from drivers.device import Readable, Transport
from drivers.families import (
    abb_b2x,
    carlo_gavazzi_em24,
    carlo_gavazzi_em340,
    deye_hybrid,
    fenecon_openems,
    fronius_gen24,
    fronius_smart_meter,
    goodwe_et,
    growatt_sph,
    growatt_tl_xh,
    huawei_luna,
    janitza_umg,
    kostal_plenticore,
    schneider_iem3000,
    sdm72d_m_2,
    sdm120,
    sdm630,
    sma_hybrid,
    solaredge_storedge,
    solax_hybrid,
    sungrow_sh,
    sunspec_hybrid,
    sunspec_meter,
    victron_gx,
)
from drivers.family import Family, Monotonic

FAMILIES: Mapping[str, Family] = {
    "fronius_gen24": fronius_gen24.FAMILY,
    "fronius_smart_meter": fronius_smart_meter.FAMILY,
    "sunspec_hybrid": sunspec_hybrid.FAMILY,
    "sunspec_meter": sunspec_meter.FAMILY,
    "sdm120": sdm120.FAMILY,  # known by its code, and before the SDM630, which it looks like
    "sdm630": sdm630.FAMILY,
    "victron_gx": victron_gx.FAMILY,
    "huawei_luna": huawei_luna.FAMILY,
    "kostal_plenticore": kostal_plenticore.FAMILY,
    "sungrow_sh": sungrow_sh.FAMILY,
    "goodwe_et": goodwe_et.FAMILY,
    "solax_hybrid": solax_hybrid.FAMILY,
    "sdm72d_m_2": sdm72d_m_2.FAMILY,
    "carlo_gavazzi_em24": carlo_gavazzi_em24.FAMILY,
    "carlo_gavazzi_em340": carlo_gavazzi_em340.FAMILY,
    "schneider_iem3000": schneider_iem3000.FAMILY,
    "janitza_umg": janitza_umg.FAMILY,
    "abb_b2x": abb_b2x.FAMILY,
    "solaredge_storedge": solaredge_storedge.FAMILY,
    "sma_hybrid": sma_hybrid.FAMILY,
    "fenecon_openems": fenecon_openems.FAMILY,
    "deye_hybrid": deye_hybrid.FAMILY,
    "growatt_sph": growatt_sph.FAMILY,
    "growatt_tl_xh": growatt_tl_xh.FAMILY,
}


def check_options(family: str, options: Mapping[str, object]) -> dict[str, object]:
    """``options`` complete with their defaults. Raises ValueError with one sentence for a family or option unknown."""
    if family not in FAMILIES:
        raise ValueError(f"there is no family {family!r}: allowed are {', '.join(sorted(FAMILIES))}")
    return FAMILIES[family].complete(options)


def build(
    family: str,
    name: str,
    transport: Transport,
    options: Mapping[str, object],
    monotonic: Monotonic = time.monotonic,
) -> Readable:
    """A device of the family, Steerable as well where the family says so. Raises ValueError like ``check_options``."""
    complete = check_options(family, options)
    return FAMILIES[family].build(name, transport, complete, monotonic)
