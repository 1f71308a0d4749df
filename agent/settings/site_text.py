"""A site file as text, each key with the schema's own words about it. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.settings.load import schema
from agent.settings.problems import Key
from agent.settings.schema_lookup import Catalogue
from agent.settings.words import number

WIDTH = 100
HEAD = """\
# The site file of Enalysis Edge, made by `enalysis-edge configure`. Every key that there is: config/site.example.toml.
# After a change: enalysis-edge check FILE
"""


def site_text(tables: Mapping[str, Any], device_sections: Sequence[str]) -> str:
    """``tables`` but their devices, whose sections are given as text."""
    catalogue = Catalogue(schema(), tables)
    names = [name for name in catalogue.keys(()) if name in tables and name != "device"]
    sections = ["\n".join(_section(catalogue, (name,), tables[name])) + "\n" for name in names]
    return "\n".join([HEAD, *sections, *device_sections])


def _section(catalogue: Catalogue, key: Key, table: Mapping[str, Any]) -> Iterator[str]:
    """Its own keys first, then the sections in it."""
    plain = {name: value for name, value in table.items() if not _is_section(value)}
    if plain:
        yield f"[{'.'.join(map(str, key))}]"
        for name, value in plain.items():
            yield from _line(name, value, catalogue.node((*key, name)).get("description", ""))
    for name, value in table.items():
        if isinstance(value, dict):
            if plain or name != next(iter(table)):
                yield ""
            yield from _section(catalogue, (*key, name), value)
        elif _is_section(value):
            for one in value:
                yield ""
                yield f"[[{'.'.join(map(str, (*key, name)))}]]"
                yield from (f"{word} = {_written(found)}" for word, found in one.items())


def _line(name: str, value: Any, description: str) -> Iterator[str]:
    line = f"{name} = {_written(value)}"
    if len(line) + len(description) + 4 <= WIDTH:
        yield f"{line}  # {description}" if description else line
    else:
        yield f"# {description}"
        yield line


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
