"""The settings of a command: those of the site file, or those the agent last started with where that is broken."""

import sys
from pathlib import Path

from agent.adapters.store.store_reader import kept
from agent.domain.documents import SETTINGS
from agent.ports import StoreFailure
from agent.settings.last_run import settings_of, store_of
from agent.settings.load import SettingsError, load
from agent.settings.schema import Settings


def settings_at_hand(site_file: Path) -> tuple[Settings, bool]:
    """The settings, and whether the site file is good. What is wrong with it is said in two lines on standard error.

    Raises SettingsError where the agent has never run with it.
    """
    try:
        return load(site_file), True
    except SettingsError as error:
        settings = _last_run(site_file)
        if settings is None:
            raise
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more, see check)" if others else ""
        print(f"{first}{more}", file=sys.stderr)
        print("the site file is broken; what follows is by the settings the agent last started with", file=sys.stderr)
        return settings, False


def _last_run(site_file: Path) -> Settings | None:
    store = store_of(site_file)
    if not site_file.exists() or not store.exists():
        return None  # a name that was mistyped must not lead to another site
    try:
        document = kept(store, SETTINGS.name)
    except StoreFailure:
        return None
    return None if document is None else settings_of(document)
