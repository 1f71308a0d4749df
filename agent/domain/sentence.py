"""A sentence of the controller: English text that also knows its code and its values, so that a page can translate it.

A sentence is made by a template of ``agent.domain.sentences``. It is a ``str``, so whoever shows, logs or compares the
text needs to know nothing of this; whoever writes it down for the pages writes ``coded`` beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Generic, ParamSpec

from agent.domain.printable import writable

P = ParamSpec("P")
Coded = dict[str, Any]  # {"code": str, "values": {name: number, text, time as ISO text, or such a dict}}

SIGNIFICANT = 5  # digits of a number that is kept: more than any page shows
TEMPLATES: "dict[str, Template[Any]]" = {}  # all that were defined, by code


class Sentence(str):
    """``code`` names its template. ``values`` are what the template was given: names end in their unit.

    A time is a datetime with a zone, in which the English text shows it. A text may be a sentence itself.
    """

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, Any]

    def __new__(cls, text: str, code: str, values: Mapping[str, Any]) -> "Sentence":
        sentence = super().__new__(cls, text)
        sentence.code, sentence.values = code, values
        return sentence

    def __getnewargs__(self) -> tuple[str, str, Mapping[str, Any]]:  # type: ignore[override]  # as a str is copied
        return str(self), self.code, self.values


class Template(Generic[P]):
    """A function from values, by name, to English text; called with the same values it gives the sentence.

    Its code is the function's name, and stands in the stores: a template whose values change gets another name.
    """

    __slots__ = ("code", "text")

    def __init__(self, text: Callable[P, str]) -> None:
        self.text, self.code = text, text.__name__
        if self.code in TEMPLATES:
            raise ValueError(f"there are two templates {self.code}")
        TEMPLATES[self.code] = self

    def __call__(self, *args: P.args, **values: P.kwargs) -> Sentence:
        return Sentence(self.text(*args, **values), self.code, values)


def coded(text: str | None) -> Coded | None:
    """Code and values of a sentence as plain JSON values: times as ISO text (UTC). None for any other text."""
    if not isinstance(text, Sentence):
        return None
    return {"code": text.code, "values": {name: _plain(value) for name, value in text.values.items()}}


def named(name: str, text: str | None) -> dict[str, object]:
    """``text`` under ``name``, its code and values beside it as ``name_code`` and ``name_values``, null without."""
    found = coded(text) or {"code": None, "values": None}
    return {name: text, f"{name}_code": found["code"], f"{name}_values": found["values"]}


def listed(name: str, texts: Sequence[str]) -> dict[str, object]:
    """``texts`` under ``name``, and as ``name_said`` each with its code and values."""
    return {name: list(texts), f"{name}_said": [named("text", text) for text in texts]}


def read_coded(text: str, found: object) -> str:
    """``text`` as the sentence that ``found`` (see ``coded``) says it is; as it stands where ``found`` says nothing."""
    match found:
        case {"code": str() as code, "values": dict() as values}:
            return Sentence(text, code, values)
        case _:
            return text


def _plain(value: object) -> object:
    if isinstance(value, Sentence):
        return coded(value)
    if isinstance(value, str):  # its text may quote what UTF-8 cannot have, and be writable all the same
        return writable(value)
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT}g}") if isfinite(value) else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value
