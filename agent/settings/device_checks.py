"""What concerns the devices of a site file: their links, their families, and who does what."""

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address

from agent.settings.device_section import POLLS_WHILE_FRESH, Device
from agent.settings.problems import Finding, Key
from agent.settings.same_line import line_of, names_of_this_machine
from agent.settings.schema import Settings
from agent.settings.words import nearest, number
from drivers.family import Option
from drivers.registry import FAMILIES

TCP_KEYS = ("port", "framing", "transaction_ids", "single_client", "give_back_s", "settle_s")
SERIAL_KEYS = ("baud", "parity", "stop_bits")
_AGREED = {  # by the devices of one line
    "host": ("framing", "echo", "transaction_ids"),
    "serial_port": (*SERIAL_KEYS, "echo"),
}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_\-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_\-]*[A-Za-z0-9])?)*\.?")


def device_findings(settings: Settings) -> Iterator[Finding]:
    """Everything that is wrong with the devices, one by one and together."""
    for index, device in enumerate(settings.devices):
        place: Key = ("device", index)
        yield from _link(place, device)
        yield from _family(place, device)
        yield from _pace(place, device, settings.control.stale_s)
        if len(set(device.roles)) < len(device.roles):
            yield Finding((*place, "roles"), "names a role twice", "name it once")
    yield from _names(settings)
    yield from _shared_lines(settings)
    yield from _roles(settings)
    yield from _battery_device(settings)
    yield from _switches(settings)


def _pace(place: Key, device: Device, stale_s: float) -> Iterator[Finding]:
    """One question in three may fail before its readings are no longer used."""
    if device.poll_s is not None and device.poll_s * POLLS_WHILE_FRESH > stale_s:
        reason = f"is {number(device.poll_s)} s, but what was read is used for {number(stale_s)} s (stale_s)"
        most_s, least_s = stale_s / POLLS_WHILE_FRESH, device.poll_s * POLLS_WHILE_FRESH
        remedy = f"write {number(most_s)} or less, or stale_s = {number(least_s)} under [control]"
        yield Finding((*place, "poll_s"), reason, remedy)


def _link(place: Key, device: Device) -> Iterator[Finding]:
    given = device.model_fields_set
    if device.host is None and device.serial_port is None:
        remedy = 'add host = "192.168.1.20" for Modbus TCP, or serial_port = "/dev/ttyUSB0" for a serial line'
        yield Finding(place, "has neither host nor serial_port", remedy)
        return
    if device.host is not None and device.serial_port is not None:
        yield Finding((*place, "serial_port"), "stands beside host", "a device has one link: leave one of them out")
        return
    link, foreign = ("serial_port", TCP_KEYS) if device.host is None else ("host", SERIAL_KEYS)
    for key in foreign:
        if key in given:
            yield Finding((*place, key), f"does not go with {link}", "leave it out")
    if device.host is not None and not _is_host(device.host):
        remedy = 'write the name or address alone, such as "192.168.1.20"; the port is a key of its own'
        yield Finding((*place, "host"), f'is "{device.host}", which is not an address', remedy)
    yield from _line_options(place, device)
    if device.endpoint.is_rtu and not 1 <= device.unit_id <= 247:
        reason = f"is {device.unit_id}, but units on a serial line have 1 to 247"
        yield Finding((*place, "unit_id"), reason, "the device's manual or display tells its number")


def _line_options(place: Key, device: Device) -> Iterator[Finding]:
    """What a line needs that does not keep to the standard."""
    is_rtu = device.endpoint.is_rtu
    if device.echo and not is_rtu:
        yield Finding((*place, "echo"), 'is true without framing = "rtu"', "only a serial line hears what it sends")
    if device.transaction_ids == "ignored" and is_rtu and device.host is not None:
        reason = 'does not go with framing = "rtu"'
        yield Finding((*place, "transaction_ids"), reason, "such frames carry no transaction id: leave it out")
    if device.give_back_s is not None and device.single_client is False:
        reason = "does not go with single_client = false"
        yield Finding((*place, "give_back_s"), reason, "there is no only place to give back: leave one of them out")


