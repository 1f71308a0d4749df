"""Frozen nouns to JSON and back, for the pipe between controller and planner and for documents kept in the store.

A text that is a ``Sentence`` keeps its code and values: it becomes an object of text, code and values, and from that
a sentence again.

Strict on the way in: an unknown or missing field, or a value of another type, raises WireError with the path to it.
A set is a list in order, so that the same noun is always the same text.
What lasts may have been written by a later release, which this one was installed over: there a field that is not known
is left out (``newer``).
A field that had another name in an earlier release says so by ``formerly``, and is read under both.
Python's own ``json`` reads NaN and Infinity; they are let through here and refused by the checks that know the meaning.
"""

import dataclasses
import json
import types
from datetime import date, time
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from agent.domain.sentence import Sentence, coded, read_coded

T = TypeVar("T")
_FLAT = frozenset({float, int, str, bool, type(None)})
_NUMBERS = {float: frozenset({float}), float | None: frozenset({float, type(None)})}
_FORMERLY = "formerly"


class WireError(ValueError):
    """The text is not what it should be. ``str()`` names the place."""


def formerly(name: str) -> dict[str, str]:
    """The metadata of a field that documents in the stores of earlier releases call ``name``."""
    return {_FORMERLY: name}


def to_json(noun: Any, digits: int | None = None) -> str:
    """Compact JSON of a frozen dataclass; numbers to ``digits`` significant digits where that is given."""
    plain = _plain(noun)
    return json.dumps(plain if digits is None else _rounded(plain, digits), separators=(",", ":"))


def from_json(kind: type[T], text: str | bytes, newer: bool = False) -> T:
    """Rebuild a ``kind`` from its JSON, which a ``newer`` release may have written."""
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise WireError(f"{kind.__name__}: not JSON: {error}") from error
    except RecursionError:
        raise WireError(f"{kind.__name__}: it is nested too deeply") from None
    return _build(kind, plain, kind.__name__, newer)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if type(value) in _FLAT:
        return value
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Sentence):
        return {"text": value, **(coded(value) or {})}
    if isinstance(value, tuple):
        return list(value) if _FLAT.issuperset(map(type, value)) else [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return [_plain(item) for item in sorted(value)]
    return value


def _rounded(plain: Any, digits: int) -> Any:
    if isinstance(plain, float):
        return float(f"{plain:.{digits}g}")
    if isinstance(plain, list):
        return [_rounded(item, digits) for item in plain]
    if isinstance(plain, dict):
        return {name: _rounded(item, digits) for name, item in plain.items()}
    return plain


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _former_names(kind: Any) -> dict[str, str]:
    """The name of today by that of earlier releases, of the fields that were renamed."""
    return {field.metadata[_FORMERLY]: field.name for field in dataclasses.fields(kind) if field.metadata}


def _build(kind: Any, plain: Any, place: str, newer: bool) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _build_optional(kind, plain, place, newer)
    if origin is tuple:
        return _build_tuple(get_args(kind), plain, place, newer)
    if origin is frozenset:
        return frozenset(_build_tuple((*get_args(kind), ...), plain, place, newer))
    if dataclasses.is_dataclass(kind):
        return _build_noun(kind, plain, place, newer)
    return _build_scalar(kind, plain, place)


def _build_optional(kind: Any, plain: Any, place: str, newer: bool) -> Any:
    choices = [choice for choice in get_args(kind) if choice is not type(None)]
    if plain is None and len(choices) < len(get_args(kind)):
        return None
    if len(choices) != 1:
        raise WireError(f"{place}: {kind} cannot cross the wire")
    return _build(choices[0], plain, place, newer)


def _build_tuple(arguments: tuple[Any, ...], plain: Any, place: str, newer: bool) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise WireError(f"{place}: a list was expected")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        if arguments[0] in _NUMBERS and _NUMBERS[arguments[0]].issuperset(map(type, plain)):
            return tuple(plain)
        return tuple(_build(arguments[0], item, f"{place}[{i}]", newer) for i, item in enumerate(plain))
    if len(arguments) != len(plain):
        raise WireError(f"{place}: {len(arguments)} entries were expected")
    return tuple(
        _build(kind, item, f"{place}[{i}]", newer) for i, (kind, item) in enumerate(zip(arguments, plain, strict=True))
    )


def _build_noun(kind: Any, plain: Any, place: str, newer: bool) -> Any:
    if not isinstance(plain, dict):
        raise WireError(f"{place}: an object was expected")
    hints, former = _hints(kind), _former_names(kind)
    if former:
        plain = {former[name] if former.get(name, name) not in plain else name: item for name, item in plain.items()}
    unknown = plain.keys() - hints.keys()
    if unknown and not newer:
        raise WireError(f"{place}: unknown field {min(unknown)}")
    known = {name: item for name, item in plain.items() if name in hints} if unknown else plain
    found = {name: _build(hints[name], item, f"{place}.{name}", newer) for name, item in known.items()}
    try:
        return kind(**found)
    except (TypeError, ValueError) as error:
        missing = [field.name for field in dataclasses.fields(kind) if field.name not in found and _is_needed(field)]
        raise WireError(f"{place}: {'without ' + ', '.join(missing) if missing else error}") from error


def _is_needed(field: "dataclasses.Field[Any]") -> bool:
    has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    return field.init and not has_default


def _build_scalar(kind: Any, plain: Any, place: str) -> Any:
    if kind is float and type(plain) in (int, float):
        try:
            return float(plain)
        except OverflowError:
            raise WireError(f"{place}: the number is too large") from None
    if kind in (str, int, bool) and type(plain) is kind:
        return plain
    if kind is str and isinstance(plain, dict) and isinstance(plain.get("text"), str):
        return read_coded(plain["text"], plain)
    if isinstance(plain, str) and isinstance(kind, type):
        try:
            if issubclass(kind, date | time):
                return kind.fromisoformat(plain)
        except ValueError as error:
            raise WireError(f"{place}: {error}") from error
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(plain)
        except ValueError:
            known = ", ".join(str(member.value) for member in kind)
            raise WireError(f"{place}: {plain!r} is none of {known}") from None
    raise WireError(f"{place}: {getattr(kind, '__name__', kind)} was expected, not {type(plain).__name__}")
