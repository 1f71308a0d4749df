"""The rows of the fault catalogue, and what each test of a row says and proves of it.

A test names its row and what it promises; the fixture ``outcome`` holds it to each word::

    @fault(23, injected="the device stops answering on a real socket", neutral_s=60, alarm="device_lost")
    async def test_a_cable_that_is_pulled(tmp_path, outcome): ...
        outcome.neutral_after(43.0)
        outcome.raised("device_lost/inverter")
"""

from collections.abc import Callable
from csv import DictReader
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

LIST = Path(__file__).with_name("catalogue.tsv")
Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and what must happen."""

    number: int
    group: str
    fault: str
    required: str


@dataclass(frozen=True, slots=True)
class Promise:
    """What a test shows of a row. None: the word does not apply (control goes on, no row is at stake, no alarm).

    ``neutral_s`` is the longest time until the battery is left to its device or to our own rule, in seconds;
    ``rows_lost`` the number of committed rows that may be missing; ``alarm`` the kind that is raised.
    """

    row: int
    injected: str
    neutral_s: float | None
    rows_lost: int | None
    alarm: str | None
    test: str = ""


@dataclass(slots=True)
class Outcome:
    """Holds a test to its promise: each word that was promised must be shown, and none may be worse."""

    promise: Promise
    shown: set[str] = field(default_factory=set)

    def neutral_after(self, seconds: float) -> None:
        assert self.promise.neutral_s is not None, "no time to neutral was promised"
        assert seconds <= self.promise.neutral_s, f"neutral after {seconds:g} s, promised: {self.promise.neutral_s:g} s"
        self.shown.add("neutral_s")

    def lost(self, rows: int) -> None:
        assert rows == self.promise.rows_lost, f"{rows} rows lost, promised: {self.promise.rows_lost}"
        self.shown.add("rows_lost")

    def raised(self, kind: str) -> None:
        """``kind`` may go on with ``/`` and the device's name."""
        assert kind.partition("/")[0] == self.promise.alarm, f"{kind} was raised, promised: {self.promise.alarm}"
        self.shown.add("alarm")

    def complete(self) -> None:
        promised = {word for word in ("neutral_s", "rows_lost", "alarm") if getattr(self.promise, word) is not None}
        assert promised <= self.shown, f"promised and not shown: {', '.join(sorted(promised - self.shown))}"


def rows() -> tuple[Row, ...]:
    with LIST.open(encoding="utf-8", newline="") as text:
        return tuple(
            Row(int(line["row"]), line["group"], line["fault"], line["required"])
            for line in DictReader(text, delimiter="\t")
        )


def fault(
    row: int,
    *,
    injected: str,
    neutral_s: float | None = None,
    rows_lost: int | None = None,
    alarm: str | None = None,
) -> Callable[[Test], Test]:
    """Mark a test as one of ``row``. A test of several rows carries several marks; the topmost is its ``outcome``."""
    promise = Promise(row, injected, neutral_s, rows_lost, alarm)
    return pytest.mark.fault(promise)