def _is_host(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return len(text) <= 253 and _HOST.fullmatch(text) is not None and not re.fullmatch(r"[0-9.]+", text)
    return True


def _family(place: Key, device: Device) -> Iterator[Finding]:
    family = FAMILIES.get(device.family)
    if family is None:
        near = nearest(device.family, FAMILIES)
        hint = f'did you mean "{near}"?' if near else f"known are {', '.join(FAMILIES)}"
        yield Finding((*place, "family"), f'is "{device.family}", which is not a family', hint)
        return
    for name, value in device.options.items():
        key = (*place, "options", name)
        option = family.options.get(name)
        if option is None:
            near = nearest(name, family.options)
            hint = f"did you mean {near}?" if near else f"options of {device.family}: {', '.join(family.options)}"
            yield Finding(key, f"is not an option of {device.family}", hint)
        elif refusal := _refusal(option, value):
            yield Finding(key, refusal, f"it is: {option.meaning}")


def _refusal(option: Option, value: object) -> str | None:
    try:
        option.check("", value)
    except ValueError as error:
        return str(error).strip()
    return None


def _names(settings: Settings) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, device in enumerate(settings.devices):
        if first.setdefault(device.name, index) != index:
            reason = f'is "{device.name}", like that of device {first[device.name] + 1}'
            yield Finding(("device", index, "name"), reason, "give each device a name of its own")


def _shared_lines(settings: Settings) -> Iterator[Finding]:
    """Devices on one line must agree on how it is spoken, and no two may be the same one."""
    lines: dict[str, Device] = {}
    units: dict[tuple[str, int, str, str], Device] = {}
    steered: dict[tuple[str, int], Device] = {}
    names = names_of_this_machine()
    for index, device in enumerate(settings.devices):
        if (device.host is None) == (device.serial_port is None):
            continue
        line = line_of(device, names)
        other = lines.setdefault(line, device)
        for key in _AGREED["host" if device.serial_port is None else "serial_port"]:
            if getattr(device, key) != getattr(other, key):
                mine, others = _written(getattr(device, key)), _written(getattr(other, key))
                reason = f"is {mine}, but {other.name} on the same line ({_called(device, other)}) has {others}"
                yield Finding(("device", index, key), reason, "devices that share a line use the same")
        twin = units.setdefault((line, device.unit_id, device.family, repr(sorted(device.options.items()))), device)
        if device.name in settings.battery.steered_by and twin is device:
            twin = steered.setdefault((line, device.unit_id), device)
        if twin is not device:
            reason = f"is {device.unit_id}, like that of {twin.name} on the same line ({_called(device, twin)})"
            yield Finding(("device", index, "unit_id"), reason, "give each device on a line a unit id of its own")


def _called(device: Device, other: Device) -> str:
    mine, others = str(device.endpoint), str(other.endpoint)
    return mine if mine == others else f"{mine} is {others}"


def _written(value: object) -> str:
    """As the site file has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _roles(settings: Settings) -> Iterator[Finding]:
    counts: Counter[str] = Counter(role for device in settings.devices for role in set(device.roles))
    if counts["grid"] == 0:
        remedy = 'give the meter at the grid connection roles = ["grid"]'
        yield Finding(("device",), 'has no device with the role "grid"', remedy)
    steered = {"grid": (), "battery": settings.battery.steered_by}
    for role, why in (("grid", "their powers would be added"), ("battery", "one battery is steered")):
        having = [index for index, device in enumerate(settings.devices) if role in device.roles]
        loose = [index for index in having if settings.devices[index].name not in steered[role]]
        if counts[role] > 1 and loose:
            last = max(having) if role == "grid" else max(loose)
            reason = f'names "{role}", which another device has already: {why}'
            yield Finding(("device", last, "roles"), reason, f'leave "{role}" with one device')
    if counts["solar"] and settings.solar is None:
        yield Finding((), "[solar] is missing, although a device measures solar", "add [solar] with rated_w")
    if settings.solar is not None and not counts["solar"]:
        remedy = 'add "solar" to the roles of the device that measures it'
        yield Finding(("solar",), "is here, but no device has the role", remedy)


def _switches(settings: Settings) -> Iterator[Finding]:
    """A relay switches and does nothing else."""
    for index, device in enumerate(settings.devices):
        key: Key = ("device", index, "roles")
        family = FAMILIES.get(device.family)
        if family is None or ("switch" not in device.roles and not family.switches):
            continue
        if set(device.roles) != {"switch"} or not family.switches:
            reason = f"is {', '.join(device.roles)} of the family {device.family}"
            yield Finding(key, reason, 'a relay has the family "modbus_relay" and the role "switch" alone')


def _battery_device(settings: Settings) -> Iterator[Finding]:
    battery = settings.battery
    yield from _one_battery_device(settings, ("battery", "device"), battery.device)
    for place, unit in enumerate(battery.further):
        key: Key = ("battery", "further", place, "device")
        if unit.device in battery.steered_by[: place + 1]:
            yield Finding(key, f'is "{unit.device}", which steers another battery already', "name each device once")
        else:
            yield from _one_battery_device(settings, key, unit.device)


def _one_battery_device(settings: Settings, key: Key, name: str) -> Iterator[Finding]:
    index = next((index for index, device in enumerate(settings.devices) if device.name == name), None)
    if index is None:
        names = [device.name for device in settings.devices]
        near = nearest(name, names)
        hint = f'did you mean "{near}"?' if near else f"devices are {', '.join(names)}"
        yield Finding(key, f'is "{name}", which is no device', hint)
        return
    device = settings.devices[index]
    family = FAMILIES.get(device.family)
    if family is not None and not family.steerable:
        able = ", ".join(word for word, one in FAMILIES.items() if one.steerable)
        reason = f'is "{name}", but its family {device.family} cannot be steered'
        yield Finding(key, reason, f"families that can be steered: {able}")
        return
    refresh_s = None if family is None or family.steering is None else family.steering.refresh_s
    if refresh_s is not None and settings.control.step_s > refresh_s:
        reason = f"is {settings.control.step_s:g} s, but {name} must be written again every {refresh_s:g} s"
        yield Finding(("control", "step_s"), reason, f"write {refresh_s:g} or less")
    if "battery" not in device.roles:
        reason = f'does not name "battery", although [battery] is steered by {name}'
        yield Finding(("device", index, "roles"), reason, 'add "battery"')
