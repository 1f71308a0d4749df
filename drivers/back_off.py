"""How long to leave alone what does not answer."""

from collections.abc import Awaitable, Callable
from typing import Protocol

FIRST_S = 0.5
LONGEST_S = 5.0
LONGEST_ON_A_LINE_S = 300.0


class Sleep(Protocol):
    """``asyncio.sleep`` or a virtual clock's."""

    def __call__(self, delay: float, /) -> Awaitable[object]: ...


def times_longer(cost_s: float, share: float) -> float:
    """How many times the usual rest, so that attempts of ``cost_s`` take about ``share`` of the time of their line."""
    return min(LONGEST_ON_A_LINE_S, max(LONGEST_S, cost_s / share)) / LONGEST_S


class BackOff:
    """Rests after failures in a row, twice as long each time up to ``LONGEST_S``, with jitter; the first ``allowed``
    failures cause none. ``jitter`` gives numbers 0..1: a rest is between half of its full length and all of it."""

    def __init__(self, monotonic: Callable[[], float], jitter: Callable[[], float], allowed: int = 0) -> None:
        self._monotonic = monotonic
        self._jitter = jitter
        self._allowed = allowed
        self._until = -float("inf")
        self.failures = 0

    def failed(self, times: float = 1.0) -> None:
        """``times`` as long a rest as usual, where each attempt is dear."""
        self.failures += 1
        excess = self.failures - self._allowed
        if excess > 0:
            full_s = times * min(LONGEST_S, FIRST_S * 2.0 ** min(excess - 1, 8))
            self._until = self._monotonic() + full_s * (0.5 + 0.5 * self._jitter())

    def succeeded(self) -> None:
        self.failures = 0
        self._until = -float("inf")

    def left_s(self) -> float:
        """Seconds of rest left, 0 when it may be tried."""
        return max(0.0, self._until - self._monotonic())
