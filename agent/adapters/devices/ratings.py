"""What the device of a battery tells of its ratings, by one read with its family's driver. Nothing is written."""

import asyncio
import time

from agent.discovery.found import FoundDevice, endpoint_of
from drivers.errors import DriverError
from drivers.modbus import ANSWER_WITHIN_S, Bus
from drivers.reading import Quantity
from drivers.registry import FAMILIES
from drivers.write_gate import GatedTransport, only_reads

_KEYS = {
    "usable_wh": (Quantity.RATED_WH,),
    "charge_w": (Quantity.RATED_CHARGE_W, Quantity.RATED_W),
    "discharge_w": (Quantity.RATED_DISCHARGE_W, Quantity.RATED_W),
}
_WITHIN_S = 20.0
_REST_S = 1.0  # a device that serves one client has just been let go


async def ratings_of(found: FoundDevice) -> dict[str, float]:
    """By the key of [battery] that each fills; without those that the device does not tell. Empty where it fails."""
    family = FAMILIES[found.family or ""]
    link = family.link
    bus = Bus(
        endpoint_of(found.place),
        timeout_s=link.answer_s or ANSWER_WITHIN_S,
        gap_s=link.gap_s or None,
        settle_s=link.settle_after_connect_s,
    )
    transport = GatedTransport(bus.transport(found.place.unit_id), only_reads())
    device = family.build(found.family or "", transport, family.complete({}), time.monotonic)
    await asyncio.sleep(_REST_S)
    try:
        async with asyncio.timeout(_WITHIN_S):
            values = {reading.quantity: reading.value for reading in await device.read()}
    except (DriverError, TimeoutError):
        return {}
    finally:
        await device.close()
    told = {key: next((value for one in names if (value := values.get(one))), None) for key, names in _KEYS.items()}
    return {key: float(round(value)) for key, value in told.items() if value is not None}
