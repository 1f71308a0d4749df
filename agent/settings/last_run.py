"""The settings that the agent last started with, for commands that find the site file broken.

The daemon keeps what it goes by of the site file in its store.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.settings.schema import Settings
from agent.settings.sections import Store
from agent.settings.site_file import LAST_GOOD

LARGEST_FILE = 1024 * 1024
_SECTION = re.compile(r"^\s*\[\s*store\s*\]\s*(?:#.*)?$(.*?)(?=^\s*\[|\Z)", re.MULTILINE | re.DOTALL)
_SECRET = re.compile(r"password|secret|token|username|credential|(^|[._])pin($|[._])", re.IGNORECASE)
_PATH = re.compile(r"""^\s*path\s*=\s*(?:"([^"\n]+)"|'([^'\n]+)')""", re.MULTILINE)


def store_of(site_file: Path) -> Path:
    """Where the store is that ``site_file`` names, as far as that can be read, else where it is when left out.

    Of a file that is gone or was emptied, the last good copy says it where that lies in the same folder.
    """
    for file in (site_file, site_file.absolute().with_name(LAST_GOOD)):
        named = _named(_text(file))
        if named is not None:
            return site_file.absolute().parent / named
    return Path(Store().path)


def settings_of(document: str) -> Settings | None:
    """The settings that were kept; None where another version kept them in a way that this one does not read."""
    try:
        return Settings.model_validate_json(document)
    except ValidationError:
        return None


def differences(before: str, after: str) -> list[str]:
    """Each key of two kept settings whose value is another, as ``device.2.unit_id 2 to 1``; - where there is none.

    What may be a secret is named without its values.
    """
    try:
        old, new = dict(_leaves(json.loads(before), "")), dict(_leaves(json.loads(after), ""))
    except (ValueError, RecursionError):
        return []
    keys = [*new, *(key for key in old if key not in new)]
    return [
        key if _SECRET.search(key) else f"{key} {_shown(old, key)} to {_shown(new, key)}"
        for key in keys
        if old.get(key) != new.get(key)  # a key of a newer version that says nothing is no change
    ]


def _shown(leaves: Mapping[str, Any], key: str) -> str:
    return json.dumps(leaves[key]) if key in leaves else "-"


def _leaves(tree: Any, place: str) -> Iterator[tuple[str, Any]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree, 1) if isinstance(tree, list) else None
    if items is None:
        yield place, tree
        return
    for key, value in items:
        yield from _leaves(value, f"{place}.{key}" if place else str(key))


def _text(file: Path) -> str:
    try:
        with file.open("rb") as found:
            return found.read(LARGEST_FILE).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def _named(text: str) -> str | None:
    try:
        store = tomllib.loads(text).get("store")
        path = store.get("path") if isinstance(store, dict) else None
        return path if isinstance(path, str) and path else None
    except (ValueError, RecursionError):
        section = _SECTION.search(text)
        found = None if section is None else _PATH.search(section[1])
        return None if found is None else found[1] or found[2]
