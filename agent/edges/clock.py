"""The two clocks: the system's, and a virtual one that stands still until it is told to go on."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

# Nothing was ever installed before this; a clock that says so has lost the time.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)


class SystemClock:
    """The system's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def trusted(self) -> bool:
        return self.now() >= EARLIEST


class VirtualClock:
    """Time that passes only by ``advance_to`` and ``sleep``. Wall clock and monotonic clock move together."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._passed_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return self._passed_s

    async def sleep(self, seconds: float) -> None:
        self._passed_s += max(0.0, seconds)
        await asyncio.sleep(0)

    def trusted(self) -> bool:
        return True

    def advance_to(self, at: datetime) -> None:
        """Let time pass until ``at``; time never goes back."""
        self._passed_s = max(self._passed_s, (at - self._start).total_seconds())
