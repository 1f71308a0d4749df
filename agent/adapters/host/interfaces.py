"""The addresses of this machine's network interfaces, from the kernel."""

import fcntl
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path

from agent.discovery.networks import Interface, interface

_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B  # linux/sockios.h
_IPV6 = Path("/proc/net/if_inet6")


def interfaces() -> tuple[Interface, ...]:
    """Each with its network; an interface without an address is left out."""
    return (*_ipv4(), *_ipv6())


def _ipv4() -> Iterator[Interface]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            with suppress(OSError):
                yield interface(_told(asked, name, _SIOCGIFADDR), _told(asked, name, _SIOCGIFNETMASK))


def _told(asked: socket.socket, name: str, question: int) -> str:
    request = struct.pack("256s", name.encode()[:15])
    return socket.inet_ntoa(fcntl.ioctl(asked.fileno(), question, request)[20:24])


def _ipv6() -> Iterator[Interface]:
    with suppress(OSError):
        for line in _IPV6.read_text(encoding="ascii").splitlines():
            digits, _, prefix, *_ = line.split()
            yield interface(str(IPv6Address(bytes.fromhex(digits))), str(int(prefix, 16)))
