"""The section [[device]] of the site file: what it is, and how it is reached."""

from typing import Annotated, Any, Literal

from pydantic import Field

from agent.settings.sections import FilePath, Section, Text
from drivers.endpoint import Parity, SerialEndpoint, TcpEndpoint

POLLS_WHILE_FRESH = 3  # so often a device is asked within the time for which a reading is used
PARITIES: dict[str, Parity] = {"none": "N", "even": "E", "odd": "O"}


class Device(Section):
    """One device on Modbus: over TCP (host) or over a serial line (serial_port)."""

    name: str = Field(
        description="name in readings and messages: small letters, digits, _ and -",
        pattern=r"^[a-z0-9][a-z0-9_\-]{0,31}$",
        examples=["inverter"],
    )
    family: Text = Field(description="which datasheet it speaks", examples=["sunspec_hybrid"])
    roles: list[Literal["grid", "battery", "solar", "load", "switch"]] = Field(
        description="what it measures on the site", min_length=1, examples=[["grid"]]
    )
    host: Text | None = Field(
        default=None, description="address of the device or its gateway, without http:// and port"
    )
    port: int = Field(default=502, description="TCP port", ge=1, le=65535)
    framing: Literal["tcp", "rtu"] = Field(default="tcp", description='"rtu" for a transparent serial gateway')
    serial_port: FilePath | None = Field(default=None, description="serial line, such as /dev/ttyUSB0")
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = Field(
        default=9600, description="bits per second"
    )
    parity: Literal["none", "even", "odd"] = Field(default="none", description="parity of the serial line")
    stop_bits: Literal[1, 2] = Field(default=1, description="stop bits of the serial line")
    unit_id: int = Field(default=1, description="Modbus unit id", ge=0, le=255)
    echo: bool = Field(default=False, description="true for a serial adapter that hears what it sends")
    transaction_ids: Literal["checked", "ignored"] = Field(
        default="checked", description='"ignored" for a gateway that numbers its answers itself'
    )
    single_client: bool | None = Field(
        default=None, description="whether the device serves one client at a time; as its family does when left out"
    )
    give_back_s: Annotated[float, Field(ge=0.1, le=600)] | None = Field(
        default=None,
        description="seconds without a question after which the only client's place is given back; kept when left out",
    )
    settle_s: Annotated[float, Field(ge=0, le=10)] | None = Field(
        default=None, description="pause after connecting, in seconds; what the family needs when left out"
    )
    timeout_s: float = Field(default=1.0, description="how long an answer is waited for, in seconds", ge=0.05, le=5)
    retries: int = Field(default=1, description="how often a read is asked again", ge=0, le=1)
    gap_s: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="pause between two requests on the line, in seconds; as it needs when left out"
    )
    poll_s: Annotated[float, Field(ge=0.2, le=60)] | None = Field(
        default=None,
        description="how often the device is asked, in seconds; as its family is best asked when left out",
    )
    options: dict[str, Any] = Field(default={}, description="options of the family")

    @property
    def endpoint(self) -> TcpEndpoint | SerialEndpoint:
        """Where the device is."""
        if self.serial_port is not None:
            return SerialEndpoint(self.serial_port, self.baud, PARITIES[self.parity], self.stop_bits, self.echo)
        is_rtu = self.framing == "rtu"  # what does not go with it is refused by the checks
        ids_ignored = self.transaction_ids == "ignored" and not is_rtu
        return TcpEndpoint(self.host or "", self.port, self.framing, self.echo and is_rtu, ids_ignored)
