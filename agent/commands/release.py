"""`enalysis-edge release`: gives the battery back to its own device, once, and ends.

It shares nothing with the planner and does not need the daemon; the systemd unit runs it after the daemon has died.
"""

import asyncio
import time

from agent.domain.setpoint import Applied, Outcome, Rung, Setpoint
from agent.edges.clock import SystemClock
from agent.edges.field_bus import connect_devices
from agent.recording.decisions import describe
from agent.settings.schema import Settings

TRY_FOR_S = 8.0


async def release(settings: Settings) -> tuple[int, str]:
    """Try for a few seconds; exit code and one sentence."""
    clock = SystemClock()
    devices = connect_devices(settings.devices, settings.battery.steered_by, clock)
    setpoint = Setpoint(clock.now(), None, 0.0, Rung.RELEASE, "released by command")
    names = " and ".join(settings.battery.steered_by)
    one = len(settings.battery.steered_by) == 1
    give_up = time.monotonic() + TRY_FOR_S
    try:
        while True:
            outcome = await devices.steer(setpoint)
            if isinstance(outcome, Applied):
                return (
                    0,
                    f"{names} {'is' if one else 'are'} released to {'its' if one else 'their'} own self-consumption",
                )
            if time.monotonic() > give_up:
                return 1, f"{names} could not be released: {_why(outcome)}"
            await asyncio.sleep(0.5)
    finally:
        await devices.close()


def _why(outcome: Outcome) -> str:
    word, detail = describe(outcome)
    return detail or f"the answer was {word}"
