"""The console beside the demo: a thread of its own, which goes on with the demo's store when the demo has ended."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

from agent.adapters.host.live_file import LiveFile
from agent.console.own_settings import OwnSettings
from agent.console.security.passwords import hashed
from agent.console.serve import Server, address, server
from agent.console.source import Source, own_folder
from agent.settings.console_section import Console
from agent.settings.schema import Settings
from agent.site_view import Outlet

BACKLOG = 64
RUNTIME = "run"


class DemoConsole:
    """Time is the demo's, as of the last picture; from there on it passes as ours does."""

    def __init__(self, folder: Path, port: int = Console().port) -> None:
        self._runtime, self._port = folder / RUNTIME, port
        self.password = "-".join(secrets.token_hex(2) for _ in range(4))
        self.where = ""
        self._thread: Thread | None = None
        self._server: Server | None = None
        self._shown: tuple[datetime, float] | None = None
        self._clock: Callable[[], datetime] | None = None

    def begin(self, settings: Settings, outlet: Outlet, clock: Callable[[], datetime]) -> LiveFile:
        """Serve from now on; the live file is for the caller to follow, on the loop that plays."""
        self._runtime.mkdir()
        self._clock = clock
        self._stamp()
        store = Path(settings.store.path)
        source = Source(settings, store, self._runtime, own_folder(store), self._now)
        OwnSettings(source.own).set_password(hashed(self.password))
        listening = _listen(self._port)
        console = Console(port=listening.getsockname()[1])
        self.where = address(console, listening)
        self._server = server(console, source)
        self._thread = Thread(target=asyncio.run, args=(self._server.serve([listening]),), daemon=True)
        self._thread.start()
        return LiveFile(self._runtime, settings.site.id, outlet, self._stamp)

    def wait(self) -> None:
        """Until Ctrl-C."""
        if self._thread is not None:
            self._thread.join()

    def end(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()

    def _stamp(self) -> datetime:
        """The demo's time of a picture that is being written."""
        assert self._clock is not None
        self._shown = self._clock(), time.monotonic()
        return self._shown[0]

    def _now(self) -> datetime:
        assert self._shown is not None
        at, shown = self._shown
        return at + timedelta(seconds=time.monotonic() - shown)


def _listen(port: int) -> socket.socket:
    """The console's own port, or any other where that is taken."""
    try:
        found = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError:
        found = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    found.setblocking(False)
    return found
