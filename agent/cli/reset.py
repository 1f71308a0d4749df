"""`enalysis-edge reset`: back to how it was delivered. The battery is given back first; nothing of the site stays."""

import shutil
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.ending import ALREADY_RUNNING, BAD_SETTINGS, FAILED, GOOD, WRONG
from agent.cli.folded import say
from agent.cli.site_command import add_config, settings_at_hand

if TYPE_CHECKING:
    from agent.cli.belongings import Belongings
    from agent.settings.schema import Settings

JOURNAL = "what the agent logged is in the system's journal as long as that keeps it"


class NotReset(Exception):
    """Nothing was removed. ``str()`` says why."""


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, and what is not asked."""
    add_config(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--site-file", action="store_true", help="remove the site file, too")
    parser.add_argument(
        "--without-battery", action="store_true", help="go on where the battery's device cannot be reached any more"
    )


def run(asked: Namespace) -> int:
    """0 where all was removed, 1 where not, 2 without a site file or anybody to ask, 75 while the daemon runs."""
    if not asked.yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        say("nobody can be asked here: a reset wants a terminal, or --yes", sys.stderr)
        return WRONG
    found = settings_at_hand(asked.config)
    return BAD_SETTINGS if found is None else _locked(found[0], asked)


def _locked(settings: "Settings", asked: Namespace) -> int:
    from agent.adapters.devices.device_lock import DeviceLocks
    from agent.adapters.host.lock import AlreadyRunning, SiteLock
    from agent.ports import StoreFailure

    try:
        with SiteLock(Path(settings.store.path)), DeviceLocks(settings):
            return _reset(settings, asked)
    except (AlreadyRunning, StoreFailure, NotReset) as error:
        say(f"nothing was removed: {error}", sys.stderr)
        return ALREADY_RUNNING if isinstance(error, AlreadyRunning) else FAILED


def _reset(settings: "Settings", asked: Namespace) -> int:
    """Raises NotReset."""
    from agent.cli.belongings import belongings

    try:
        found = belongings(asked.config, settings)
    except OSError as error:
        raise NotReset(f"{error.filename} cannot be looked at: {error.strerror}") from error
    site_files = (asked.config,) if asked.site_file else ()
    _show(found, site_files)
    if not asked.yes and not _agreed(settings.site.id):
        raise NotReset("it was not confirmed")
    _release(settings, asked)
    found = belongings(asked.config, settings)  # who reads the store meanwhile leaves its log and index beside it
    stayed = [sentence for path in (*found.all, *site_files) if (sentence := _remove(path)) is not None]
    for sentence in stayed:
        say(sentence, sys.stderr)
    kept = "" if asked.site_file else f"; the site file {asked.config} stays, --site-file removes it"
    say(f"removed: {len(found.all) + len(site_files) - len(stayed)} files and folders{kept}; {JOURNAL}")
    return FAILED if stayed else GOOD


def _show(found: "Belongings", site_files: tuple[Path, ...]) -> None:
    parts = {
        "permit to steer": found.permit,
        "keys and passwords": found.keys,
        "data, history, models, accounts": found.history,
        **({"site file": site_files} if site_files else {}),
    }
    for what, paths in parts.items():
        say(f"{what}: {', '.join(map(str, paths)) or 'none is there'}")
    if found.left:
        say(f"not of the agent, left alone: {', '.join(map(str, found.left))}")


def _agreed(site_id: str) -> bool:
    say(f"All of this will be gone; `enalysis-edge export` keeps a copy.\nType the site's id, {site_id}, to go on:")
    try:
        return input("> ").strip() == site_id
    except EOFError:
        return False


def _release(settings: "Settings", asked: Namespace) -> None:
    """While the store still knows what the device held before. Raises NotReset where it cannot be reached."""
    import asyncio

    from agent.cli.battery_release import release
    from agent.settings.permit import permission_of

    code, sentence = asyncio.run(release(settings, permission_of(asked.config, settings).locked))
    say(sentence, sys.stdout if code == GOOD else sys.stderr)
    if code != GOOD and not asked.without_battery:
        raise NotReset("the battery must be given back first; --without-battery goes on where it is gone for good")


def _remove(path: Path) -> str | None:
    """Why it stays; None where it has gone."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        return f"{error.filename or path} stays: {(error.strerror or str(error)).lower()}"
    return None
