"""The settings that the agent last started with, for commands that find the site file broken.

The daemon reads the site file once, at its start, and keeps what it read in its store.
"""

import re
import tomllib
from pathlib import Path

from pydantic import ValidationError

from agent.settings.schema import Settings
from agent.settings.sections import Store

DOCUMENT = "settings"
LARGEST_FILE = 1024 * 1024
_SECTION = re.compile(r"^\s*\[\s*store\s*\]\s*(?:#.*)?$(.*?)(?=^\s*\[|\Z)", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"""^\s*path\s*=\s*(?:"([^"\n]+)"|'([^'\n]+)')""", re.MULTILINE)


def store_of(site_file: Path) -> Path:
    """Where the store is that ``site_file`` names, as far as that can be read, else where it is when left out."""
    try:
        with site_file.open("rb") as file:
            text = file.read(LARGEST_FILE).decode("utf-8", "replace")
    except (OSError, ValueError):
        return Path(Store().path)
    named = _named(text)
    return Path(Store().path) if named is None else site_file.absolute().parent / named


def settings_of(document: str) -> Settings | None:
    """The settings that were kept; None where another version kept them in a way that this one does not read."""
    try:
        return Settings.model_validate_json(document)
    except ValidationError:
        return None


def _named(text: str) -> str | None:
    try:
        store = tomllib.loads(text).get("store")
        path = store.get("path") if isinstance(store, dict) else None
        return path if isinstance(path, str) and path else None
    except (ValueError, RecursionError):
        section = _SECTION.search(text)
        found = None if section is None else _PATH.search(section[1])
        return None if found is None else found[1] or found[2]
