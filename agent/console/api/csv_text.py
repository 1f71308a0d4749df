"""A series or a page as CSV. Pure.

A text that a spreadsheet would take for a formula is led by an apostrophe; numbers are written as they are. With a
decimal comma the cells stand between semicolons, and a mark says that it is UTF-8: so a double click opens it as a
table where German is spoken, and 1.15 is no 15 January.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from agent.console.reading.shapes import Document

BYTE_ORDER_MARK = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(document: Document, decimal: str = "point") -> str:
    """The columns of its ``series``, or the entries of its ``items``, with a line of names above.

    ``decimal`` is ``point`` or ``comma``.
    """
    text, has_comma = io.StringIO(), decimal == "comma"
    text.write(BYTE_ORDER_MARK if has_comma else "")
    writer = csv.writer(text, delimiter=";" if has_comma else ",", lineterminator="\r\n")
    for row in _rows(document):
        writer.writerow([_cell(value, has_comma) for value in row])
    return text.getvalue()


def _rows(document: Document) -> list[Sequence[object]]:
    if "items" in document:
        items: list[Document] = document["items"]
        nested = {name for item in items for name, value in item.items() if isinstance(value, dict | list)}
        flat = [dict(_cells(item, nested)) for item in items]
        names = list(dict.fromkeys(name for item in flat for name in item))
        return [names, *([item.get(name) for name in names] for item in flat)]
    series: Document = document["series"] or {"at": []}
    return [list(series), *zip(*series.values(), strict=True)]


def _cells(item: Document, nested: set[str]) -> Iterator[tuple[str, object]]:
    """What ``item`` says by column. Of a part in it, which others may lack, each value is one: ``outcome_saved``.

    Lists, and the values that a sentence is made of, are left out: the sentence itself is a column.
    """
    for name, value in item.items():
        if name not in nested:
            yield name, value
        elif isinstance(value, dict) and not name.endswith("_values"):
            yield from ((f"{name}_{key}", one) for key, one in value.items() if not isinstance(one, dict | list))


def _cell(value: object, has_comma: bool) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return str(value).replace(".", ",") if has_comma and isinstance(value, float) else value
