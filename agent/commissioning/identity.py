"""Whether the devices are those of the site file: each of its family, none of them twice. Pure."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from agent.commissioning.sighting import DeviceSeen, SiteSeen
from agent.domain.commissioning import Finding
from agent.domain.sentence import Sentence
from agent.domain.sentences import commissioning_look as told
from drivers.reading import Quantity, Reading

ALIKE = 5  # quantities that must agree in every sample before two devices are taken for one
ROLE_QUANTITIES = {
    "grid": (Quantity.GRID_W,),
    "battery": (Quantity.BATTERY_W, Quantity.SOC_PCT),
    "solar": (Quantity.PV_W, Quantity.AC_W, Quantity.GRID_W),
    "load": (Quantity.LOAD_W, Quantity.GRID_W),
}


def identity_findings(seen: SiteSeen) -> list[Finding]:
    """Swapped places, other brands, devices that do not answer, and devices that are one."""
    swapped = list(_swapped(seen))
    named = {finding.device for finding in swapped}
    found = [finding for device in seen.devices if device.name not in named for finding in _of_one(device)]
    return [*swapped, *found, *_doubles(seen)]


def _swapped(seen: SiteSeen) -> Iterator[Finding]:
    """Two devices of which each is where the site file has the other."""
    for one, other in combinations(seen.devices, 2):
        if _misplaced(one, other) and _misplaced(other, one):
            text = told.devices_swapped(device=one.name, other=other.name, place=one.place)
            yield Finding("swapped", text, one.name)
            yield Finding("swapped", text, other.name)
            return


def _misplaced(device: DeviceSeen, other: DeviceSeen) -> bool:
    """Whether ``device`` is not what it should be, and nothing speaks against its being ``other``."""
    if device.fits is False and device.fits_other is not None:
        return other.family == device.fits_other
    if not device.answers or _gives(device, device.roles - {"solar"}):
        return False
    return not device.samples or _gives(device, other.roles - {"solar"})


def _gives(device: DeviceSeen, roles: frozenset[str]) -> bool:
    quantities = [quantity for role in roles for quantity in ROLE_QUANTITIES[role]]
    return any(device.value(quantity) is not None for quantity in quantities)


def _of_one(device: DeviceSeen) -> Iterator[Finding]:
    if device.is_another:
        yield Finding("other_brand", _another(device), device.name)
        return
    if device.trouble is not None and (device.steers or not device.samples):
        text = told.device_unread(device=device.name, place=device.place, cause=device.trouble)
        yield Finding("no_answer", text, device.name)
        return
    if device.fits is False:
        text = told.unrecognised(device=device.name, brand=device.brand)
        yield Finding("unrecognised", text, device.name, stops=False)
    for role in sorted(device.roles):
        wanted = _that_tell(role, device.roles)
        missing = [quantity for quantity in wanted if device.value(quantity) is None]
        needs_all = role == "battery" and device.steers
        if missing and (needs_all or len(missing) == len(wanted)):
            yield _missing(device, role, missing[0])
    yield from (Finding("remark", remark, device.name, stops=False) for remark in device.remarks)


def _that_tell(role: str, roles: frozenset[str]) -> tuple[Quantity, ...]:
    """What a battery inverter delivers is not its sun alone, and what flows at the connection is none."""
    if role != "solar":
        return ROLE_QUANTITIES[role]
    return ROLE_QUANTITIES[role][: 1 if "battery" in roles else 2 if "grid" in roles else 3]


def _missing(device: DeviceSeen, role: str, quantity: Quantity) -> Finding:
    """A sun that is not there at night says nothing of the battery."""
    text = told.role_without_value(device=device.name, role=role, quantity=quantity.value)
    return Finding("value_missing", text, device.name, stops=role in ("grid", "battery"))


def _another(device: DeviceSeen) -> Sentence:
    name, brand, family, place, other = device.name, device.brand, device.family, device.place, device.fits_other or ""
    maker = " ".join(part for part in (device.said.maker, device.said.model) if part)
    if not maker:
        return told.other_brand(device=name, brand=brand, family=family, place=place, other_family=other)
    return told.other_brand_named(device=name, brand=brand, family=family, place=place, maker=maker, other_family=other)


def _doubles(seen: SiteSeen) -> Iterator[Finding]:
    for one, other in combinations(seen.devices, 2):
        if one.family != other.family:
            continue
        serial = one.said.serial if one.said.serial == other.said.serial else None
        if serial is None and not _always_alike(one, other):
            continue
        why = told.same_serial(serial=serial) if serial else told.same_values()
        text = told.one_device_twice(device=one.name, other=other.name, why=why, advice=_advice(one, other))
        yield Finding("double", text, other.name)


def _advice(one: DeviceSeen, other: DeviceSeen) -> Sentence:
    if one.steers and other.steers:
        return told.one_inverter_twice()
    if one.endpoint == other.endpoint:
        return told.one_unit_for_another(place=one.endpoint, unit=one.unit_id, other_unit=other.unit_id)
    return told.same_meter(place=one.place, other=other.place)


def _always_alike(one: DeviceSeen, other: DeviceSeen) -> bool:
    """Values of two meters agree now and then, but not several of them in each of the samples."""
    pairs = list(zip(one.samples, other.samples, strict=False))
    if len(pairs) < 3:
        return False
    return all(_alike(_values(first), _values(second)) for first, second in pairs)


def _alike(first: dict[Quantity, float], second: dict[Quantity, float]) -> bool:
    telling = [quantity for quantity, value in first.items() if quantity.is_level and value != 0.0]
    return len(telling) >= ALIKE and first == second


def _values(sample: Mapping[Quantity, Reading]) -> dict[Quantity, float]:
    return {quantity: reading.value for quantity, reading in sample.items() if reading.value is not None}
