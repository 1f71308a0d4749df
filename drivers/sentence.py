"""A sentence of the programme: English text that also knows its code and its values, so that it can be translated.

A sentence is made by a template. It is a ``str``, so whoever shows, logs or compares the text needs to know nothing of
this. ``str()`` of an exception leaves code and values out: ``sentence_of`` gives the sentence that it was raised with.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec

P = ParamSpec("P")

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


def sentence_of(error: BaseException) -> str:
    """What ``error`` was raised with where that is a sentence, else its text."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Sentence) else str(error)
