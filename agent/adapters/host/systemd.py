"""Tells systemd how the service is: the protocol of sd_notify(3), datagrams to the socket in NOTIFY_SOCKET."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Says nothing at all where systemd did not start us. Sending never waits and never fails the caller.

    ``interval_s`` is how often ``alive`` must be called, half of the watchdog's time; None without a watchdog.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET"))
        self.interval_s = _interval_s(environment)

    def ready(self, status: str) -> bool:
        """The service has started, or has read its site file again."""
        return self._send("READY=1", _status(status))

    def reloading(self, monotonic_s: float) -> bool:
        """The site file is read again since ``monotonic_s`` of CLOCK_MONOTONIC; ``ready`` ends it."""
        return self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic_s * 1e6)}")

    def alive(self, status: str) -> bool:
        """Feed the watchdog, and replace the sentence that ``systemctl status`` shows."""
        fed = ("WATCHDOG=1",) if self.interval_s is not None else ()
        return self._send(*fed, _status(status))

    def stopping(self) -> bool:
        """The service has begun to stop."""
        return self._send("STOPPING=1", _status("stopping"))

    def _send(self, *lines: str) -> bool:
        """True when systemd's socket has taken the datagram. A watchdog that is not fed will say that it was not."""
        if self._address is None:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto("\n".join(lines).encode(), self._address)
            except OSError:
                return False
        return True


def _address(path: str | None) -> str | None:
    """A path, or an abstract name, which is written with an at-sign and begins with NUL."""
    if not path:
        return None
    if path[0] not in "/@" or len(path) < 2:
        raise ValueError(f"NOTIFY_SOCKET is {path!r}, which is neither a path nor an abstract socket")
    return "\0" + path[1:] if path[0] == "@" else path


def _interval_s(environment: Mapping[str, str]) -> float | None:
    watchdog_usec, pid = environment.get("WATCHDOG_USEC"), environment.get("WATCHDOG_PID")
    if not watchdog_usec or (pid and pid != str(os.getpid())):
        return None
    if not watchdog_usec.isdecimal() or int(watchdog_usec) == 0:
        raise ValueError(f"WATCHDOG_USEC is {watchdog_usec!r}, which is no time in microseconds")
    return int(watchdog_usec) / 2e6


def _status(text: str) -> str:
    """One line: a line break would begin the next field."""
    return "STATUS=" + " ".join(text.split())
