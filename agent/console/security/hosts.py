"""By which names the console may be reached. Pure.

A page of another site can have its own name resolve to our address (DNS rebinding); the name that the browser then
sends is not one of ours.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound to


def allowed_hosts(host: str, more: Collection[str]) -> frozenset[str]:
    """This machine, what is listened on, and what the site file allows."""
    return THIS_MACHINE | ({host} - ANY_ADDRESS) | frozenset(more)


def host_of(header: str) -> str | None:
    """The name in a Host header, without its port and in small letters; None for what is no host."""
    try:
        found = urlsplit(f"//{header}")
        _ = found.port  # raises where it is none
    except ValueError:
        return None
    if found.path or found.query or found.fragment or found.username is not None or found.hostname is None:
        return None
    return found.hostname.removesuffix(".")


def is_same_origin(origin: str, host: str, scheme: str) -> bool:
    """Whether a page of ``origin`` is one of ours, asked for by the Host header ``host``. ``scheme`` is ours.

    Behind a proxy that ends HTTPS the page is https while we speak http; never the other way round.
    """
    try:
        found = urlsplit(origin)
    except ValueError:
        return False
    if (
        found.path
        or found.query
        or found.scheme not in ({"https"} if scheme in ("https", "wss") else {"http", "https"})
    ):
        return False
    return found.netloc.lower() == host.lower()
