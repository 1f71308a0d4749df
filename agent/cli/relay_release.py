"""Leaves the relays of machines at rest, once, without the daemon."""

import asyncio
import time
from collections.abc import Sequence

from agent.adapters.devices.site_devices import Devices
from agent.domain.switched_load import SwitchedLoad
from agent.ports import Clock
from agent.settings.schema import Settings
from agent.switch_ports import Switches, SwitchFailure

TRY_FOR_S = 4.0
AGAIN_AFTER_S = 0.3


async def rest_relays(
    settings: Settings, loads: Sequence[SwitchedLoad], clock: Clock, devices: Devices
) -> tuple[bool, str]:
    """Try for a few seconds. Whether all of ``loads`` are at rest, and one sentence; nothing where there are none."""
    if not loads:
        return True, ""
    if all(one.topic is None for one in loads):
        return await _all(loads, devices)
    from agent.relay_bridge import connect_relays

    relays = connect_relays(settings, clock, devices)
    await relays.start()
    try:
        return await _all(loads, relays)
    finally:
        await relays.stop()


async def _all(loads: Sequence[SwitchedLoad], switches: Switches) -> tuple[bool, str]:
    give_up_s = time.monotonic() + TRY_FOR_S
    found = await asyncio.gather(*(_rest(switches, one.device, one.rests_on, give_up_s) for one in loads))
    failed = [f"{one.load.name}: {why}" for one, why in zip(loads, found, strict=True) if why is not None]
    if failed:
        return False, f"not left at rest: {'; '.join(failed)}"
    return True, f"left at rest: {', '.join(one.load.name for one in loads)}"


async def _rest(switches: Switches, name: str, on: bool, give_up_s: float) -> str | None:
    """Why it is not at rest; None where it is."""
    while True:
        try:
            await switches.switch(name, on)
        except SwitchFailure as failure:
            if time.monotonic() > give_up_s:
                return str(failure)
        else:
            return None
        await asyncio.sleep(AGAIN_AFTER_S)
