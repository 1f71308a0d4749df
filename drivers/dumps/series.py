"""Numbers over the rounds of a capture, and their short text. Pure.

The text is the number of the first round, then for each later one its difference, with its sign, to the round before;
``=n`` stands for ``n`` rounds without a change, and those at the end are left out: ``2301 +3 =5 -1``.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

Value = TypeVar("Value")

_STEP = re.compile(r"[+-]\d{1,15}|=\d{1,9}", re.ASCII)
_FIRST = re.compile(r"\d{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Series(Generic[Value]):
    """``changes`` are (round, value from there on), the first at round 0."""

    changes: tuple[tuple[int, Value], ...]

    def at(self, number: int) -> Value:
        """The value in the round ``number``, counted from 0."""
        return self.changes[max(0, bisect_right(self.changes, number, key=itemgetter(0)) - 1)][1]

    @property
    def values(self) -> tuple[Value, ...]:
        return tuple(value for _, value in self.changes)


def series_of(values: Sequence[tuple[int, Value]]) -> Series[Value]:
    """``values`` are (round, value) in the order of the rounds, not empty. The first holds for the rounds before."""
    changes = [(0, values[0][1])]
    for number, value in values[1:]:
        if value != changes[-1][1]:
            changes.append((number, value))
    return Series(tuple(changes))


def to_text(series: Series[int]) -> str:
    (_, before), *others = series.changes
    words, last = [str(before)], 0
    for number, value in others:
        if number > last + 1:
            words.append(f"={number - last - 1}")
        words.append(f"{value - before:+d}")
        last, before = number, value
    return " ".join(words)


def from_text(text: str, rounds: int) -> Series[int]:
    """Raises ValueError with the end of a sentence for a text that is none, or goes on for longer than ``rounds``."""
    first, *steps = text.split()
    if not _FIRST.fullmatch(first):
        raise ValueError(f"begins with {first!r}, which is no number")
    number, value = 0, int(first)
    changes = [(0, value)]
    for step in steps:
        if not _STEP.fullmatch(step):
            raise ValueError(f"holds {step!r}, which is neither a difference nor a pause")
        if step[0] == "=":
            number += int(step[1:])
            continue
        number, value = number + 1, value + int(step)
        changes.append((number, value))
    if number >= rounds:
        raise ValueError(f"goes on for more than {rounds} rounds")
    return Series(tuple(changes))
