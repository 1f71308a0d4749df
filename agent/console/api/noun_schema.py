"""The JSON Schema of a noun that a request's body is read as: the same types that ``from_json`` asks for. Pure."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime, time
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from agent.console.api.handled import Key

NO_KEY = Key("")
SCALARS: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    time: {"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"},
}


def noun_schema(noun: type, keys: Mapping[str, Key], place: str = "") -> dict[str, Any]:
    """``keys`` by name, those of a noun inside it after a dot."""
    hints, properties, required = get_type_hints(noun), {}, []
    for one in dataclasses.fields(noun):
        name = place + one.name
        key = keys.get(name, NO_KEY)
        found = _type_schema(hints[one.name], keys, f"{name}.")
        properties[one.name] = {**found, **key.limits, **({"description": key.words} if key.words else {})}
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            required.append(one.name)
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **needed}


def names(noun: type, place: str = "") -> list[str]:
    """Every key that ``keys`` of ``noun_schema`` may say something of."""
    found = []
    for name, hint in get_type_hints(noun).items():
        found.append(place + name)
        for inner in (hint, *get_args(hint)):
            if dataclasses.is_dataclass(inner) and isinstance(inner, type):
                found += names(inner, f"{place}{name}.")
    return found


def _type_schema(kind: Any, keys: Mapping[str, Key], place: str) -> dict[str, Any]:
    arguments = get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        found = _type_schema(arguments[0], keys, place)
        return {**found, "type": [found["type"], "null"]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _type_schema(arguments[0], keys, place)}
    if dataclasses.is_dataclass(kind):
        assert isinstance(kind, type)
        return noun_schema(kind, keys, place)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    return dict(SCALARS[kind])
