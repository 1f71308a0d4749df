"""The console's process: it listens, serves, and ends with a signal."""

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from agent.adapters.host.systemd import Notifier
from agent.console.app import WEB, build_app
from agent.console.connections import HttpConnection, WebSocketConnection
from agent.console.own_routes import SET_UP
from agent.console.own_settings import OwnFolderFailure, OwnSettings
from agent.console.source import Source
from agent.console.uvicorn_parts import Config
from agent.console.uvicorn_parts import Server as UvicornServer
from agent.settings.console_section import Console

LARGEST_HEAD = 16 * 1024
LARGEST_MESSAGE = 4 * 1024  # of a WebSocket's client
KEPT_ALIVE_S = 10
STOP_WITHIN_S = 3
BACKLOG = 64

log = structlog.get_logger("console")


class CannotListen(Exception):
    """``str()`` says why in one sentence."""


class Server(UvicornServer):
    """Signals are ours to take: in the demo there is more to end than this."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self.should_exit = True


def listen(console: Console, own: OwnSettings) -> socket.socket:
    """Raises CannotListen: towards other machines never without a password."""
    try:
        has_password = own.password() is not None
    except OwnFolderFailure as failure:
        raise CannotListen(str(failure)) from failure
    if not console.is_local and not has_password:
        raise CannotListen(f"it would be open to other machines on {console.host}: {SET_UP}")
    try:
        family = socket.getaddrinfo(console.host, console.port, type=socket.SOCK_STREAM)[0][0]
        found = socket.create_server((console.host, console.port), family=family, backlog=BACKLOG)
    except OSError as error:
        # ``create_server`` adds an address in Python's own words to what the system says.
        reason = (error.strerror or str(error)).partition(" (while attempting")[0]
        raise CannotListen(f"{console.host} port {console.port} cannot be listened on: {reason}") from error
    found.setblocking(False)
    return found


def server(console: Console, source: Source, web: Path = WEB) -> Server:
    """Built and not yet running. Raises CannotListen for a certificate that cannot be used."""
    try:
        config = Config(
            build_app(console, source, web),
            http=HttpConnection,
            ws=WebSocketConnection,
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEPT_ALIVE_S,
            timeout_graceful_shutdown=STOP_WITHIN_S,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            ws_max_size=LARGEST_MESSAGE,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            ssl_certfile=console.cert_file,
            ssl_keyfile=console.key_file,
        )
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise CannotListen(f"the certificate {console.cert_file} and its key cannot be used: {error}") from error
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return Server(config)


def address(console: Console, listening: socket.socket) -> str:
    """What a person types into the browser."""
    scheme = "http" if console.cert_file is None else "https"
    host = "127.0.0.1" if console.is_local else console.allow_hosts[0]
    return f"{scheme}://{host}:{listening.getsockname()[1]}/"


async def run(console: Console, source: Source, tell: Callable[[str], None] = lambda _: None) -> int:
    """Until SIGTERM or SIGINT; ``tell`` is told the address. Raises CannotListen."""
    serving = server(console, source)
    listening = listen(console, OwnSettings(source.own))
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, serving.stop)
    notifier, where = Notifier(), address(console, listening)
    gc.freeze()
    log.info("listening", at=where)
    tell(where)
    watch = asyncio.create_task(_watch(notifier, where))
    try:
        await serving.serve([listening])
    finally:
        watch.cancel()
        notifier.stopping()
    return 0


async def _watch(notifier: Notifier, where: str) -> None:
    """Tells systemd that the loop turns."""
    notifier.ready(where)
    while True:
        await asyncio.sleep(notifier.interval_s or 10.0)
        notifier.alive(where)
