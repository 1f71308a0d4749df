"""`enalysis-edge run`: the daemon, one a site and a device. What it needs is loaded once its settings are good."""

import gc
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.ending import ALREADY_RUNNING, FAILED, GOOD, ending_at_once
from agent.cli.folded import say
from agent.cli.site_command import add_config, by_site_file, last_run

if TYPE_CHECKING:
    from agent.settings.schema import Settings


def add_arguments(parser: ArgumentParser) -> None:
    """The site file."""
    add_config(parser)


def run(asked: Namespace) -> int:
    """0 once it was told to stop, 1 without a store, 2 with a bad site file, 75 where another instance runs."""
    return by_site_file(asked, _run, _give_back)


def _give_back(site_file: Path) -> None:
    """What a run before has left behind is undone though the site file is broken: no start will do it.

    A daemon that runs steers on, and is not disturbed.
    """
    settings = last_run(site_file)
    if settings is None:
        return
    import asyncio

    from agent.adapters.devices.device_lock import DeviceLocks
    from agent.adapters.host.lock import AlreadyRunning, SiteLock
    from agent.cli.battery_release import release
    from agent.ports import StoreFailure

    try:
        with SiteLock(Path(settings.store.path)), DeviceLocks(settings):
            code, sentence = asyncio.run(release(settings, "the site file is broken"))
    except AlreadyRunning:
        return
    except StoreFailure as failure:
        code, sentence = FAILED, f"whether the battery was given back is not known: {failure}"
    say(sentence, sys.stderr)
    if code != GOOD:
        say(f"the battery may still be steered: `enalysis-edge release --config {site_file}` gives it back", sys.stderr)


def _run(settings: "Settings", asked: Namespace) -> int:
    gc.disable()  # until everything is built: nothing of it is garbage
    with ending_at_once():  # until ``serve`` listens to it, nothing is steered and an interrupt ends us as it comes
        return _start(settings, asked)


def _start(settings: "Settings", asked: Namespace) -> int:
    from agent.adapters.devices.device_lock import DeviceLocks
    from agent.adapters.host import logs
    from agent.adapters.host.lock import AlreadyRunning, SiteLock

    logs.configure(settings.log.level)  # before structlog is imported elsewhere
    import asyncio

    from agent.cli.serve import serve
    from agent.ports import StoreFailure
    from agent.settings.site_file import SiteFile

    site_file = SiteFile(asked.config.absolute())
    try:
        with SiteLock(Path(settings.store.path)), DeviceLocks(settings) as locks:
            return asyncio.run(serve(settings, site_file, locks))
    except AlreadyRunning as error:
        say(str(error), sys.stderr)
        return ALREADY_RUNNING
    except StoreFailure as error:
        say(str(error), sys.stderr)
        return FAILED
