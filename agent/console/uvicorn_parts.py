"""The parts of uvicorn that serve, without its command line, which would load click and multiprocessing: 2 MB."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_MAIN = "uvicorn.main"
_TAKEN = ("Server", "main", "run")  # what the package itself takes from there


@contextmanager
def _without_command_line() -> Iterator[None]:
    """Where the package was loaded before, nothing is left to be saved."""
    if "uvicorn" in sys.modules:
        yield
        return
    stand_in = ModuleType(_MAIN)
    stand_in.__dict__.update(dict.fromkeys(_TAKEN))
    sys.modules[_MAIN] = stand_in
    try:
        yield
    finally:
        del sys.modules[_MAIN]


with _without_command_line():
    from uvicorn.config import Config
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
    from uvicorn.server import Server

__all__ = ["Config", "H11Protocol", "Server", "WSProtocol"]
