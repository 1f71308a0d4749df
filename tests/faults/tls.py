"""A mosquitto with two doors, one in plain text for the platform and one with TLS for the site; and portals."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path

import trustme

from simulator.broker import Broker, start_broker
from tests.site_files import free_ports

CLOUD = """
[cloud]
host = "127.0.0.1"
port = {port}
ca_file = "{folder}/trusted.pem"
cert_file = "{folder}/ours.pem"
key_file = "{folder}/ours.key"
"""


def write_ours(folder: Path, leaf: trustme.LeafCert) -> None:
    """Our certificate and its key, in place of what was there."""
    leaf.cert_chain_pems[0].write_to_path(folder / "ours.pem")
    leaf.private_key_pem.write_to_path(folder / "ours.key")


def our_files(folder: Path) -> dict[str, object]:
    """The way to TLS for a link: those that ``trust`` and ``write_ours`` have written."""
    names = {"ca_file": "trusted.pem", "cert_file": "ours.pem", "key_file": "ours.key"}
    return {"tls": True, **{key: folder / name for key, name in names.items()}}


def trust(folder: Path, *authorities: trustme.CA) -> None:
    """The authorities that the site trusts."""
    (folder / "trusted.pem").write_bytes(b"".join(one.cert_pem.bytes() for one in authorities))


def server_lines(folder: Path, authority: trustme.CA, **terms: datetime) -> list[str]:
    """Lines for a broker with a certificate of ``authority`` made on these ``terms``, and the files that they name."""
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server = authority.issue_cert("127.0.0.1", **terms)
    server.cert_chain_pems[0].write_to_path(folder / "server.pem")
    server.private_key_pem.write_to_path(folder / "server.key")
    return [f"cafile {folder}/ca.pem", f"certfile {folder}/server.pem", f"keyfile {folder}/server.key"]


class TlsBroker:
    """``port`` is the door with TLS, ``broker.port`` the one for the platform."""

    def __init__(self, folder: Path, server: trustme.LeafCert, clients: trustme.CA, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_ports(1)[0]
        folder.mkdir(exist_ok=True)
        self.present(server)
        clients.cert_pem.write_to_path(folder / "clients.pem")
        self.broker: Broker = start_broker(folder, more=self._lines())

    def present(self, server: trustme.LeafCert) -> None:
        """The broker's certificate, from its next start on."""
        server.cert_chain_pems[0].write_to_path(self.folder / "server.pem")
        server.private_key_pem.write_to_path(self.folder / "server.key")

    def again(self) -> None:
        self.broker.stop()
        self.broker.restart()

    def stop(self) -> None:
        self.broker.stop()

    def _lines(self) -> Sequence[str]:
        files = {"cafile": "clients.pem", "certfile": "server.pem", "keyfile": "server.key"}
        return [
            f"listener {self.port} 127.0.0.1",
            *(f"{key} {self.folder / name}" for key, name in files.items()),
            "require_certificate true",
        ]


@contextmanager
def certified_broker(folder: Path, authority: trustme.CA, site: str) -> Iterator[TlsBroker]:
    """It, and ``site`` in ``folder``, have good certificates of one authority."""
    started = TlsBroker(folder / "broker", authority.issue_cert("127.0.0.1"), authority)
    trust(folder, authority)
    write_ours(folder, authority.issue_cert(site, common_name=site))
    try:
        yield started
    finally:
        started.stop()


class Portal:
    """What answers in place of the broker. ``heard`` is every byte that it was sent, TLS taken off where it has TLS."""

    def __init__(self) -> None:
        self.heard = b""
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heard += await reader.read(4096)
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n")
            await writer.drain()
        except OSError:
            pass  # the other side has hung up
        finally:
            writer.close()


@asynccontextmanager
async def portal(port: int = 0, leaf: trustme.LeafCert | None = None) -> AsyncIterator[Portal]:
    """A captive portal: plain HTTP, or behind TLS with the certificate ``leaf``."""
    context = None
    if leaf is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
    found = Portal()
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # handshakes that fail, as they should
    server = await asyncio.start_server(found.serve, "127.0.0.1", port, ssl=context, reuse_address=True)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """The port of a listener that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield server.getsockname()[1]
