"""The section [console] of the site file: where the local web page and API listen, and what is refused there.

Without the section nothing listens. It is read by `enalysis-edge console` alone.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field

from agent.settings.problems import Finding
from agent.settings.sections import FilePath, Section

HostName = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9.:_\-]+$")]


class Console(Section):
    """The local web page and API, a process of its own."""

    host: HostName = Field(default="127.0.0.1", description="address it listens on; this machine alone when left out")
    port: int = Field(default=8470, description="TCP port it listens on", ge=1, le=65535)
    allow_hosts: list[HostName] = Field(
        default=[],
        description="names and addresses, small letters, by which browsers may reach it; this machine is always one",
        max_length=20,
        examples=[["gateway.lan", "192.168.1.10"]],
    )
    insecure: bool = Field(
        default=False, description="true for plain HTTP on an address other than this machine's: passwords go in clear"
    )
    cert_file: FilePath | None = Field(default=None, description="certificate of the page, for HTTPS")
    key_file: FilePath | None = Field(default=None, description="key of that certificate")

    @property
    def is_local(self) -> bool:
        """Only this machine reaches it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """A name other than localhost is not asked of a name server, and counts as another machine's."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def console_findings(found: Console | None) -> Iterator[Finding]:
    """What two keys of the section say against each other."""
    if found is None:
        return
    given = [key for key in ("cert_file", "key_file") if getattr(found, key) is not None]
    if len(given) == 1:
        missing = "key_file" if given == ["cert_file"] else "cert_file"
        yield Finding(("console", given[0]), f"is given without {missing}", f"add {missing}, or leave both out")
    if given and found.insecure:
        yield Finding(("console", "insecure"), "is true beside a certificate", "leave it out: HTTPS is used")
    if found.is_local:
        return
    if not found.allow_hosts:
        reason = f"is {found.host}, which other machines reach, and allow_hosts names no way to reach it"
        yield Finding(("console", "host"), reason, 'add allow_hosts, such as ["gateway.lan"]')
    if not given and not found.insecure:
        reason = f"is {found.host}, which other machines reach, and passwords would cross the network in clear"
        yield Finding(
            ("console", "host"), reason, "add cert_file and key_file, or insecure = true on a trusted network"
        )
