"""When to try again what has failed: ever more seldom, and no oftener in an hour than when all goes well."""

from collections import deque
from collections.abc import Sequence

HOUR_S = 3600.0

PLAN_RESTS_S = (30.0, 60.0, 120.0, 300.0, 900.0)
NIGHTLY_RESTS_S = tuple(HOUR_S * hours for hours in (3, 12, 20, 44, 164))  # at last once a week, at the same hour


class Retry:
    """Rests after failures in a row: ``rests_s`` one after the other, then the last of them again and again.

    With ``most_an_hour`` no hour holds more tries than that, the first failure among them. All times are those of a
    monotonic clock, s.
    """

    def __init__(self, rests_s: Sequence[float], most_an_hour: int | None = None) -> None:
        self._rests_s, self._most = rests_s, most_an_hour
        self._begun: deque[float] = deque(maxlen=most_an_hour or 1)
        self._until_s = -float("inf")
        self.failures = 0

    def failed(self, began_s: float, now_s: float) -> None:
        """A try that began at ``began_s`` has failed now."""
        rest_s = self._rests_s[min(self.failures, len(self._rests_s) - 1)]
        self.failures += 1
        self._until_s = now_s + rest_s
        self._begun.append(began_s)
        if len(self._begun) == self._most:
            self._until_s = max(self._until_s, self._begun[0] + HOUR_S)

    def succeeded(self) -> None:
        self.failures = 0
        self._begun.clear()
        self._until_s = -float("inf")

    def rests(self, now_s: float) -> bool:
        """True while it is too early to try again."""
        return now_s < self._until_s
