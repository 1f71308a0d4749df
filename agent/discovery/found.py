"""What a scan found, as it is shown, kept in a file and written into a site file. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address

from agent.domain.printable import printable
from drivers.device import Action
from drivers.endpoint import Endpoint, Parity, SerialEndpoint, TcpEndpoint
from drivers.family import Family
from drivers.identity import Found
from drivers.recognise import Recognised

_STEERED_BY = frozenset({124, 704})  # SunSpec models by which a battery is steered
_BATTERY = frozenset({124, 713, 802})
_LONG_SERIAL = 6
_PARITIES: Mapping[str, Parity] = {"N": "N", "E": "E", "O": "O"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device was met: ``host`` and ``port``, or ``serial_port`` and how the line is set; and its unit id."""

    unit_id: int
    host: str | None = None
    port: int | None = None
    serial_port: str | None = None
    baud: int | None = None
    parity: str | None = None
    stop_bits: int | None = None

    @property
    def link(self) -> str:
        """As people write it."""
        if self.host is None:
            return self.serial_port or ""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A unit that answered. ``family``, ``brand`` and ``confidence`` are None for one of no known family.

    ``can`` says what it can be told, by the names of ``drivers.device.Action``; empty where it is only read.
    ``models`` are those of its SunSpec chain. ``remark`` is a sentence, or empty.
    """

    place: Place
    family: str | None
    brand: str | None
    confidence: str | None
    said: Found
    can: tuple[str, ...]
    models: tuple[int, ...]
    has_battery: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """``asked`` are the networks, addresses and serial ports; ``remarks`` are sentences about places without a device.

    ``is_whole`` is False where it was ended before everything had been asked.
    """

    asked: tuple[str, ...]
    devices: tuple[FoundDevice, ...] = ()
    remarks: tuple[str, ...] = ()
    is_whole: bool = True


def place_of(endpoint: Endpoint, unit_id: int) -> Place:
    match endpoint:
        case TcpEndpoint():
            return Place(unit_id, host=endpoint.host, port=endpoint.port)
        case SerialEndpoint():
            line = (endpoint.baud, endpoint.parity, endpoint.stop_bits)
            return Place(unit_id, None, None, endpoint.port, *line)


def endpoint_of(place: Place) -> Endpoint:
    """Raises ValueError for a place that is none, as a file may have it."""
    if place.host is not None:
        return TcpEndpoint(place.host, place.port or 502)
    parity = _PARITIES.get(place.parity or "N")
    if parity is None:
        raise ValueError(f"parity is {place.parity!r}: it must be one of {', '.join(_PARITIES)}")
    return SerialEndpoint(place.serial_port or "", place.baud or 9600, parity, place.stop_bits or 1)


def found_device(place: Place, recognised: Recognised, family: Family | None) -> FoundDevice:
    """``family`` is that of ``recognised``, None where it has none."""
    said, models = recognised.said, recognised.models
    shown = Found(_shown(said.maker), _shown(said.model), _shown(said.serial), _shown(said.firmware))
    if family is None:
        remark = "speaks SunSpec, of no known kind" if models else "answers Modbus, not known"
        return FoundDevice(place, None, None, None, shown, (), models, False, remark)
    is_sunspec = family.identity is not None and bool(family.identity.sunspec_models)
    steers = not is_sunspec or bool(_STEERED_BY & set(models))
    has_battery = family.steering is not None and (not is_sunspec or bool(_BATTERY & set(models)))
    can = actions_of(family) if steers else ()
    return FoundDevice(place, family.name, family.brand, family.confidence, shown, can, models, has_battery)


def actions_of(family: Family) -> tuple[str, ...]:
    """What can be told to its devices, in one word each; nothing for those that are only read."""
    steering = family.steering
    return () if steering is None else tuple(one.name.lower() for one in Action if one in steering.actions)


def _shown(text: str | None) -> str | None:
    """What a device says."""
    return None if text is None else printable(text)


def in_order(devices: Iterable[FoundDevice]) -> tuple[FoundDevice, ...]:
    """By address, port and unit id; serial lines last."""
    return tuple(sorted(devices, key=lambda device: _order(device.place)))


def _order(place: Place) -> tuple[int, int, str, int, int]:
    if place.host is None:
        return 7, 0, place.serial_port or "", 0, place.unit_id
    address = ip_address(place.host)
    return address.version, int(address), "", place.port or 0, place.unit_id


def without_twins(devices: Iterable[FoundDevice]) -> tuple[FoundDevice, ...]:
    """Each device once: one with the family and serial number of an earlier one is that, reached another way.

    Units of no known family on one link are one entry, at the first of them.
    """
    seen: dict[tuple[str, ...], int] = {}
    found: list[FoundDevice] = []
    others: dict[int, list[str]] = {}
    for device in sorted(devices, key=lambda one: one.family is None):
        key = _identity(device)
        if key in seen:
            others.setdefault(seen[key], []).append(_elsewhere(device, found[seen[key]]))
        else:
            if key is not None:
                seen[key] = len(found)
            found.append(device)
    return tuple(_with_others(device, others.get(i, [])) for i, device in enumerate(found))


def _identity(device: FoundDevice) -> tuple[str, ...] | None:
    """What is the same for two ways to one device. A short serial number is no proof on two links."""
    if device.said.serial is None:
        return ("unknown", device.place.link) if device.family is None else None
    return (device.said.serial,) if len(device.said.serial) >= _LONG_SERIAL else (device.said.serial, device.place.link)


def _elsewhere(device: FoundDevice, first: FoundDevice) -> str:
    link = "" if device.place.link == first.place.link else f"{device.place.link} "
    return f"{link}unit {device.place.unit_id}"


def _with_others(device: FoundDevice, others: list[str]) -> FoundDevice:
    if not others:
        return device
    shown = ", ".join(others[:4]) + (f" and {len(others) - 4} more" if len(others) > 4 else "")
    said = f"{device.remark}; " if device.remark else ""
    return replace(device, remark=f"{said}also at {shown}")
