"""Where a bus is: a TCP address or a serial port."""

from dataclasses import dataclass
from typing import Literal

Framing = Literal["tcp", "rtu"]
Parity = Literal["N", "E", "O"]
FASTEST_SILENCE_S = 0.00175
RTU_GAP_S = 0.06  # Eastron asks for 60 ms between telegrams; where nothing else is said, all get them


@dataclass(frozen=True, slots=True)
class TcpEndpoint:
    """A host and port. ``framing`` "rtu" is for transparent serial gateways, which pass RTU frames through TCP.

    ``echo``: what is sent comes back before the answer (with RTU framing only). ``ids_ignored``: the gateway numbers
    its answers itself, so the next frame is the answer, whatever its transaction id (with TCP framing only).
    """

    host: str
    port: int = 502
    framing: Framing = "tcp"
    echo: bool = False
    ids_ignored: bool = False

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("host is empty")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}: it must be 1 to 65535")
        if self.framing not in ("tcp", "rtu"):
            raise ValueError(f'framing is "{self.framing}": it must be "tcp" or "rtu"')
        if self.echo and not self.is_rtu:
            raise ValueError('echo goes with framing "rtu" only')
        if self.ids_ignored and self.is_rtu:
            raise ValueError('ids_ignored goes with framing "tcp" only')

    @property
    def is_rtu(self) -> bool:
        return self.framing == "rtu"

    @property
    def in_order(self) -> bool:
        """No number says which question an answer belongs to."""
        return self.is_rtu or self.ids_ignored

    @property
    def silence_s(self) -> float:
        """Shortest silence between two frames. The speed of a line behind a gateway is not known here."""
        return 0.0

    def transfer_s(self, octets: int) -> float:
        """How long so many octets are on the way; nothing worth counting on a network."""
        return 0.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialEndpoint:
    """A serial port with eight data bits. The standard's default is even parity; most solar devices use none.

    ``echo``: the adapter hears what it sends, as RS-485 adapters with two wires may.
    """

    port: str
    baud: int = 9600
    parity: Parity = "N"
    stop_bits: int = 1
    echo: bool = False

    def __post_init__(self) -> None:
        if not self.port:
            raise ValueError("serial port is empty")
        if self.baud <= 0:
            raise ValueError(f"baud is {self.baud}: it must be positive")
        if self.parity not in ("N", "E", "O"):
            raise ValueError(f'parity is "{self.parity}": it must be "N", "E" or "O"')
        if self.stop_bits not in (1, 2):
            raise ValueError(f"stop_bits is {self.stop_bits}: it must be 1 or 2")

    @property
    def is_rtu(self) -> bool:
        return True

    @property
    def in_order(self) -> bool:
        """No number says which question an answer belongs to."""
        return True

    @property
    def silence_s(self) -> float:
        """3.5 characters, and 1.75 ms above 19200 baud (Modbus over serial line 1.02, 2.5.1.1)."""
        return FASTEST_SILENCE_S if self.baud > 19200 else self.transfer_s(1) * 3.5

    def transfer_s(self, octets: int) -> float:
        """How long so many octets are on the line: each with a start bit, its parity and its stop bits."""
        return octets * (1 + 8 + (self.parity != "N") + self.stop_bits) / self.baud

    def __str__(self) -> str:
        return self.port


Endpoint = TcpEndpoint | SerialEndpoint


@dataclass(frozen=True, slots=True)
class SingleClient:
    """The device serves one client at a time.

    ``give_back_after_s`` without a question the connection is closed, so that others get their turn; None holds it.
    """

    give_back_after_s: float | None = None

    def __post_init__(self) -> None:
        if self.give_back_after_s is not None and not self.give_back_after_s >= 0:
            raise ValueError(f"give_back_after_s is {self.give_back_after_s}: it must not be negative")
