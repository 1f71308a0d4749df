"""Jobs on the virtual clock in their order and on their raster, and on the system's clocks with errors kept in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from agent.adapters.host.clock import SystemClock, VirtualClock
from agent.adapters.host.timetable import Timetable, _Multiples, run_virtual
from agent.ports import Job
from tests.waiting import until

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


class SetClock(SystemClock):
    """The system's clock, as if somebody had set it by ``set_s`` seconds."""

    set_s = 0.0

    @property
    def adopted_s(self) -> float:
        return self.set_s


@asynccontextmanager
async def running(*jobs: Job, clock: SystemClock | None = None) -> AsyncIterator[Timetable]:
    timetable = Timetable(jobs, clock or SystemClock())
    timetable.start()
    try:
        yield timetable
    finally:
        await timetable.stop()


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

    async with running(Job("good", 0.05, good), Job("bad", 0.05, bad)), asyncio.timeout(60.0):
        await enough.wait()
    assert ran.count("good") >= 2


async def test_a_job_that_waited_for_something_that_was_cancelled_goes_on() -> None:
    ran, enough = 0, asyncio.Event()

    async def waits() -> None:
        nonlocal ran
        ran += 1
        if ran == 3:
            enough.set()
        other = asyncio.get_running_loop().create_future()
        other.cancel()
        await other

    async with running(Job("waits", 0.02, waits)), asyncio.timeout(60.0):
        await enough.wait()


class AnsweredAsItEnds:
    """A job whose answer comes in the very instant in which it is cancelled: ``wait_for`` of 3.11 returns it."""

    def __init__(self) -> None:
        self.ran = 0

    async def __call__(self) -> None:
        self.ran += 1
        answer, task = asyncio.get_running_loop().create_future(), asyncio.current_task()
        assert task is not None

        def both() -> None:
            answer.set_result(None)
            task.cancel()

        asyncio.get_running_loop().call_soon(both)
        await asyncio.wait_for(answer, 10.0)


async def test_a_job_that_keeps_its_cancellation_to_itself_is_not_run_again() -> None:
    job = AnsweredAsItEnds()
    async with running(Job("asks", 0.02, job)):
        await until(lambda: job.ran)
        await asyncio.sleep(0.2)
    assert job.ran == 1


async def test_nor_on_the_virtual_clock(diary: Diary) -> None:
    job = AnsweredAsItEnds()
    playing = asyncio.create_task(play(diary, [Job("asks", 10, job)], 1000))
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert job.ran == 1


async def test_on_the_system_clock_a_job_never_overlaps_itself() -> None:
    going, most, done = 0, 0, asyncio.Event()
    count = 0

    async def slow() -> None:
        nonlocal going, most, count
        going, count = going + 1, count + 1
        most = max(most, going)
        await asyncio.sleep(0.12)
        going -= 1
        if count == 3:
            done.set()

    async with running(Job("slow", 0.05, slow)), asyncio.timeout(60.0):
        await done.wait()
    assert most == 1


async def test_the_first_runs_on_the_system_clock_are_where_they_are_asked_for() -> None:
    ran: list[tuple[str, float]] = []
    loop = asyncio.get_running_loop()
    began = loop.time()

    def noting(name: str) -> Callable[[], Awaitable[None]]:
        async def note() -> None:
            ran.append((name, loop.time() - began))

        return note

    jobs = (
        Job("plan", 86_400, noting("plan"), first_s=0.2, aligned=True),
        Job("soon", 60, noting("soon"), first_s=0.3),
        Job("late", 60, noting("late"), first_s=60.0),
    )
    async with running(*jobs):
        await until(lambda: len(ran) >= 2)
        await asyncio.sleep(0.2)
    times = dict(ran)
    assert sorted(times) == ["plan", "soon"]
    assert len(ran) == 2
    assert times["plan"] >= 0.19
    assert times["soon"] >= 0.3


def test_after_any_step_the_calendar_names_one_next_time_and_lists_none_that_was_missed() -> None:
    due = datetime(2026, 3, 17, 12, tzinfo=UTC)
    for now in (due, due + timedelta(days=30), due + timedelta(days=365 * 56), due + timedelta(seconds=1)):
        next_time = _Multiples(900).get_next_fire_time(due, now)
        assert 0 < (next_time - now).total_seconds() <= 900
        assert next_time.timestamp() % 900 == 0
    lost = datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC)
    assert _Multiples(900).get_next_fire_time(None, lost) == datetime(1970, 1, 1, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize("step_s", [-20.0, -3600.0, -18_000.0, 18_000.0, 30 * 86400.0, -56 * 365 * 86400.0])
async def test_a_step_of_the_wall_clock_moves_no_interval_and_arms_the_calendar_again(
    diary: Diary, step_s: float
) -> None:
    began = diary.clock.monotonic()
    every_second: list[float] = []

    async def control() -> None:
        diary.clock.adopt()
        every_second.append(diary.clock.monotonic() - began)
        if len(every_second) == 400:
            diary.clock.step_wall(step_s)

    await play(diary, [Job("control", 1.0, control), diary.job("plan", 900, first_s=2, aligned=True)], 3000)
    assert every_second == [float(second) for second in range(3000)]
    at = [START + timedelta(seconds=seconds) for seconds in diary.times("plan")]
    assert at[0] == START + timedelta(seconds=2)
    assert len(at) >= 4
    if abs(step_s) >= 60.0:
        assert at.pop(1) == START + timedelta(seconds=400 + step_s)  # at once, when the step is adopted
    assert all(one.timestamp() % 900 == 0 for one in at[1:])
    assert [later - one for one, later in pairwise(at[1:])] == [timedelta(seconds=900)] * (len(at) - 2)


async def test_a_step_of_the_wall_clock_arms_the_calendar_of_the_system_again() -> None:
    ran, enough = 0, asyncio.Event()

    async def plan() -> None:
        nonlocal ran
        ran += 1
        enough.set()

    clock, beats = SetClock(), 0

    async def control() -> None:
        nonlocal beats
        beats += 1
        clock.set_s = {5: -20.0, 10: -3620.0}.get(beats, clock.set_s)
        assert ran == 0 or beats > 10, "a step of seconds does not plan at once"

    jobs = (Job("control", 0.02, control), Job("plan", 900, plan, first_s=800.0, aligned=True))
    async with running(*jobs, clock=clock), asyncio.timeout(60.0):
        await enough.wait()
    assert beats >= 10
