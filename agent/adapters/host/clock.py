"""The two clocks: the system's, and a virtual one that stands still until it is told to go on.

Between two calls of ``adopt`` the wall time of both runs on the monotonic clock, so that a step of the system's clock
is seen at one place and at no other.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

# Counts on while the host is suspended, as the timers of the devices do; elsewhere than on Linux the usual one.
_MONOTONIC = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The system's time."""

    def __init__(self) -> None:
        self.believed = True
        self._ahead_s = self._first_ahead_s = time.time() - self.monotonic()

    @property
    def adopted_s(self) -> float:
        """The sum of all steps that were adopted, s."""
        return self._ahead_s - self._first_ahead_s

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._ahead_s + self.monotonic(), UTC)

    def monotonic(self) -> float:
        return time.clock_gettime(_MONOTONIC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def trusted(self) -> bool:
        return self.believed

    def adopt(self) -> float:
        before, self._ahead_s = self._ahead_s, time.time() - self.monotonic()
        return self._ahead_s - before


class VirtualClock:
    """Time that passes only by ``advance_to`` and ``sleep``. Wall clock and monotonic clock move together.

    ``step_wall`` sets the wall clock as somebody would set the system's: it is seen with the next ``adopt``.
    """

    def __init__(self, start: datetime) -> None:
        self.believed = True
        self._start = start
        self._passed_s = 0.0
        self.adopted_s = 0.0  # the sum of all steps that were adopted
        self._system_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s + self.adopted_s)

    def true_now(self) -> datetime:
        """The time as it would be without steps of the wall clock."""
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return self._passed_s

    async def sleep(self, seconds: float) -> None:
        self._passed_s += max(0.0, seconds)
        await asyncio.sleep(0)

    def trusted(self) -> bool:
        return self.believed

    def adopt(self) -> float:
        before, self.adopted_s = self.adopted_s, self._system_s
        return self.adopted_s - before

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward by ``seconds``, or back; the monotonic clock goes on."""
        self._system_s += seconds

    def advance(self, monotonic_s: float) -> None:
        """Let time pass until ``monotonic`` says so; time never goes back."""
        self._passed_s = max(self._passed_s, monotonic_s)

    def advance_to(self, at: datetime) -> None:
        """As ``advance``, until ``at`` of ``true_now``."""
        self.advance((at - self._start).total_seconds())
