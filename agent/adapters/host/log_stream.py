"""Where log lines go: a pipe, journald's socket, a file or a terminal. A line that is not taken at once is lost.

Control may neither wait for whoever reads the log nor fail with it: a reader that hangs or has gone, a disk that is
full. A file on a disk that hangs is waited for, and a terminal that hangs may be.
"""

import os
import select
import threading
from collections.abc import MutableMapping
from typing import Any

AT_ONCE_BYTES = select.PIPE_BUF  # a pipe or socket that is writable takes so much without a wait


class LogStream:
    """Lines on ``descriptor``. ``lost`` are those that nobody took since the last that somebody did."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._is_cut = False
        self.lost = 0

    def tell_lost(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """A processor of structlog: the next line says how many went before it."""
        if self.lost:
            event["lost"] = self.lost
        return event

    def line(self, text: str) -> None:
        with self._lock:
            begun = b"\n" if self._is_cut else b""
            if self._write(begun + text.encode("utf-8", "backslashreplace") + b"\n"):
                self.lost, self._is_cut = 0, False
            else:
                self.lost += 1

    def _write(self, data: bytes) -> bool:
        """Whether all of it was taken. The end of a line may stay out."""
        ready = select.poll()
        ready.register(self._descriptor, select.POLLOUT)
        try:
            while data:
                if not ready.poll(0):
                    return False
                data = data[os.write(self._descriptor, data[:AT_ONCE_BYTES]) :]
                self._is_cut = True
        except OSError:
            return False
        return True


class LineLogger:
    """What structlog hands its rendered lines to. ``name`` is the logger's."""

    def __init__(self, stream: LogStream, name: str = "", *_: object) -> None:
        self._stream, self.name = stream, name

    def msg(self, line: str) -> None:
        self._stream.line(line)

    debug = info = warning = error = critical = exception = msg
