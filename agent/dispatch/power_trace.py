"""The last seconds of a measured power."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(slots=True)
class PowerTrace:
    """Values by the monotonic second at which they were read, oldest first, ``kept_s`` seconds of them."""

    kept_s: float
    _times_s: list[float] = field(default_factory=list)
    _watts: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._times_s)

    @property
    def newest_s(self) -> float:
        return self._times_s[-1]

    @property
    def newest_w(self) -> float:
        return self._watts[-1]

    def last_two_s(self) -> tuple[float, float]:
        return self._times_s[-2], self._times_s[-1]

    def add(self, at_s: float, watts: float) -> None:
        """What was read at ``at_s``; ignored unless it is newer than all before."""
        if self._times_s and at_s <= self._times_s[-1]:
            return
        self._times_s.append(at_s)
        self._watts.append(watts)
        old = bisect_left(self._times_s, at_s - self.kept_s)
        if old > 8:  # in one go, and not a value at a time
            del self._times_s[:old], self._watts[:old]

    def clear(self) -> None:
        self._times_s.clear()
        self._watts.clear()

    def at(self, at_s: float) -> float:
        """The value that was read nearest to ``at_s``."""
        later = min(bisect_left(self._times_s, at_s), len(self._times_s) - 1)
        earlier = max(later - 1, 0)
        is_later = abs(self._times_s[later] - at_s) < abs(at_s - self._times_s[earlier])
        return self._watts[later if is_later else earlier]

    def between(self, first_s: float, last_s: float) -> tuple[float, float]:
        """The least and the most that was read from ``first_s`` until ``last_s``, and first after that."""
        newest = len(self._watts) - 1
        first, last = (min(bisect_left(self._times_s, at_s), newest) for at_s in (first_s, last_s))
        found = self._watts[first : last + 1]
        return min(found), max(found)

    def within(self, first_s: float, last_s: float) -> list[float]:
        """What was read from ``first_s`` until ``last_s``."""
        return self._watts[bisect_left(self._times_s, first_s) : bisect_right(self._times_s, last_s)]

    def largest_step_w(self, since_s: float) -> float:
        """The most by which two neighbours differ since ``since_s``, W."""
        found = self._watts[bisect_left(self._times_s, since_s) :]
        return max((abs(later - earlier) for earlier, later in pairwise(found)), default=0.0)

    def spread_w(self, since_s: float) -> float:
        """How far the power has moved since ``since_s``, W."""
        least, most = self.between(since_s, self.newest_s)
        return most - least
