"""What was said about a quantity over time, message upon message: at each instant the newest word counts."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

MOST_WORDS = 64
MOST_VALUES = 4096
LOOK_BACK = timedelta(hours=49)  # two days of which one has 25 hours: what missing prices are taken from

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """One message: a value a step of ``step_s`` seconds from ``start`` (UTC), None where it says nothing."""

    issued_at: datetime
    start: datetime
    step_s: int
    values: tuple[float | None, ...]

    def at(self, at: datetime) -> float | None:
        index = (at - self.start) // timedelta(seconds=self.step_s)
        return self.values[index] if 0 <= index < len(self.values) else None

    def borders(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Where steps begin or end, after ``start`` and before ``end``."""
        step = timedelta(seconds=self.step_s)
        first = max(0, (start - self.start) // step)
        last = min(len(self.values), -((self.start - end) // step))
        for index in range(first, last + 1):
            at = self.start + step * index
            if start < at < end:
                yield at


@dataclass(frozen=True, slots=True)
class Overlay:
    """Words, the newest first by the time of their issue. Nobody asks for a step of one that newer ones hide.

    It is bounded: what is over for ``LOOK_BACK`` before the newest issue goes, then the oldest words beyond
    ``MOST_WORDS`` or ``MOST_VALUES``.
    """

    words: tuple[Word, ...] = ()

    def laid(self, word: Word, look_back: timedelta = LOOK_BACK) -> "Overlay":
        """With ``word`` at the place of its time of issue; of two issued at the same time the one laid last is above.

        The same word laid again changes nothing. What is over for ``look_back`` goes.
        """
        above = [one for one in self.words if one.issued_at > word.issued_at]
        below = [one for one in self.words if one.issued_at <= word.issued_at]
        return Overlay(_bounded(_visible([*above, word, *below], look_back)))

    def issued_by(self, latest: datetime) -> "Overlay":
        """Without the words that were issued after ``latest``."""
        return Overlay(tuple(word for word in self.words if word.issued_at <= latest))

    def at(self, at: datetime) -> float | None:
        """The newest word about the instant ``at``, or None where nothing was said."""
        return next((value for word in self.words if (value := word.at(at)) is not None), None)

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, float | None]]:
        """From ``start`` to ``end`` as adjoining stretches of one value each."""
        borders = {border for word in self.words for border in word.borders(start, end)}
        for begin, until in pairwise(sorted({start, end} | borders)):
            yield begin, until, self.at(begin)


def _visible(words: list[Word], look_back: timedelta) -> list[Word]:
    """``words``, newest first, without what is hidden wholly by newer ones or long over."""
    oldest = (words[0].issued_at - look_back).timestamp()
    known: list[Interval] = []
    found = []
    for word in words:
        seen = _seen(word, known, oldest)
        if seen is not None:
            found.append(seen)
            known = _united([*known, *_known(seen)])
    return found


def _seen(word: Word, known: list[Interval], oldest: float) -> Word | None:
    """``word`` with None for the steps inside ``known`` or over at ``oldest``; no such steps at either end."""
    begin = word.start.timestamp()
    starts = [start for start, _ in known]
    values = list(word.values)
    for index, value in enumerate(values):
        first, last = begin + word.step_s * index, begin + word.step_s * (index + 1)
        place = bisect_right(starts, first) - 1
        if value is not None and (last <= oldest or (place >= 0 and known[place][1] >= last)):
            values[index] = None
    said = [index for index, value in enumerate(values) if value is not None]
    if not said:
        return None
    start = word.start + timedelta(seconds=word.step_s * said[0])
    return replace(word, start=start, values=tuple(values[said[0] : said[-1] + 1]))


def _known(word: Word) -> Iterator[Interval]:
    begin = word.start.timestamp()
    for index, value in enumerate(word.values):
        if value is not None:
            yield begin + word.step_s * index, begin + word.step_s * (index + 1)


def _united(intervals: list[Interval]) -> list[Interval]:
    """The same seconds as intervals in order that do not touch."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _bounded(words: list[Word]) -> tuple[Word, ...]:
    count, kept = 0, []
    for word in words[:MOST_WORDS]:
        count += len(word.values)
        if count > MOST_VALUES:
            break
        kept.append(word)
    return tuple(kept)
