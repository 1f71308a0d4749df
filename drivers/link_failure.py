"""Why a connection could not be made, as the words that follow "no connection to <endpoint>: "."""

import errno
import os
import re
import socket

from drivers.endpoint import Endpoint, SerialEndpoint

_WORDS = {
    errno.ECONNREFUSED: "the device is there, but nothing listens on this port",
    errno.ENETUNREACH: "this network cannot be reached from here",
    errno.EHOSTUNREACH: "no device answers at this address",
    errno.ECONNRESET: "the device closed the connection at once",
    errno.ENOENT: "there is no such serial port",
    errno.ENOTTY: "it is not a serial port",
    errno.ENODEV: "there is no device behind this serial port",
    errno.ENXIO: "there is no device behind this serial port",
    errno.EACCES: "opening it is not permitted",
    errno.EPERM: "opening it is not permitted",
    errno.EBUSY: "another program has it open",
    errno.EMFILE: "this process has too many files open",
}
_NUMBER = re.compile(r"\[Errno (\d+)\]|: \((\d+), '")


def failure_words(endpoint: Endpoint, error: BaseException | None, timeout_s: float) -> str:
    """Words for the ``error`` that connecting to ``endpoint`` ended with; None or a time-out is a silent peer."""
    if isinstance(error, socket.gaierror):
        unknown = error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        return "this name is not known" if unknown else "no name server tells the address of this name"
    number = _errno(error)
    if number is not None and number != errno.ETIMEDOUT:
        return _WORDS.get(number, _lower(os.strerror(number)))
    if isinstance(endpoint, SerialEndpoint):
        return "the serial port could not be opened with these settings"
    return f"nothing came back within {timeout_s:g} s"


def _errno(error: BaseException | None) -> int | None:
    """The number in ``error`` or in what it came from: pyserial and asyncio wrap errors of the system."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError):
            told = _NUMBER.search(str(error))  # asyncio and pyserial put what they met into a text of their own
            number = error.errno or (int(told[1] or told[2]) if told else None)
            if number:
                return number
        error = error.__cause__ or error.__context__
    return None


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
