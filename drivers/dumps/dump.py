"""A captured device: what it answered, round by round. Pure."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drivers.device import Span, Table
from drivers.dumps.series import Series

Outcome = int | Literal["answered", "silent"]  # a number is an exception code

ILLEGAL_ADDRESS = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of the reads of one span. ``answer_s`` is the median time to an answer, None without any."""

    answer_s: float | None
    outcomes: Series[Outcome]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the driver of the family made of the registers of one round: values by quantity, None where missing."""

    round: int
    values: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Dump:
    """``offsets_ms`` is when each round began after the first, ``words`` are the registers by table and PDU address.

    ``options`` are those of the family as the site file gives them. ``expected`` is None where the driver could not
    read the device. ``write_only`` are holding registers that steer it and were not read.
    """

    family: str
    options: Mapping[str, object]
    unit_id: int
    offsets_ms: tuple[int, ...]
    words: Mapping[Table, Mapping[int, Series[int]]]
    asked: Mapping[Span, Asked]
    expected: Expected | None
    write_only: frozenset[int] = frozenset()

    @property
    def length_s(self) -> float:
        """From the first round to where the one after the last would begin."""
        last_ms, rounds = self.offsets_ms[-1], len(self.offsets_ms)
        return (last_ms + last_ms / (rounds - 1)) / 1000.0 if last_ms else 1.0

    def round_at(self, offset_s: float) -> int:
        """The round that was the newest so long after the first."""
        return max(0, bisect_right(self.offsets_ms, offset_s * 1000.0) - 1)

    def outcome(self, span: Span, number: int) -> Outcome:
        """What a read of ``span`` comes to in the round ``number``."""
        asked = self.asked.get(span)
        if asked is not None and (found := asked.outcomes.at(number)) != "answered":
            return found
        there = self.words.get(span.table, {})
        whole = all(address in there for address in range(span.address, span.address + span.count))
        return "answered" if whole else ILLEGAL_ADDRESS
