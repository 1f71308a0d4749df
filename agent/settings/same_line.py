"""Which devices stand on one line, whatever it is called in the site file. Nothing here asks a name server."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from agent.settings.device_section import Device

HOSTS_FILE = Path("/etc/hosts")
_LOOPBACK = "127.0.0.1"


def normal_address(address: str) -> str:
    """An IP address in its one form, IPv4 where it is mapped into IPv6. Raises ValueError for anything else."""
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or found
    return _LOOPBACK if str(mapped) == "::1" else str(mapped)


def known_names(text: str) -> dict[str, str]:
    """The names of a hosts file with the first address of each; lines that are none are left out."""
    names: dict[str, str] = {}
    for line in text.splitlines():
        address, *words = line.split("#", 1)[0].split() or [""]
        try:
            normal = normal_address(address)
        except ValueError:
            continue
        for word in words:
            names.setdefault(word.lower(), normal)
    return names


def names_of_this_machine() -> dict[str, str]:
    """Those of its hosts file; none where that cannot be read."""
    try:
        return known_names(HOSTS_FILE.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return {}


def line_of(device: Device, names: Mapping[str, str]) -> str:
    """One text for all ways to write one line: the file of a serial port, or the address of a host with its port."""
    if device.serial_port is not None:
        return os.path.realpath(device.serial_port)
    host = (device.host or "").lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return f"{_LOOPBACK} port {device.port}"
    try:
        address = normal_address(host)
    except ValueError:
        address = names.get(host, host)
    return f"{address} port {device.port}"
