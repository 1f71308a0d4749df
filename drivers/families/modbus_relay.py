"""A relay on Modbus that switches one machine: a board of relays is one device for each that is used.

Source: Modbus application protocol 1.1b3, sections 6.1 (read coils), 6.5 (write single coil: 0xFF00 on, 0x0000 off) and
6.12 (write multiple registers). Where the relay is, and what its words are, is in the maker's manual of the board.

Link: as the board's manual has it; most are RTU at 9600 8N1. A relay has no timer: it stays as it was put. Identity:
none, a coil says nothing of what it is.
"""

from collections.abc import Mapping
from typing import cast

from drivers.device import Transport
from drivers.family import Family, LinkFacts, Monotonic, Option
from drivers.relay import Relay, RelayRegister

_OPTIONS = {
    "table": Option(str, "coil", "where the relay is: coil or holding", ("coil", "holding")),
    "address": Option(int, 0, "PDU address of the coil or register, counted from 0", low=0, high=65535),
    "on": Option(int, 1, "the word of a register that means on; a coil has 1", low=0, high=65535),
    "off": Option(int, 0, "the word of a register that means off; a coil has 0", low=0, high=65535),
}


def _build(name: str, transport: Transport, given: Mapping[str, object], monotonic: Monotonic) -> Relay:
    address, on, off = (cast(int, given[key]) for key in ("address", "on", "off"))
    place = address if given["table"] == "coil" else RelayRegister(address, on, off)
    return Relay(name, transport, place, monotonic)


FAMILY = Family(
    name="modbus_relay",
    build=_build,
    brand="a relay on Modbus, for a [[flexible_load]]",
    document="Modbus application protocol specification V1.1 b3",
    options=_OPTIONS,
    confidence="C",
    link=LinkFacts(),
    switches=True,
)
