"""Sentences of the controller, as they are written down for the pages and read again: with their code and values.

A sentence is made by a template of ``agent.domain.sentences``, or of the drivers. Whoever writes it down for
the pages writes ``coded`` beside it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from agent.domain.printable import writable
from drivers.sentence import TEMPLATES, Sentence, Template, sentence_of

__all__ = [
    "TEMPLATES", "Coded", "Sentence", "Template", "coded", "listed", "named", "read_coded", "sentence_of",
]  # fmt: skip

Coded = dict[str, Any]  # {"code": str, "values": {name: number, text, time as ISO text, or such a dict}}

SIGNIFICANT = 5  # digits of a number that is kept: more than any page shows


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
