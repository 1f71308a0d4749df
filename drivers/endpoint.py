"""Where a bus is: a TCP address or a serial port."""

from dataclasses import dataclass
from typing import Literal

Framing = Literal["tcp", "rtu"]
Parity = Literal["N", "E", "O"]


@dataclass(frozen=True, slots=True)
class TcpEndpoint:
    """A host and port. ``framing`` "rtu" is for transparent serial gateways, which pass RTU frames through TCP."""

    host: str
    port: int = 502
    framing: Framing = "tcp"

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("host is empty")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}: it must be 1 to 65535")
        if self.framing not in ("tcp", "rtu"):
            raise ValueError(f'framing is "{self.framing}": it must be "tcp" or "rtu"')

    @property
    def is_rtu(self) -> bool:
        return self.framing == "rtu"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialEndpoint:
    """A serial port with eight data bits. The standard's default is even parity; most solar devices use none."""

    port: str
    baud: int = 9600
    parity: Parity = "N"
    stop_bits: int = 1

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

    def __str__(self) -> str:
        return self.port


Endpoint = TcpEndpoint | SerialEndpoint
