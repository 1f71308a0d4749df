"""Which addresses are asked: what a person named, or the networks that this machine is in. Pure."""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Interface,
    IPv4Network,
    IPv6Interface,
    IPv6Network,
    ip_interface,
    ip_network,
)

MOST_HOSTS = 4096
WIDEST_PREFIX = 22  # of an own network that nobody named

Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network

_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")))


class NotScanned(ValueError):
    """A network that is not asked. ``str()`` says why, and what to do."""


def named_networks(texts: Iterable[str], own: Sequence[Interface], anywhere: bool) -> tuple[Network, ...]:
    """The networks that were named, each inside one of this machine's own unless ``anywhere``. Raises NotScanned."""
    found = tuple(dict.fromkeys(_network(text) for text in texts))
    for network in found:
        if not anywhere and not any(_holds(one, network) for one in own):
            raise NotScanned(
                f"{network} is not one of this machine's own networks ({_listed(own)}): "
                "add --anywhere where you may ask its devices"
            )
    return found


def own_networks(own: Iterable[Interface]) -> tuple[Network, ...]:
    """The private networks that this machine is in; of a wide one the part around its own address."""
    found = []
    for one in own:
        if isinstance(one, IPv4Interface) and any(one.ip in private for private in _PRIVATE):
            prefix = max(one.network.prefixlen, WIDEST_PREFIX)
            found.append(ip_network((one.ip, prefix), strict=False))
    return tuple(dict.fromkeys(found))


def hosts(networks: Sequence[Network]) -> tuple[str, ...]:
    """Every address to ask, each once. Raises NotScanned for more than ``MOST_HOSTS`` of them."""
    count = sum(network.num_addresses for network in networks)
    if count > MOST_HOSTS:
        wide = max(networks, key=lambda network: network.num_addresses)
        near = "" if isinstance(wide, IPv6Network) else f", such as {wide.network_address}/24"
        raise NotScanned(
            f"{wide} has {wide.num_addresses} addresses, and at most {MOST_HOSTS} are asked: name less{near}"
        )
    return tuple(dict.fromkeys(str(host) for network in networks for host in network.hosts()))


def _network(text: str) -> Network:
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        raise NotScanned(f"{text!r} is no network: write 192.168.1.0/24, or one address") from None
    if isinstance(found, IPv6Network) and found.prefixlen < 128:
        raise NotScanned(f"{text} is a network of IPv6, which has too many addresses to ask: name single ones")
    return found


def _holds(own: Interface, network: Network) -> bool:
    if isinstance(own, IPv4Interface) and isinstance(network, IPv4Network):
        return network.subnet_of(own.network)
    return isinstance(own, IPv6Interface) and isinstance(network, IPv6Network) and network.subnet_of(own.network)


def _listed(own: Sequence[Interface]) -> str:
    return ", ".join(dict.fromkeys(str(one.network) for one in own if isinstance(one, IPv4Interface))) or "none is up"


def interface(address: str, netmask: str) -> Interface:
    """An address of this machine with its netmask or prefix length. Raises ValueError."""
    return ip_interface(f"{address}/{netmask}")
