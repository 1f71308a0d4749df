"""A connection to a receiver that is ended, whatever it waits for, when its time is up."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST_S = 10.0


class Late(Exception):
    """The time was up."""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are checked, against the machine's authorities and ``ca_file``. Raises OSError and SSLError."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


@contextmanager
def connected(host: str, port: int, longest_s: float = LONGEST_S) -> Iterator[socket.socket]:
    """Raises OSError where nobody is reached, and Late where the time was up, whatever came of that."""
    ends = time.monotonic() + longest_s
    found = _reached(host, port, ends)
    watched = found.dup()  # TLS takes the other one over
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError):
            watched.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, ends - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield found
        if late.is_set():
            raise Late  # what ended too early can look like a whole answer
    except Exception as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise Late from error
        raise
    finally:
        timer.cancel()
        timer.join()
        watched.close()
        found.close()


def _reached(host: str, port: int, ends: float) -> socket.socket:
    """At the first of its addresses that answers; each has its share of the time. Raises OSError."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for left, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        share_s = max(0.1, (ends - time.monotonic()) / left)
        found = socket.socket(family, kind, protocol)
        found.settimeout(share_s)
        try:
            found.connect(address)
        except OSError:
            found.close()
            if left == 1:
                raise
            continue
        found.settimeout(max(0.1, ends - time.monotonic()))
        return found
    raise OSError(f"{host} has no address")
