"""Why a connection could not be made, as the words after "no connection to <endpoint>: ", and why nobody answers."""

import errno
import os
import re
import socket

from drivers import sentences as say
from drivers.endpoint import Endpoint, SerialEndpoint
from drivers.errors import BadFrame, NoAnswer
from drivers.wire_watch import WireWatch

_WORDS = {
    errno.ECONNREFUSED: say.nothing_listens(),
    errno.ENETUNREACH: say.network_not_reached(),
    errno.EHOSTUNREACH: say.no_device_at_address(),
    errno.ECONNRESET: say.closed_at_once(),
    errno.ENOENT: say.no_serial_port(),
    errno.ENOTTY: say.no_port_but_a_file(),
    errno.ENODEV: say.nothing_behind_port(),
    errno.ENXIO: say.nothing_behind_port(),
    errno.EINVAL: say.settings_not_taken(),
    errno.EACCES: say.opening_not_permitted(),
    errno.EPERM: say.opening_not_permitted(),
    errno.EBUSY: say.port_held(),
    errno.EMFILE: say.too_many_files(),
}
_HELD_WORDS = {  # of a device that serves one client
    errno.ECONNREFUSED: say.held_or_nothing_listens(),
    errno.ECONNRESET: say.held_and_closed_at_once(),
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
        return say.host_not_known() if unknown else say.host_not_looked_up()
    number = _errno(error)
    if number is not None and number != errno.ETIMEDOUT:
        words = _WORDS | _HELD_WORDS if single_client else _WORDS
        return words.get(number, _lower(os.strerror(number)))
    if isinstance(endpoint, SerialEndpoint):
        return say.port_not_opened()
    return say.nothing_came_back(within_s=timeout_s)


def silence(asked: str, endpoint: Endpoint, watch: WireWatch, timeout_s: float, unproven: bool) -> NoAnswer | BadFrame:
    """What to say of a question that got no answer. ``unproven``: the only client's place, and no answer on it yet."""
    place = str(endpoint)
    if watch.echoed:
        return BadFrame(say.sends_back(asked=asked, place=place))
    if watch.other_id is not None:
        return BadFrame(say.other_transaction(asked=asked, place=place, number=watch.other_id))
    told = say.late_answer if watch.late else say.no_answer_since_connecting if unproven else say.no_answer
    return NoAnswer(told(asked=asked, place=place, within_s=timeout_s))


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
