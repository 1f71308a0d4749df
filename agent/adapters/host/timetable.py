"""Makes jobs happen: on the system's clocks, or on a virtual clock as fast as they go."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from agent.adapters.host.clock import SystemClock, VirtualClock
from agent.domain.horizon import floor_to_step
from agent.ports import Job

log = structlog.get_logger("timetable")

STOP_WITHIN_S = 0.5
STEP_S = 1.0  # a service that disciplines the clock slews what is less
AT_ONCE_S = 60.0


class Timetable:
    """Every job on the system clock, from ``start`` on.

    Intervals run on the loop's monotonic clock, so that no step of the wall clock touches them. Jobs on the multiples
    of the day are APScheduler's, and are armed again after ``clock`` has adopted a step. A run that is
    late is caught up once and not as often as it was missed. An error that a job lets out is logged by its name, and
    the job goes on.
    """

    def __init__(self, jobs: Sequence[Job], clock: SystemClock) -> None:
        self._clock, self._adopted_s = clock, clock.adopted_s
        self._beats = [job for job in jobs if not job.aligned]
        self._tasks: list[asyncio.Task[None]] = []
        self._calendar = AsyncIOScheduler(timezone=UTC, executors={"default": AsyncIOExecutor()})
        now = datetime.now(UTC)
        for job in (job for job in jobs if job.aligned):
            self._calendar.add_job(
                _guarded(job),
                _Multiples(int(job.every_s)),
                id=job.name,
                next_run_time=now + timedelta(seconds=job.first_s),
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._beat(job), name=job.name) for job in self._beats]
        self._calendar.start()

    def _rearm(self, by_s: float) -> None:
        """The wall clock was set by ``by_s`` seconds: the jobs of the calendar go on at the multiples of the new time.

        After a step of a minute or more they also run at once.
        """
        now = datetime.now(UTC)
        for job in self._calendar.get_jobs():
            next_time = now if abs(by_s) >= AT_ONCE_S else job.trigger.get_next_fire_time(None, now)
            job.modify(next_run_time=next_time)

    async def _beat(self, job: Job) -> None:
        """Run ``job`` on the raster of its interval until this is cancelled."""
        loop, run = asyncio.get_running_loop(), _guarded(job)
        due = loop.time() + job.first_s
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            await run()
            _end_if_told()
            self._follow_clock()
            due = _next_beat(due, loop.time(), job.every_s)

    def _follow_clock(self) -> None:
        by_s = self._clock.adopted_s - self._adopted_s
        if abs(by_s) >= STEP_S:
            self._adopted_s += by_s
            self._rearm(by_s)

    async def stop(self) -> None:
        """End every job where it waits; what it leaves to others is theirs."""
        self._calendar.shutdown(wait=False)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S)


class _Multiples(BaseTrigger):  # type: ignore[misc]
    """The multiples of a step of the UTC day. None that was missed is listed, however far the clock was set ahead."""

    def __init__(self, step_s: int) -> None:
        self._step_s = step_s

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        after = now if previous is None else max(previous, now)
        return floor_to_step(after, self._step_s) + timedelta(seconds=self._step_s)


def _next_beat(due: float, now: float, every_s: float) -> float:
    """The first instant of the raster after ``now``; runs that were missed meanwhile are not made up."""
    return due + every_s * (max(0, int((now - due) // every_s)) + 1)


async def run_virtual(
    jobs: Sequence[Job], clock: VirtualClock, until: datetime, between: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Run every job at its own virtual time, one after the other, until ``until`` of the clock's true time.

    ``between`` is called after each instant. Errors are let out: a test or a demo shall see them. Raises
    CancelledError when this is cancelled.
    """
    begun, step_s = clock.monotonic(), clock.adopted_s
    end = begun + (until - clock.true_now()).total_seconds()
    queue = [(begun + job.first_s, order, job) for order, job in enumerate(jobs)]
    heapq.heapify(queue)
    while queue and queue[0][0] < end:
        due, order, job = heapq.heappop(queue)
        clock.advance(due)
        await job.run()
        _end_if_told()
        heapq.heappush(queue, (_next_time(job, due, clock), order, job))
        if clock.adopted_s != step_s:
            queue = _rearmed(queue, clock, clock.adopted_s - step_s)
            step_s = clock.adopted_s
        if between is not None and queue[0][0] > due:
            await between()
        await asyncio.sleep(0)
    clock.advance(end)


Queue = list[tuple[float, int, Job]]


def _next_time(job: Job, due: float, clock: VirtualClock) -> float:
    if not job.aligned:
        return _next_beat(due, clock.monotonic(), job.every_s)
    now = clock.now()
    multiple = floor_to_step(now, int(job.every_s)) + timedelta(seconds=job.every_s)
    return clock.monotonic() + (multiple - now).total_seconds()


def _rearmed(queue: Queue, clock: VirtualClock, by_s: float) -> Queue:
    """As ``Timetable`` does it."""
    now, at_once = clock.monotonic(), abs(by_s) >= AT_ONCE_S
    armed = [
        (due if not job.aligned else now if at_once else _next_time(job, due, clock), order, job)
        for due, order, job in queue
    ]
    heapq.heapify(armed)
    return armed


def _end_if_told() -> None:
    """Raises CancelledError when this task was cancelled, also where what it waited for has kept that to itself.

    ``asyncio.wait_for`` of Python 3.11 does so when its answer comes in the same instant (bpo-42130).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _guarded(job: Job) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await job.run()
        except asyncio.CancelledError:
            _end_if_told()
            log.error("job_cancelled", job=job.name)  # something it waited for was; nobody has told the job to end
        except Exception:  # the one place where a cycle's defect may not end the daemon
            log.exception("job_failed", job=job.name)

    return run
