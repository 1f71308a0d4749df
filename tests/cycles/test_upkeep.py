"""The store is tidied at the start and after every whole hour, and what was lost is reported."""

from collections.abc import Sequence
from datetime import datetime

from agent.cycles.upkeep import Upkeep
from agent.domain.records import Batch
from agent.ports import StoreFailure
from tests.cycles.hand_clock import START, HandClock
from tests.cycles.hearing import Hearing


class TidyStore:
    """Notes when it was tidied; answers with the next of ``answers``."""

    def __init__(self, answers: list[list[str] | StoreFailure]) -> None:
        self.answers = answers
        self.times: list[datetime | None] = []
        self.dated: list[bool] = []

    shortage: str | None = None

    async def write(self, batch: Batch) -> None: ...

    def remarks(self) -> list[str]:
        return []

    async def kept(self, name: str) -> str | None:
        return None

    async def pending(self, stream: str, after: int, limit: int) -> Sequence[tuple[int, str]]:
        return ()

    async def backlog(self) -> dict[str, tuple[int, int]]:
        return {}

    async def before_start(self) -> dict[str, int]:
        return {}

    async def number_above(self, stream: str, seq: int) -> int:
        return 0

    async def newest(self) -> datetime | None:
        return None

    async def tidy(self, now: datetime | None, dated: bool = True) -> list[str]:
        self.times.append(now)
        self.dated.append(dated)
        answer = self.answers.pop(0)
        if isinstance(answer, StoreFailure):
            raise answer
        return answer


async def test_at_the_start_and_after_every_hour_and_every_sentence_is_an_event() -> None:
    clock, store = HandClock(), TidyStore([[], StoreFailure("the disk is full"), ["5 rows were dropped"]])
    clock.seconds = 1800.0
    hearing = Hearing(clock)
    upkeep = Upkeep(store, clock, hearing.alarms)
    for _ in range(8000):
        await upkeep.step()
        clock.seconds += 1.0
    minutes = [(at - START).total_seconds() / 60 for at in store.times if at is not None]
    assert minutes == [30.0, 61.0, 121.0]
    assert hearing.told == [
        ("store_failed", "alarm", "the disk is full"),
        ("store_failed", "info", "over: the disk is full"),
        ("records_lost", "alarm", "5 rows were dropped"),
    ]
    assert upkeep.tidied_at == store.times[2]


async def test_a_clock_that_may_be_far_ahead_prunes_nothing_and_one_that_is_lost_rolls_nothing_up() -> None:
    clock, store = HandClock(), TidyStore([[], [], []])
    tells_age = True
    upkeep = Upkeep(store, clock, Hearing(clock).alarms, lambda: tells_age)
    for believed, tells_age in ((False, False), (True, False), (True, True)):  # noqa: B007 - the cycle asks for it
        clock.believed = believed
        clock.seconds += 3600.0
        await upkeep.step()
    assert [at is None for at in store.times] == [True, True, False]
    assert store.dated == [False, True, True]
