"""A clock for tests of one cycle: it stands, its wall time is wrong, or nobody believes it, as the test says."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 6, 1, tzinfo=UTC)


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.wall_s = 0.0  # how far somebody has set the wall clock
        self.believed = True

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds + self.wall_s)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def trusted(self) -> bool:
        return self.believed

    def adopt(self) -> float:
        return 0.0
