"""The families by name, and how a device of one is built. A family is loaded when it is asked for."""

import time
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from drivers.device import Readable, Transport
from drivers.family import Family, Monotonic

# Each is the name of its datasheet in ``drivers/families``. An SDM120 stands before the SDM630, which it looks like and
# from which its code tells it.
NAMES = (
    "fronius_gen24",
    "fronius_smart_meter",
    "sunspec_hybrid",
    "sunspec_meter",
    "sdm120",
    "sdm630",
    "victron_gx",
    "huawei_luna",
    "kostal_plenticore",
    "sungrow_sh",
    "goodwe_et",
    "solax_hybrid",
    "sdm72d_m_2",
    "carlo_gavazzi_em24",
    "carlo_gavazzi_em340",
    "schneider_iem3000",
    "janitza_umg",
    "abb_b2x",
    "solaredge_storedge",
    "sma_hybrid",
    "fenecon_openems",
    "deye_hybrid",
    "growatt_sph",
    "growatt_tl_xh",
    "modbus_relay",
)


class _Families(Mapping[str, Family]):
    """A site has two or three families; the other datasheets need not be in its memory."""

    def __getitem__(self, name: str) -> Family:
        if name not in NAMES:
            raise KeyError(name)
        return _family(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __contains__(self, name: object) -> bool:
        return name in NAMES


@cache
def _family(name: str) -> Family:
    family: Family = import_module(f"drivers.families.{name}").FAMILY
    return family


FAMILIES: Mapping[str, Family] = _Families()


def check_options(family: str, options: Mapping[str, object]) -> dict[str, object]:
    """``options`` complete with their defaults. Raises ValueError with one sentence for a family or option unknown."""
    if family not in FAMILIES:
        from difflib import get_close_matches  # only a wrong name needs it

        near = get_close_matches(family, FAMILIES, n=1)
        known = f"; did you mean {near[0]!r}?" if near else f": allowed are {', '.join(sorted(FAMILIES))}"
        raise ValueError(f"there is no family {family!r}{known}")
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
