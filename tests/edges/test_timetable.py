"""Jobs on the virtual clock in their order and on their raster, and on APScheduler with errors kept in."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from agent.edges.clock import VirtualClock
from agent.edges.timetable import run_virtual, schedule
from agent.ports import Job

START = datetime(2026, 3, 17, 0, 0, 7, tzinfo=UTC)


class Diary:
    """Writes down which job ran at which second after START."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.lines: list[tuple[float, str]] = []

    def job(self, name: str, every_s: float, takes_s: float = 0.0, **more: object) -> Job:
        async def run() -> None:
            self.lines.append(((self.clock.now() - START).total_seconds(), name))
            await self.clock.sleep(takes_s)

        return Job(name, every_s, run, **more)  # type: ignore[arg-type]

    def times(self, name: str) -> list[float]:
        return [at for at, one in self.lines if one == name]


@pytest.fixture
def diary() -> Diary:
    return Diary(VirtualClock(START))


async def play(
    diary: Diary, jobs: list[Job], seconds: float, between: Callable[[], Awaitable[None]] | None = None
) -> None:
    await run_virtual(jobs, diary.clock, START + timedelta(seconds=seconds), between)


async def test_at_one_instant_jobs_run_in_the_order_of_the_list(diary: Diary) -> None:
    await play(diary, [diary.job("b", 10), diary.job("a", 5), diary.job("c", 10)], 20)
    assert diary.lines == [(0, "b"), (0, "a"), (0, "c"), (5, "a"), (10, "b"), (10, "a"), (10, "c"), (15, "a")]
    assert diary.clock.now() == START + timedelta(seconds=20)


async def test_the_end_itself_is_not_played(diary: Diary) -> None:
    await play(diary, [diary.job("a", 10)], 30)
    assert diary.times("a") == [0, 10, 20]


async def test_aligned_jobs_run_once_early_and_then_on_the_multiples_of_the_day(diary: Diary) -> None:
    await play(diary, [diary.job("plan", 900, first_s=2, aligned=True)], 3000)
    assert diary.times("plan") == [2, 893, 1793, 2693]  # START is seven seconds after the hour


async def test_missed_runs_are_not_made_up(diary: Diary) -> None:
    slow = diary.job("slow", 100, takes_s=35, first_s=10)
    await play(diary, [diary.job("quick", 10), slow], 200)
    quick = diary.times("quick")
    assert quick[:3] == [0, 10, 45]  # due at 20 and late; 30 and 40 are gone
    assert quick[3:6] == [50, 60, 70]
    assert diary.times("slow") == [10, 110]


async def test_a_job_slower_than_its_interval_does_not_overlap_itself(diary: Diary) -> None:
    await play(diary, [diary.job("slow", 10, takes_s=25)], 100)
    assert diary.times("slow") == [0, 30, 60, 90]


async def test_an_aligned_job_that_is_late_takes_the_next_multiple(diary: Diary) -> None:
    await play(diary, [diary.job("plan", 60, takes_s=70, first_s=53, aligned=True)], 400)
    assert diary.times("plan") == [53, 173, 293]


async def test_between_is_called_once_after_each_instant(diary: Diary) -> None:
    called: list[float] = []

    async def between() -> None:
        called.append((diary.clock.now() - START).total_seconds())

    await play(diary, [diary.job("a", 10), diary.job("b", 5)], 20, between)
    assert called == [0, 5, 10, 15]


async def test_on_the_virtual_clock_errors_come_out(diary: Diary) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await play(diary, [Job("a", 10, fail)], 20)


async def test_on_the_system_clock_a_failing_job_is_run_again_and_disturbs_no_other() -> None:
    ran: list[str] = []
    enough = asyncio.Event()

    async def good() -> None:
        ran.append("good")

    async def bad() -> None:
        ran.append("bad")
        if ran.count("bad") == 3:
            enough.set()
        raise ZeroDivisionError("on purpose")

    scheduler = schedule([Job("good", 0.05, good), Job("bad", 0.05, bad)])
    scheduler.start()
    async with asyncio.timeout(10.0):
        await enough.wait()
    scheduler.shutdown(wait=False)
    assert ran.count("good") >= 2


async def test_on_the_system_clock_a_job_never_overlaps_itself() -> None:
    running, most, done = 0, 0, asyncio.Event()
    count = 0

    async def slow() -> None:
        nonlocal running, most, count
        running, count = running + 1, count + 1
        most = max(most, running)
        await asyncio.sleep(0.12)
        running -= 1
        if count == 3:
            done.set()

    scheduler = schedule([Job("slow", 0.05, slow)])
    scheduler.start()
    async with asyncio.timeout(10.0):
        await done.wait()
    scheduler.shutdown(wait=False)
    assert most == 1


async def test_the_first_runs_on_the_system_clock_are_where_they_are_asked_for() -> None:
    async def nothing() -> None: ...

    before = datetime.now(UTC)
    scheduler = schedule(
        [Job("plan", 900, nothing, first_s=2.0, aligned=True), Job("upkeep", 60, nothing, first_s=60.0)]
    )
    scheduler.start(paused=True)
    times = {job.id: job.next_run_time for job in scheduler.get_jobs()}
    plan = scheduler.get_job("plan").trigger.get_next_fire_time(times["plan"], times["plan"])
    scheduler.shutdown(wait=False)
    assert 1.9 <= (times["plan"] - before).total_seconds() <= 10.0
    assert 59.9 <= (times["upkeep"] - before).total_seconds() <= 70.0
    assert (plan.minute % 15, plan.second, plan.microsecond) == (0, 0, 0)
