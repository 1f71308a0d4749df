"""Devices as a scan finds them."""

from agent.discovery.found import FoundDevice, Place, found_device
from drivers.identity import Found
from drivers.recognise import Recognised
from drivers.registry import FAMILIES

LAN = Place(1, host="192.168.1.20", port=502)


def found(
    family: str | None,
    place: Place = LAN,
    serial: str | None = None,
    models: tuple[int, ...] = (),
    maker: str | None = None,
    model: str | None = None,
    firmware: str | None = None,
) -> FoundDevice:
    recognised = Recognised(family, Found(maker, model, serial, firmware), models)
    return found_device(place, recognised, FAMILIES.get(family or ""))
