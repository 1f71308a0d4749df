"""`enalysis-edge release`: the battery back to its own device and relays at rest, unless the daemon runs."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.ending import ALREADY_RUNNING, BAD_SETTINGS, FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, by_site_file, settings_at_hand

if TYPE_CHECKING:
    from agent.settings.schema import Settings


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, and the address of a device that is gone for good."""
    words = "nothing is to be given back there any more: it is gone for good, or was given back by hand"
    parser.add_argument("--gone", metavar="ADDRESS", help=words)
    add_config(parser)


def run(asked: Namespace) -> int:
    """0 where the battery was released, whatever is wrong with the site file; 75 where the daemon runs.

    1 also where something that was steered is not in the site file any more. That it is gone is believed only beside
    a site file that is good.
    """
    if asked.gone is not None:
        return by_site_file(asked, _forget)
    found = settings_at_hand(asked.config)
    return BAD_SETTINGS if found is None else _release(found[0], asked.config)


def _forget(settings: "Settings", asked: Namespace) -> int:
    import asyncio

    from agent.adapters.host.lock import AlreadyRunning, SiteLock
    from agent.cli.steered_elsewhere import forget
    from agent.ports import StoreFailure

    try:
        with SiteLock(Path(settings.store.path)):
            code, sentence = asyncio.run(forget(settings, asked.gone))
    except (AlreadyRunning, StoreFailure) as error:
        say(f"{asked.gone} is not forgotten: {error}", sys.stderr)
        return ALREADY_RUNNING if isinstance(error, AlreadyRunning) else FAILED
    say(sentence, sys.stdout if code == GOOD else sys.stderr)
    return code


def _release(settings: "Settings", site_file: Path) -> int:
    import asyncio

    from agent.adapters.devices.device_lock import DeviceLocks
    from agent.adapters.host.lock import AlreadyRunning, SiteLock
    from agent.cli.battery_release import release
    from agent.ports import StoreFailure
    from agent.settings.permit import permission_of

    try:
        with SiteLock(Path(settings.store.path)), DeviceLocks(settings):
            code, sentence = asyncio.run(release(settings, permission_of(site_file, settings).locked))
    except (AlreadyRunning, StoreFailure) as error:
        # The daemon that runs steers the battery; taking it away would only start a quarrel.
        say(f"the battery is left alone: {error}", sys.stderr)
        return ALREADY_RUNNING if isinstance(error, AlreadyRunning) else FAILED
    say(sentence, sys.stdout if code == GOOD else sys.stderr)
    return code
