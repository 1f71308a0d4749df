"""The items of the security checklist, and the mark by which a test says that it shows one.

A test anywhere in ``tests/`` may carry it, several where it shows several::

    @security(3, shows="a publish to another site's topic is answered with 0x87")
    async def test_...
"""

from collections.abc import Callable
from csv import DictReader
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

LIST = Path(__file__).with_name("items.tsv")
Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Item:
    """What is asked, how it is to be tried, and where the law or the standard asks for it (``tags``)."""

    number: int
    asked: str
    tried_by: str
    tags: str


def items() -> tuple[Item, ...]:
    with LIST.open(encoding="utf-8", newline="") as text:
        return tuple(
            Item(int(line["item"]), line["asked"], line["tried_by"], line["tags"])
            for line in DictReader(text, delimiter="\t")
        )


def security(item: int, *, shows: str) -> Callable[[Test], Test]:
    """Mark a test as one of ``item``; ``shows`` is what it shows, in a few words for the table."""
    return pytest.mark.security(item, shows=shows)
