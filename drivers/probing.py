"""Which datasheet a device has, found out by reading it."""

from drivers.control_registers import read_rows
from drivers.datasheet import Datasheet, Variants, Walk
from drivers.device import Transport
from drivers.spans import SpanLimits


async def probed(transport: Transport, sheet: Datasheet | Variants | Walk) -> Datasheet:
    """The datasheet that what the device says leads to. Raises ``DriverError`` where it does not answer."""
    seen: dict[str, float | None] = {}
    match sheet:
        case Datasheet():
            return sheet
        case Variants(probes, choose):
            for probe in probes:
                seen |= await read_rows(transport, [probe], SpanLimits())
            return choose(seen)
        case Walk(step):
            found = step(seen)
            while not isinstance(found, Datasheet):
                seen |= await read_rows(transport, found, SpanLimits())
                found = step(seen)
            return found
