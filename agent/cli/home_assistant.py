"""`enalysis-edge home-assistant remove`: Home Assistant forgets the device, before its section leaves the site file."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.ending import ALREADY_RUNNING, FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, by_settings_at_hand

if TYPE_CHECKING:
    from agent.settings.schema import Settings


def add_arguments(parser: ArgumentParser) -> None:
    """What to do, and the site file."""
    parser.add_argument("act", choices=("remove",), help="take the device out of Home Assistant")
    add_config(parser)


def run(asked: Namespace) -> int:
    """0 once it is gone; 1 where its broker was not reached; 75 while the daemon runs, which would tell it again."""
    return by_settings_at_hand(asked, _remove)


def _remove(settings: "Settings", asked: Namespace) -> int:
    import asyncio

    from agent.adapters.host.lock import AlreadyRunning, SiteLock
    from agent.home_bridge import remove
    from agent.ports import StoreFailure

    if settings.home_assistant is None:
        say(f"{asked.config} has no section [home_assistant]: put it back to remove the device", sys.stderr)
        return FAILED
    try:
        with SiteLock(Path(settings.store.path)):
            trouble = asyncio.run(remove(settings))
    except (AlreadyRunning, StoreFailure) as error:
        say(f"stop the agent first: {error}", sys.stderr)
        return ALREADY_RUNNING if isinstance(error, AlreadyRunning) else FAILED
    if trouble is not None:
        say(f"the device was not removed: {trouble}", sys.stderr)
        return FAILED
    say("the device is gone from Home Assistant; take [home_assistant] out of the site file, or it comes again")
    return GOOD
