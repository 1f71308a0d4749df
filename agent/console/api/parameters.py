"""The parameters of an endpoint as a table: what an address or a body may say, checked in one place. Pure."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from agent.console.problem import Problem


class Kind(Enum):
    """What a value is, and its type in JSON Schema."""

    TEXT = "string"
    TIME = "date-time"  # an instant, or a date where a range is asked for
    WHOLE = "integer"
    NUMBER = "number"
    NUMBERS = "array"
    WORDS = "array of words"


@dataclass(frozen=True, slots=True)
class Parameter:
    """``choices`` are the only texts; ``low``..``high`` bound a number, or the count of several values."""

    name: str
    kind: Kind
    words: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    default: Any = None
    required: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """In JSON Schema."""
        found: dict[str, Any] = {"type": self.kind.value}
        low: dict[str, Any] = {"minimum": self.low}
        high: dict[str, Any] = {"maximum": self.high}
        match self.kind:
            case Kind.TEXT:
                low, high = {"minLength": 1}, {"maxLength": LONGEST_TEXT}
            case Kind.TIME:
                found = {"type": "string", "examples": TIMES}
            case Kind.NUMBERS | Kind.WORDS:
                one = {"type": "number"} if self.kind is Kind.NUMBERS else {"type": "string", "enum": [*self.choices]}
                found = {"type": "array", "items": one}
                low, high = {"minItems": self.low}, {"maxItems": self.high}
            case Kind.WHOLE | Kind.NUMBER:
                pass
        if self.choices and self.kind is not Kind.WORDS:
            low, high = {"enum": [*self.choices]}, {}
        found |= {name: value for name, value in (low | high).items() if value is not None}
        return found if self.default is None else found | {"default": self.default}


LONGEST_TEXT = 200
LARGEST = sys.float_info.max  # a whole number of JSON may be larger: it cannot be reckoned or written with
TIMES = ["2026-06-01", "2026-06-01T18:00:00+02:00"]
Values = dict[str, Any]


def from_query(known: Sequence[Parameter], pairs: Iterable[tuple[str, str]]) -> Values:
    """By name; None, or the default, for what is not there. Raises Problem."""
    found: dict[str, str] = {}
    for name, text in pairs:
        if name in found:
            raise Problem("bad_value", f"{name} is there twice", name)
        found[name] = text
    return _checked(known, {name: _from_text(_known(known, name), text) for name, text in found.items()})


def from_body(known: Sequence[Parameter], body: bytes) -> Values:
    """As ``from_query``, of a JSON object; no body is one without keys. Raises Problem."""
    try:
        found = json.loads(body, parse_constant=_refuse) if body else {}
    except (ValueError, RecursionError) as error:
        raise Problem("not_json", "the body is not JSON") from error
    if not isinstance(found, dict):
        raise Problem("not_json", "the body is not a JSON object")
    return _checked(known, {name: value for name, value in found.items() if _known(known, name) and value is not None})


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _known(known: Sequence[Parameter], name: str) -> Parameter:
    for parameter in known:
        if parameter.name == name:
            return parameter
    names = ", ".join(parameter.name for parameter in known) or "none"
    raise Problem("unknown_parameter", f"there is no parameter {name[:40]!r} here: known are {names}", name[:40])


def _from_text(parameter: Parameter, text: str) -> Any:
    try:
        match parameter.kind:
            case Kind.TEXT | Kind.TIME:
                return text
            case Kind.WHOLE:
                return int(text)
            case Kind.NUMBER:
                return float(text)
            case Kind.NUMBERS:
                return [float(part) for part in text.split(",")]
            case Kind.WORDS:
                return text.split(",")
    except ValueError:
        raise Problem("bad_value", f"{parameter.name} {text[:40]!r} is no number", parameter.name) from None


def _checked(known: Sequence[Parameter], found: Mapping[str, Any]) -> Values:
    values: Values = {}
    for parameter in known:
        value = found.get(parameter.name)
        if value is None and parameter.required:
            raise Problem("bad_value", f"{parameter.name} is missing: {parameter.words}", parameter.name)
        values[parameter.name] = parameter.default if value is None else _sound(parameter, value)
    return values


def _sound(parameter: Parameter, value: Any) -> Any:
    match parameter.kind:
        case Kind.TEXT | Kind.TIME:
            return _text(parameter, value)
        case Kind.WHOLE | Kind.NUMBER:
            return _number(parameter, value)
        case Kind.NUMBERS | Kind.WORDS:
            return _several(parameter, value)


def _text(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or not value.isprintable():
        raise _bad(parameter, f"is no text of 1 to {LONGEST_TEXT} characters")
    if parameter.choices and value not in parameter.choices:
        raise _bad(parameter, f"{value[:40]!r} is none of {', '.join(parameter.choices)}")
    return value


def _number(parameter: Parameter, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
        raise _bad(parameter, "is no number")
    if parameter.kind is Kind.WHOLE and not isinstance(value, int):
        raise _bad(parameter, "is no whole number")
    _within(parameter, value, "is")
    return value


def _several(parameter: Parameter, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _bad(parameter, "is no list")
    _within(parameter, len(value), "has a length of")
    if parameter.kind is Kind.WORDS:
        one = Parameter(parameter.name, Kind.TEXT, parameter.words, parameter.choices)
        return [_text(one, word) for word in value]
    return [float(_number(Parameter(parameter.name, Kind.NUMBER, parameter.words), number)) for number in value]


def _within(parameter: Parameter, value: float, verb: str) -> None:
    low, high = parameter.low, parameter.high
    if (low is not None and value < low) or (high is not None and value > high):
        raise _bad(parameter, f"{verb} {value:g}, which is not from {low:g} to {high:g}")


def _bad(parameter: Parameter, what: str) -> Problem:
    return Problem("bad_value", f"{parameter.name} {what}", parameter.name)


def instant(values: Values, name: str) -> datetime | None:
    """The parameter ``name`` as an instant with its offset; None where it is not there. Raises Problem."""
    text = values[name]
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 2000 <= at.year < 2100:
        raise Problem("bad_value", f"{name} {text!r} is no time: write 2026-06-01T18:00+02:00", name)
    return at
