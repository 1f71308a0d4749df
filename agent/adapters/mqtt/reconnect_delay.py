"""How long the link waits before it connects again."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

STEADY_S = 60.0
RETURN_S = 10.0


class Ending(Enum):
    """How an attempt to be connected ended. ``TAKEN_OVER``: another client came with our id."""

    LOST = "lost"
    REFUSED = "refused"
    TAKEN_OVER = "taken over"


@dataclass(slots=True)
class ReconnectDelay:
    """Exponential back-off with full jitter, so that a thousand sites that lost their broker do not return together.

    ``random`` gives numbers from 0 to below 1. A pause is uniform between 0 and an upper end that doubles from 1 s to
    ``longest_s``. After a connection that had lasted the upper end is ten seconds: a broker that has only restarted
    would meet all sites in one second. After a refusal or a take-over the pause is uniform between ``apart_s`` and
    ``apart_s + longest_s``: coming back at once would only be refused again, or throw the other client out.
    """

    random: Callable[[], float]
    longest_s: float = 120.0
    apart_s: float = 60.0
    upper_s: float = 0.0

    def after(self, lasted_s: float, ending: Ending) -> float:
        """Seconds to wait after a connection that the broker had accepted for ``lasted_s`` seconds (0: never)."""
        self.upper_s = longest_pause(self.upper_s, lasted_s, self.longest_s)
        if ending is Ending.LOST:
            least_s = RETURN_S if lasted_s >= STEADY_S else 0.0
            return self.random() * min(max(self.upper_s, least_s), self.longest_s)
        self.upper_s = self.longest_s
        return self.apart_s + self.random() * self.upper_s


def longest_pause(before_s: float, lasted_s: float, most_s: float) -> float:
    """The upper end of the next pause, s: it doubles until a connection has lasted a minute.

    One that ends at once is no success: two clients with one id would throw each other out for ever.
    """
    return min(1.0 if lasted_s >= STEADY_S else max(1.0, 2.0 * before_s), most_s)
