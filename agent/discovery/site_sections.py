"""The [[device]] sections of a site file for devices that were found. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.discovery.found import FoundDevice, Place
from agent.settings.same_line import normal_address
from drivers.registry import FAMILIES

_SINGLE = ("grid", "battery")  # one device of a site has them
_PARITY_WORDS = {"N": "none", "E": "even", "O": "odd"}

Link = tuple[str, int]  # host and port, or a serial port and 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a site file has already: ``names``, who has each role, and the devices by link and unit id."""

    names: frozenset[str] = frozenset()
    roles: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[tuple[Link, int], tuple[str, str]] = field(default_factory=dict)  # name and family


@dataclass(frozen=True, slots=True)
class Proposal:
    """A section for ``device``. ``refused`` says why it is not to be added; empty where it is."""

    device: FoundDevice
    name: str
    text: str
    refused: str = ""


def standing(tables: Mapping[str, Any]) -> Standing:
    """From a parsed site file; entries that are no devices are passed over."""
    devices = tables.get("device")
    listed = [one for one in devices if isinstance(one, dict)] if isinstance(devices, list) else []
    roles: dict[str, str] = {}
    places: dict[tuple[Link, int], tuple[str, str]] = {}
    for one in listed:
        name = str(one.get("name", ""))
        given = one.get("roles")
        for role in given if isinstance(given, list) else []:
            roles.setdefault(str(role), name)
        link = (str(one["serial_port"]), 0) if "serial_port" in one else (_host(one.get("host")), one.get("port", 502))
        places[(link, one.get("unit_id", 1))] = (name, str(one.get("family", "")))
    return Standing(frozenset(str(one.get("name", "")) for one in listed), roles, places)


def propose(devices: Iterable[FoundDevice], there: Standing) -> tuple[Proposal, ...]:
    """A section for each device of a known family, in their order.

    One with a role that another device has already is written as a comment: a person must say what it is. So is a solar
    inverter beside a device that shows the sun of others too, or it would be counted twice. Where no meter is found,
    the inverter's own one is taken for that of the connection.
    """
    known = [device for device in devices if device.family is not None]
    names, roles, found = set(there.names), dict(there.roles), []
    has_meter = "grid" in roles or any(_is_meter(device) for device in known)
    overseer = _overseer([*(family for _, family in there.places.values()), *(device.family or "" for device in known)])
    for device in known:
        stands = there.places.get((_link(device.place), device.place.unit_id))
        if stands is not None:
            name, text = stands[0], _section(device, stands[0], _roles(device, has_meter), "")
            found.append(Proposal(device, name, text, _stands_already(device, *stands)))
            continue
        name = _free_name("meter" if _is_meter(device) else "inverter" if device.has_battery else "solar", names)
        wanted = _roles(device, has_meter)
        others = [role for role in wanted if role in _SINGLE and role in roles]
        doubt = f'"{others[0]}" is {roles[others[0]]} already: say what this one is' if others else ""
        if overseer and wanted == ["solar"]:
            doubt = f"the sun of {overseer} has this one in it: add it only where it has not"
        if not doubt:
            roles |= dict.fromkeys(wanted, name)
            has_meter = has_meter or "grid" in wanted
        names.add(name)
        found.append(Proposal(device, name, _section(device, name, wanted, doubt)))
    return tuple(found)


def _overseer(families: Iterable[str]) -> str | None:
    """The brand of the first that shows the sun of other inverters too."""
    found = (FAMILIES[family] for family in families if family in FAMILIES)
    return next((family.brand for family in found if family.sees_all_sun), None)


def _is_meter(device: FoundDevice) -> bool:
    family = FAMILIES.get(device.family or "")
    return family is not None and family.steering is None


def _roles(device: FoundDevice, has_meter: bool) -> Sequence[str]:
    if _is_meter(device):
        return ["grid"]
    own_meter = ["grid"] if device.has_battery and not device.models and not has_meter else []
    sun = [] if _sun_option(device) else ["solar"]
    return [*own_meter, *(["battery"] if device.has_battery else []), *sun]


def _sun_option(device: FoundDevice) -> str | None:
    return FAMILIES[device.family or ""].sun_option


def _section(device: FoundDevice, name: str, roles: Sequence[str], doubt: str) -> str:
    place = device.place
    lines = [
        "[[device]]",
        f"name = {json.dumps(name)}",
        f"family = {json.dumps(device.family)}",
        f"roles = {json.dumps(list(roles))}",
        *_link_lines(place),
        f"unit_id = {place.unit_id}",
    ]
    about = [f"# {_described(device)}"]
    if "grid" in roles and not _is_meter(device):
        about.append("# grid: no meter was found, so this is by its own; take it away if that is not at the connection")
    if option := _sun_option(device):
        about.append(f'# where solar strings are at it: the role "solar" as well, and options = {{ {option} = true }}')
    options = FAMILIES[device.family or ""].options
    if options:
        lines.append(f"#options = {{}}  # may have: {', '.join(options)}")
    if doubt:
        about.append(f"# {doubt}, and take the # away")
        lines = [f"#{line}" for line in lines]
    return "\n".join([*about, *lines]) + "\n"


def _described(device: FoundDevice) -> str:
    said = device.said
    what = " ".join(word for word in (said.maker, said.model) if word) or device.brand or ""
    more = (("serial", said.serial), ("firmware", said.firmware), ("confidence", device.confidence))
    return ", ".join([what, *(f"{word} {text}" for word, text in more if text)])


def _link_lines(place: Place) -> list[str]:
    if place.host is not None:
        return [f"host = {json.dumps(place.host)}", f"port = {place.port}"]
    line = [f"serial_port = {json.dumps(place.serial_port)}", f"baud = {place.baud}"]
    return [*line, f'parity = "{_PARITY_WORDS[place.parity or "N"]}"', f"stop_bits = {place.stop_bits}"]


def _stands_already(device: FoundDevice, name: str, family: str) -> str:
    where = f"{device.place.link} unit {device.place.unit_id}"
    if family == device.family:
        return f"{where} stands there already as {name}"
    return f"{where} stands there already as {name}, of family {family}, and is {device.family} now"


def _link(place: Place) -> Link:
    return (place.serial_port or "", 0) if place.host is None else (_host(place.host), place.port or 0)


def _host(host: object) -> str:
    """An address in its one form; a name as it is written."""
    name = str(host).lower().rstrip(".")
    try:
        return normal_address("127.0.0.1" if name == "localhost" else name)
    except ValueError:
        return name


def _free_name(word: str, names: set[str]) -> str:
    return next(name for number in range(1, 1000) if (name := word if number == 1 else f"{word}_{number}") not in names)
