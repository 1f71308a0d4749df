"""A clock that runs faster than this machine's, so that an hour of a fleet passes in a minute."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class FastClock:
    """Implements ``agent.ports.Clock``. Wall time runs at ``speed`` times this machine's, for rows and plans.

    Pauses, patience and back-offs are on ``monotonic``, which is this machine's own: the link is not hurried. Rows are
    made up to ``made_until`` and no further; None lets them go on.
    """

    def __init__(self, start: datetime, speed: float) -> None:
        self.believed = True
        self.made_until: datetime | None = None
        self._shown, self._speed, self._since_s = start, speed, time.monotonic()

    def run_at(self, speed: float) -> None:
        """Go on at ``speed`` seconds a second of this machine."""
        self._shown, self._since_s, self._speed = self.now(), time.monotonic(), speed

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return self._shown + timedelta(seconds=self._speed * (time.monotonic() - self._since_s))

    def making(self) -> datetime:
        """The time up to which rows have been made."""
        now = self.now()
        return now if self.made_until is None else min(now, self.made_until)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def trusted(self) -> bool:
        return True

    def adopt(self) -> float:
        return 0.0


def midnight() -> datetime:
    """The last midnight (UTC)."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
