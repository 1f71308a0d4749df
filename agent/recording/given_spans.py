"""Which minutes were written already, where the clock was set in between. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

MOST_STRETCHES = 20


@dataclass(slots=True)
class Stretch:
    """Everything from ``start`` until before ``end`` was given, on a clock that was trusted or not."""

    start: datetime
    end: datetime
    trusted: bool


@dataclass(slots=True)
class GivenSpans:
    """Grows with each span that is given; the oldest stretches are forgotten."""

    stretches: list[Stretch] = field(default_factory=list)

    def note(self, start: datetime, length: timedelta, trusted: bool) -> None:
        """The span of ``length`` from ``start`` was given."""
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.end == start and last.trusted is trusted:
            last.end = start + length
            return
        self.stretches.append(Stretch(start, start + length, trusted))
        del self.stretches[:-MOST_STRETCHES]

    def has(self, start: datetime) -> bool:
        return any(stretch.start <= start < stretch.end for stretch in self.stretches)

    def move(self, by: timedelta) -> None:
        """What was given on a clock that was not trusted belongs so much later."""
        for stretch in self.stretches:
            if not stretch.trusted:
                stretch.start, stretch.end = stretch.start + by, stretch.end + by

    def trust(self, since: datetime) -> None:
        for stretch in self.stretches:
            stretch.trusted = stretch.trusted or stretch.start >= since
