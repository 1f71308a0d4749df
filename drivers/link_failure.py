"""Why a connection could not be made, as the words after "no connection to <endpoint>: ", and why nobody answers."""

import errno
import os
import re
import socket

from drivers.endpoint import Endpoint, SerialEndpoint
from drivers.errors import BadFrame, NoAnswer
from drivers.wire_watch import WireWatch

_WORDS = {
    errno.ECONNREFUSED: "the device is there, but nothing listens on this port",
    errno.ENETUNREACH: "this network cannot be reached from here",
    errno.EHOSTUNREACH: "no device answers at this address",
    errno.ECONNRESET: "the device closed the connection at once",
    errno.ENOENT: "there is no such serial port",
    errno.ENOTTY: "it is not a serial port",
    errno.ENODEV: "there is no device behind this serial port",
    errno.ENXIO: "there is no device behind this serial port",
    errno.EINVAL: "it does not take these settings",
    errno.EACCES: "opening it is not permitted",
    errno.EPERM: "opening it is not permitted",
    errno.EBUSY: "another program has it open",
    errno.EMFILE: "this process has too many files open",
}
HELD = "held by another program"
_HELD_WORDS = {  # of a device that serves one client
    errno.ECONNREFUSED: f"{HELD}, or nothing listens on this port",
    errno.ECONNRESET: f"{HELD}: the device closed the connection at once",
}
_NUMBER = re.compile(r"\[Errno (\d+)\]|: \((\d+), '")


def failure_words(
    endpoint: Endpoint, error: BaseException | None, timeout_s: float, single_client: bool = False
) -> str:
    """Words for the ``error`` that connecting to ``endpoint`` ended with; None or a time-out is a silent peer.

    ``single_client``: the device serves one client, so one that is turned away may be the second.
    """
    if isinstance(error, socket.gaierror):
        unknown = error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        return "this name is not known" if unknown else "no name server tells the address of this name"
    number = _errno(error)
    if number is not None and number != errno.ETIMEDOUT:
        words = _WORDS | _HELD_WORDS if single_client else _WORDS
        return words.get(number, _lower(os.strerror(number)))
    if isinstance(endpoint, SerialEndpoint):
        return "the serial port could not be opened with these settings"
    return f"nothing came back within {timeout_s:g} s"


def silence(asked: str, endpoint: Endpoint, watch: WireWatch, timeout_s: float, unproven: bool) -> NoAnswer | BadFrame:
    """What to say of a question that got no answer. ``unproven``: the only client's place, and no answer on it yet."""
    if watch.echoed:
        return BadFrame(f"{asked}: {endpoint} sends back what is sent to it: it needs echo = true")
    if watch.other_id is not None:
        return BadFrame(
            f"{asked}: {endpoint} answered with transaction id {watch.other_id}, which was not asked: "
            'a gateway that numbers its answers itself needs transaction_ids = "ignored"'
        )
    hint = ""
    if watch.late:
        hint = ", but a late one to an earlier question: timeout_s is too short"
    elif unproven:
        hint = f", and none since connecting: the device serves one client only and may be {HELD}"
    return NoAnswer(f"{asked}: no answer from {endpoint} within {timeout_s:g} s{hint}")


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
