"""Makes jobs happen: on the system clock by APScheduler, or on a virtual clock as fast as they go."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from agent.domain.horizon import floor_to_step
from agent.edges.clock import VirtualClock
from agent.ports import Job

log = structlog.get_logger("timetable")


def schedule(jobs: Sequence[Job]) -> AsyncIOScheduler:
    """A scheduler, not yet started, with every job on the system clock.

    A run that is late is caught up once and not as often as it was missed. An error that a job lets out is logged by
    its name, and the job goes on at its next time.
    """
    scheduler = AsyncIOScheduler(timezone=UTC, executors={"default": AsyncIOExecutor()})
    now = datetime.now(UTC)
    for job in jobs:
        first = now + timedelta(seconds=job.first_s)
        scheduler.add_job(
            _guarded(job),
            _Aligned(first, int(job.every_s))
            if job.aligned
            else IntervalTrigger(seconds=job.every_s, start_date=first),
            id=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    return scheduler


class _Aligned(BaseTrigger):  # type: ignore[misc]
    """A first run, then the multiples of a step; APScheduler's own interval would count on from the first run."""

    def __init__(self, first: datetime, step_s: int) -> None:
        self._first, self._step_s = first, step_s

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        if previous is None:
            return self._first
        return floor_to_step(max(previous, now), self._step_s) + timedelta(seconds=self._step_s)


async def run_virtual(
    jobs: Sequence[Job], clock: VirtualClock, until: datetime, between: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Run every job at its own virtual time, one after the other, until ``until``. ``between`` is called after each
    instant. Errors are let out: a test or a demo shall see them."""
    queue = [(clock.now() + timedelta(seconds=job.first_s), order, job) for order, job in enumerate(jobs)]
    heapq.heapify(queue)
    while queue and queue[0][0] < until:
        due, order, job = heapq.heappop(queue)
        clock.advance_to(due)
        await job.run()
        heapq.heappush(queue, (_next_time(job, due, clock.now()), order, job))
        if between is not None and queue[0][0] > due:
            await between()
        await asyncio.sleep(0)
    clock.advance_to(until)


def _next_time(job: Job, due: datetime, now: datetime) -> datetime:
    """The next time after ``now`` on the job's raster; runs that were missed meanwhile are not made up."""
    if job.aligned:
        return floor_to_step(now, int(job.every_s)) + timedelta(seconds=job.every_s)
    missed = max(0, int((now - due).total_seconds() // job.every_s))
    return due + timedelta(seconds=job.every_s * (missed + 1))


def _guarded(job: Job) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await job.run()
        except Exception:  # the one place where a cycle's defect may not end the daemon
            log.exception("job_failed", job=job.name)

    return run
