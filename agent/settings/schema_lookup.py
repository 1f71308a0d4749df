"""What the schema says about a key of a site file: its description, its range, the keys beside it."""

from collections.abc import Mapping
from typing import Any

from agent.settings.problems import Key

Node = Mapping[str, Any]


def value_at(tables: Any, key: Key) -> Any:
    """What the file has at ``key``; None when it has nothing there."""
    for part in key:
        if isinstance(tables, dict):
            tables = tables.get(part)
        elif isinstance(tables, list) and isinstance(part, int) and part < len(tables):
            tables = tables[part]
        else:
            return None
    return tables


class Catalogue:
    """A JSON schema made by pydantic, asked by key. The file's content decides between kinds of a section."""

    def __init__(self, schema: Node, tables: Mapping[str, Any]) -> None:
        self._schema, self._tables = schema, tables

    def node(self, key: Key) -> Node:
        """The schema of ``key``, empty when it is unknown."""
        node = self._plain(self._schema, ())
        for depth, part in enumerate(key, 1):
            inner = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
            node = self._plain(inner, key[:depth])
        return node

    def keys(self, section: Key) -> Mapping[str, Node]:
        """The keys of a section."""
        found: Mapping[str, Node] = self.node(section).get("properties", {})
        return found

    def sections_with(self, name: str) -> list[str]:
        """Headers of the other sections in which there is a key called ``name``."""
        found = []
        for section, node in self.keys(()).items():
            plain = self._plain(node, (section,))
            if name in self._plain(plain.get("items", plain), (section,)).get("properties", {}):
                found.append(f"[[{section}]]" if "items" in plain else f"[{section}]")
        return found

    def header(self, key: Key) -> str:
        """The header of a section as it is written in the file; empty when ``key`` is no section."""
        words = ".".join(part for part in key if isinstance(part, str))
        node, value = self.node(key), value_at(self._tables, key)
        is_section = "properties" in node or "kinds" in node
        if (isinstance(value, dict) and not node) or (is_section and (value is None or isinstance(value, dict))):
            number = next((part for part in reversed(key) if isinstance(part, int)), None)
            is_of_list = bool(key) and isinstance(key[-1], int)  # else it may be a table of one
            written = f"[[{words}]]" if is_of_list else f"[{words}]"
            return written if number is None else f"{written} {number + 1}:"
        return f"[[{words}]]" if "properties" in self._plain(node.get("items", {}), key) else ""

    def name(self, key: Key) -> str:
        """A key as people find it in the file: ``[battery] usable_wh``, ``[[device]] 2: host``."""
        for depth in range(len(key), 0, -1):
            header = self.header(key[:depth])
            if header:
                rest = " ".join(str(part + 1) if isinstance(part, int) else part for part in key[depth:])
                return f"{header} {rest}".rstrip().removesuffix(":")
        return " ".join(str(part) for part in key)

    def _plain(self, node: Node, key: Key) -> Node:
        """``node`` with its references followed and its choice made. What may be left out is taken as given."""
        given = [arm for arm in node.get("anyOf", ()) if arm != {"type": "null"}]
        if len(given) == 1:
            node = {**given[0], **{name: value for name, value in node.items() if name != "anyOf"}}
        if "$ref" in node:
            target = self._schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
            node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
        if "discriminator" in node:
            section = value_at(self._tables, key)
            kind = section.get("kind") if isinstance(section, dict) else None
            mapping = node["discriminator"]["mapping"]
            found = mapping.get(kind) if isinstance(kind, str) else None
            if found is None:
                return {"type": "object", "kinds": list(mapping), "description": node.get("description", "")}
            return self._plain({"$ref": found}, key)
        return node
