"""What was steered and not given back, and is no device of the site any more: named, and forgotten on a word."""

import shlex
from collections.abc import Sequence

from agent.adapters.devices.field_bus import remembered_devices
from agent.adapters.host.clock import SystemClock
from agent.cli.ending import FAILED, GOOD
from agent.settings.schema import Settings


def told_elsewhere(addresses: Sequence[str]) -> str:
    """One sentence that names them and how it is ended; nothing where there are none."""
    if not addresses:
        return ""
    asked = shlex.quote(addresses[0]) if len(addresses) == 1 else "ADDRESS"
    return (
        f"{' and '.join(addresses)}: steered and not given back, and no device of the site any more: put it back there "
        f"and run this again; if it is gone for good or was given back by hand, `enalysis-edge release --gone {asked}`"
    )


async def forget(settings: Settings, address: str) -> tuple[int, str]:
    """Nothing is to be given back at ``address`` any more; exit code and one sentence. No device is asked.

    The caller holds the lock of the site: an agent that runs would write what it remembers over this.
    """
    devices, trouble = remembered_devices(settings, SystemClock())
    memory = devices.memory
    if trouble := trouble or memory.trouble:
        return FAILED, f"{address} is not forgotten: {trouble}"
    if address not in memory.not_given_back:
        return FAILED, f"nothing is to be given back at {address}; {_those(devices.owed_elsewhere)}"
    if address not in devices.owed_elsewhere:
        return FAILED, f"{address} is in the site file: `enalysis-edge release` without --gone gives it back"
    memory.ended(address)
    await memory.keep()
    if memory.trouble:
        return FAILED, f"{address} is not forgotten: {memory.trouble}"
    return GOOD, f"{address} is forgotten: nothing is to be given back there"


def _those(addresses: Sequence[str]) -> str:
    if not addresses:
        return "the site file has every device that was steered and not given back"
    return f"no device of the site any more, and not given back: {', '.join(map(shlex.quote, addresses))}"
