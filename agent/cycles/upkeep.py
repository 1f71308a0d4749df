"""Upkeep: at the start, and soon after every whole hour, the store is tidied. When, and nothing else."""

from collections.abc import Callable
from datetime import datetime

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.sentence import sentence_of
from agent.ports import Clock, Store, StoreFailure

EVERY_S = 3600.0
AFTER_HOUR_S = 60.0


class Upkeep:
    """Run ``step`` as often as you like.

    Roll-ups are what `report` reads: those of before the start are made with the first step, that of an hour
    ``after_hour_s`` after its end, when its last minute has been committed. While ``tells_age`` says no, the clock may
    be far ahead: nothing is thrown away for its age.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        alarms: Alarms,
        tells_age: Callable[[], bool] = lambda: True,
        after_hour_s: float = AFTER_HOUR_S,
    ) -> None:
        self._store = store
        self._clock = clock
        self._alarms = alarms
        self._tells_age = tells_age
        self._after_hour_s = after_hour_s
        self._next = clock.monotonic()
        self.tidied_at: datetime | None = None

    async def step(self) -> None:
        """Tidy when it is time. A failure is reported and tried again after the next hour; nothing is raised."""
        if self._clock.monotonic() < self._next:
            return
        now = self._clock.now()
        self._next = self._clock.monotonic() + EVERY_S - (now.timestamp() - self._after_hour_s) % EVERY_S
        try:
            lost = await self._store.tidy(now if self._tells_age() else None, self._clock.trusted())
        except StoreFailure as failure:
            self._alarms.alarm(AlarmKind.STORE_FAILED, sentence_of(failure), by="upkeep")
            return
        self.tidied_at = now
        self._alarms.alarm(AlarmKind.STORE_FAILED, None, by="upkeep")
        for sentence in lost:
            self._alarms.note(EventKind.RECORDS_LOST, sentence)
