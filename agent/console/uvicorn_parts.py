"""The parts of uvicorn that serve, without its command line and its reading of logging files, which are not used.

They would load click, multiprocessing, configparser and logging's handlers: 2.5 MB.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

# Modules that nothing calls here, and what uvicorn takes from them by name while it is loaded.
_NOT_USED: Mapping[str, tuple[str, ...]] = {
    "uvicorn.main": ("Server", "main", "run"),
    "logging.config": (),
    "configparser": ("RawConfigParser",),
}


@contextmanager
def _without_what_is_not_used() -> Iterator[None]:
    """What is loaded already stays; where that is uvicorn, nothing is left to be saved."""
    names = () if "uvicorn" in sys.modules else tuple(name for name in _NOT_USED if name not in sys.modules)
    for name in names:
        stand_in = ModuleType(name)
        stand_in.__dict__.update(dict.fromkeys(_NOT_USED[name]))
        sys.modules[name] = stand_in
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


with _without_what_is_not_used():
    from uvicorn.config import Config
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
    from uvicorn.server import Server

__all__ = ["Config", "H11Protocol", "Server", "WSProtocol"]
