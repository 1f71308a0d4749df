"""The settings that the agent last started with, for commands that find the site file broken.

The daemon keeps what it goes by of the site file in its store.
"""

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
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


def differences(before: Settings | str, after: Settings) -> list[str]:
    """Each key whose value is another, as ``device.2.unit_id 2 to 1``; - where there is none.

    ``before`` may be the kept document. What may be a secret is named without its values. Of a section that came or
    went, and of a newer version, those keys are left out that nobody has written.
    """
    try:
        old, new = _values(before), _values(after)
    except (ValueError, RecursionError):
        return []
    written = _written(before) | _written(after)
    keys = [*new, *(key for key in old if key not in new)]
    told = [key for key in keys if old.get(key) != new.get(key) and ((key in old and key in new) or key in written)]
    bare = [key for key in keys if _is_bare_section(key, old, new, told) or _is_bare_section(key, new, old, told)]
    return [key if _SECRET.search(key) else f"{key} {_shown(old, key)} to {_shown(new, key)}" for key in (*told, *bare)]


def _is_bare_section(key: str, one: Mapping[str, Any], other: Mapping[str, Any], told: Collection[str]) -> bool:
    """Whether ``key`` is a section that only the ``other`` settings have, and of which no key is ``told``."""
    inside = f"{key}."
    return (
        key in one
        and key not in other
        and any(place.startswith(inside) for place in other)
        and not any(place.startswith(inside) for place in told)
    )


def _values(settings: Settings | str) -> dict[str, Any]:
    document = settings if isinstance(settings, str) else settings.model_dump_json(by_alias=True)
    return dict(_leaves(json.loads(document), ""))


def _written(settings: Settings | str) -> set[str]:
    """The keys that are not left to what they are when left out; of a kept document, all of them."""
    if isinstance(settings, str):
        return set(_values(settings))
    return set(dict(_leaves(json.loads(settings.model_dump_json(by_alias=True, exclude_unset=True)), "")))


def _shown(leaves: Mapping[str, Any], key: str) -> str:
    if key in leaves:
        return "-" if leaves[key] is None and not key.count(".") else json.dumps(leaves[key])
    return "as it comes" if any(place.startswith(f"{key}.") for place in leaves) else "-"


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
