"""What comes over a connection while an answer is waited for, and which of it is shown to the decoder.

The decoder of pymodbus 3.16 takes an answer without a transaction id (0) for any question, and on RTU its own
``handle_local_echo`` lets an echo with one damaged byte through: the echo of FC6 is byte for byte the answer to it.
"""

_HEADER = 8  # MBAP header and function code
_KEPT = 600  # bytes, more than an echo and an answer
_WRITE_ONE = 6


class WireWatch:
    """One connection. ``begin`` is called with the bytes of each request, ``end`` when its wait is over.

    ``echo``: the line sends back what is sent, and an answer follows only a faultless echo. ``numbered``: frames carry
    transaction ids; ``any_number`` accepts every id. ``other_id`` is the id of an answer that was not asked for on this
    connection, ``late`` tells of an answer to a question that was given up, ``echoed`` of an echo nobody expects,
    ``untrusted`` of a connection without ids on which something came while nothing was asked: there may be more.
    """

    def __init__(self, *, echo: bool = False, numbered: bool = True, any_number: bool = False) -> None:
        self._echo = echo
        self._numbered = numbered
        self._any_number = any_number
        self._sent = self._echo_left = self._came = b""
        self._spoiled = False
        self._undecoded = 0  # bytes that the decoder has seen and left
        self._given_up: set[int] = set()
        self.waiting = False
        self.other_id: int | None = None
        self.late = self.untrusted = False

    def begin(self, sent: bytes) -> None:
        """``sent`` goes on the wire now; what came before is forgotten."""
        self._sent, self._came = sent, b""
        self._echo_left = sent if self._echo else b""
        self._spoiled = self.late = False
        self._undecoded = 0
        self.other_id = None
        self.waiting = True

    def end(self, answered: bool) -> None:
        self.waiting = False
        if not answered and self._numbered:
            self._given_up.add(self._expected)

    @property
    def echoed(self) -> bool:
        """The request came back whole. For FC6 that is how a device answers, so it tells nothing."""
        return (
            not self._echo
            and not self._numbered
            and len(self._sent) > 1
            and self._sent[1] != _WRITE_ONE
            and self._sent in self._came
        )

    @property
    def _expected(self) -> int:
        return int.from_bytes(self._sent[:2], "big")

    def filter(self, data: bytes) -> tuple[int, bytes]:
        """All bytes not yet consumed: (how many to consume unseen, what the decoder shall see after them)."""
        self._came = (self._came + data[self._undecoded :])[-_KEPT:]
        if not self.waiting:
            self.untrusted |= self._any_number
            return len(data), b""
        if self._numbered:
            return self._numbered_frames(data)
        return self._after_echo(data)

    def decoded(self, offered: int, used: int) -> None:
        """The decoder has consumed ``used`` of the ``offered`` bytes."""
        self._undecoded = max(0, offered - used)

    def _after_echo(self, data: bytes) -> tuple[int, bytes]:
        length = min(len(data), len(self._echo_left))
        if data[:length] != self._echo_left[:length]:
            self._spoiled = True
        if self._spoiled:
            return len(data), b""
        self._echo_left = self._echo_left[length:]
        return length, data[length:]

    def _numbered_frames(self, data: bytes) -> tuple[int, bytes]:
        """Drop whole frames with another transaction id, or give them the expected one."""
        skipped = 0
        while len(rest := data[skipped:]) >= _HEADER and rest[2:4] == b"\0\0":
            found = int.from_bytes(rest[:2], "big")
            if found == self._expected:
                break
            size = 6 + int.from_bytes(rest[4:6], "big")
            if len(rest) < size:
                return skipped, b""
            if self._any_number:
                return skipped, self._sent[:2] + rest[2:]
            if found in self._given_up:
                self._given_up.discard(found)
                self.late = True
            else:
                self.other_id = found
            skipped += size
        return skipped, data[skipped:]
