"""What the commands on a site share: the option that names its file, and its settings.

Only what is used is loaded: `run` and `release` start with this.
"""

import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.cli.ending import BAD_SETTINGS, GOOD, ending_at_once
from agent.cli.folded import say

if TYPE_CHECKING:
    from agent.settings.schema import Settings

SITE_FILE = Path("/etc/enalysis-edge/site.toml")

SiteCommand = Callable[["Settings", Namespace], int]
Read = TypeVar("Read")


def add_config(parser: ArgumentParser, told: str = "the site file") -> None:
    """The site file, as ``asked.config``."""
    parser.add_argument("--config", type=Path, default=SITE_FILE, metavar="FILE", help=told)


def add_config_again(parser: ArgumentParser) -> None:
    """The same after the word for an action, where ``add_config`` was told before it; left out, that one counts."""
    parser.add_argument("--config", type=Path, default=SUPPRESS, metavar="FILE", help="the site file")


def by_site_file(asked: Namespace, command: SiteCommand, otherwise: Callable[[Path], None] | None = None) -> int:
    """Exit code of ``command`` by the settings of the site file; 2 where that is broken, which is then said.

    What else is to be done about a broken site file is ``otherwise``.
    """
    settings = _read_or_said(_site_file, asked.config)
    if settings is not None:
        return command(settings, asked)
    if otherwise is not None:
        otherwise(asked.config)
    return BAD_SETTINGS


def by_settings_at_hand(asked: Namespace, command: SiteCommand) -> int:
    """Exit code of a ``command`` that leaves nothing half done: Ctrl-C may end it anywhere.

    Where the site file is broken the command goes by the settings of the last run, and 2 is returned in place of 0.
    """
    found = settings_at_hand(asked.config)
    if found is None:
        return BAD_SETTINGS
    settings, good = found
    with ending_at_once():
        code = command(settings, asked)
    return code if good or code != GOOD else BAD_SETTINGS


def settings_at_hand(site_file: Path) -> "tuple[Settings, bool] | None":
    """The settings of the site file, or those the agent last started with; and whether the site file is good.

    What is wrong with it is said on standard error. None where the agent has never run with it.
    """
    return _read_or_said(_site_file_or_last_run, site_file)


def _read_or_said(read: Callable[[Path], Read], site_file: Path) -> Read | None:
    with ending_at_once():
        from agent.settings.load import SettingsError

        try:
            return read(site_file)
        except SettingsError as error:
            say(str(error), sys.stderr)
            return None


def _site_file(path: Path) -> "Settings":
    from agent.settings.load import load

    return load(path)


def _site_file_or_last_run(site_file: Path) -> "tuple[Settings, bool]":
    from agent.settings.load import SettingsError, load

    try:
        return load(site_file), True
    except SettingsError as error:
        settings = last_run(site_file)
        if settings is None:
            raise
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more, see check)" if others else ""
        say(f"{first}{more}", sys.stderr)
        say("the site file is broken; what follows is by the settings the agent last started with", sys.stderr)
        return settings, False


def last_run(site_file: Path) -> "Settings | None":
    """The settings that the agent last started with; None where they are not known."""
    from agent.adapters.store.store_reader import kept
    from agent.domain.documents import SETTINGS
    from agent.ports import StoreFailure
    from agent.settings.last_run import settings_of, store_of

    store = store_of(site_file)
    if not site_file.exists() or not store.exists():
        return None  # a name that was mistyped must not lead to another site
    try:
        document = kept(store, SETTINGS.name)
    except StoreFailure:
        return None
    return None if document is None else settings_of(document)
