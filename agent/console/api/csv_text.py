"""A series or a page as CSV. Pure.

A text that a spreadsheet would take for a formula is led by an apostrophe; numbers are written as they are.
"""

import csv
import io
from collections.abc import Sequence

from agent.console.reading.shapes import Document

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(document: Document) -> str:
    """The columns of its ``series``, or the entries of its ``items``, with a line of names above."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in _rows(document):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _rows(document: Document) -> list[Sequence[object]]:
    if "items" in document:
        items: list[Document] = document["items"]
        names = [name for name, value in items[0].items() if not isinstance(value, dict | list)] if items else []
        return [names, *([item[name] for name in names] for item in items)]
    series: Document = document["series"] or {"at": []}
    return [list(series), *zip(*series.values(), strict=True)]


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
