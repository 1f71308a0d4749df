"""The one way to write a JSON object, so that both ends of a signature have the same bytes (RFC 8785).

Members are sorted by their UTF-16 code units, no white space, text as UTF-8, numbers as ECMAScript writes them. What
the two could write differently is refused rather than written: whole numbers beyond 2**53, numbers nearer to 0 than
1e-6 or from 1e21 on, NaN and infinity, half a surrogate pair.
"""

import json
from collections.abc import Mapping
from typing import Any

MOST_WHOLE = 2**53
LEAST_PART, MOST_PART = 1e-6, 1e21  # between them ECMAScript uses no exponent (ECMA-262, Number::toString)


class NotCanonical(ValueError):
    """There is no one way to write it. ``str()`` says what and why."""


def canonical(members: Mapping[str, Any]) -> bytes:
    """The bytes of a JSON object. Raises NotCanonical."""
    try:
        return _written(members).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("a text holds half of a surrogate pair") from error
    except RecursionError:
        raise NotCanonical("it is nested too deeply") from None


def _written(value: Any) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int() | float():
            return _number(value)
        case list() | tuple():
            return "[" + ",".join(map(_written, value)) + "]"
        case Mapping():
            members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
            return "{" + ",".join(f"{_written(name)}:{_written(found)}" for name, found in members) + "}"
        case _:
            raise NotCanonical(f"a {type(value).__name__} is no JSON")


def _number(value: float) -> str:
    if isinstance(value, int):
        if abs(value) > MOST_WHOLE:
            raise NotCanonical("a whole number is beyond 2**53")
        return str(value)
    if value == 0.0:
        return "0"
    if not LEAST_PART <= abs(value) < MOST_PART:  # NaN is not between either
        raise NotCanonical("a number is too small, too large or none")
    return str(int(value)) if value.is_integer() else _plain(value)


def _plain(value: float) -> str:
    """The shortest digits that give ``value`` again, without an exponent: Python has one below 1e-4."""
    shown = repr(value)
    if "e" not in shown:
        return shown
    digits, exponent = shown.lstrip("-").split("e")
    sign, zeros = "-" if value < 0 else "", "0" * (-int(exponent) - 1)
    return f"{sign}0.{zeros}{digits.replace('.', '')}"
