"""Gives the battery back to its own device, and leaves the relays of machines at rest, once.

It shares nothing with the planner and does not need the daemon; the systemd unit runs it after the daemon has died.
What the daemon found at the device before it steered is read from the store and given back; where the store cannot be
read in time, the device is left to its own self-consumption.
"""

import asyncio
import time

from agent.adapters.devices.field_bus import remembered_devices
from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import KEEP_WITHIN_S
from agent.adapters.host.clock import SystemClock
from agent.cli.relay_release import rest_relays
from agent.cli.steered_elsewhere import told_elsewhere
from agent.domain.setpoint import Applied, Outcome, Rung, Setpoint
from agent.ports import Clock
from agent.recording.decisions import describe
from agent.settings.schema import Settings

TRY_FOR_S = 8.0


async def release(settings: Settings, locked: str | None = None) -> tuple[int, str]:
    """Try for a few seconds; exit code and one sentence. While ``locked``, only what was left behind is undone.

    What the site file does not have any more cannot be given back: it is named, and the exit code is 1.
    """
    clock, give_up_s = SystemClock(), time.monotonic() + TRY_FOR_S
    devices, trouble = remembered_devices(settings, clock)
    if devices.owed_elsewhere:
        await devices.know_again()
    is_bound = locked is not None and trouble is None
    loads = [one for one in settings.switched_loads() if not is_bound or devices.is_owed_rest(one.device)]
    if is_bound and not devices.left_behind and not loads:
        elsewhere = told_elsewhere(devices.owed_elsewhere)
        await devices.close()
        return int(bool(elsewhere)), f"{elsewhere or 'nothing is to be given back'}; {locked}"
    asked = [rest_relays(settings, loads, clock, devices)]
    if devices.left_behind or not is_bound:
        asked.insert(0, _release_battery(settings, clock, devices, trouble, give_up_s))
    try:
        found = await asyncio.gather(*asked)
        elsewhere = told_elsewhere(devices.owed_elsewhere)  # also what was found to be owed to another device now
        await devices.settle(KEEP_WITHIN_S)
    finally:
        await devices.close()
    is_done = all(is_good for is_good, _ in found) and not elsewhere
    return int(not is_done), "; ".join(sentence for sentence in (*(said for _, said in found), elsewhere) if sentence)


async def _release_battery(
    settings: Settings, clock: Clock, devices: Devices, trouble: str | None, give_up_s: float
) -> tuple[bool, str]:
    """Whether it is. ``trouble``: why it is not known what was set there before."""
    setpoint = Setpoint(clock.now(), None, 0.0, Rung.RELEASE, "released by command")
    names = " and ".join(settings.battery.steered_by)
    is_are, its = ("is", "its") if len(settings.battery.steered_by) == 1 else ("are", "their")
    while True:
        outcome = await devices.steer(setpoint)
        if isinstance(outcome, Applied):
            unknown = "" if trouble is None else f"; what was set there before is not known: {trouble}"
            return True, f"{names} {is_are} released to {its} own self-consumption{unknown}"
        if time.monotonic() > give_up_s:
            return False, f"{names} could not be released: {_why(outcome)}"
        await asyncio.sleep(0.5)


def _why(outcome: Outcome) -> str:
    word, detail = describe(outcome)
    return detail or f"the answer was {word}"
