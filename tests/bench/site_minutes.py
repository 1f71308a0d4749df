"""Minutes of a simulated home as the agent itself measures and keeps them: its own devices, recorder and store."""

import asyncio
import tempfile
from pathlib import Path

import structlog

from agent.domain.plan import Plan
from agent.domain.records import OutboxRow
from agent.domain.request import PlanRequest
from agent.ports import PlannerFailure
from tests.scenarios.stage import MIDNIGHT, home, staged

STEP_S = 10
SEED = 9


class _NoPlanner:
    """What is measured does not wait for plans."""

    async def plan(self, request: PlanRequest) -> Plan:
        raise PlannerFailure("the bench makes no plan")


def played_rows(hours: float) -> list[OutboxRow]:
    """The minute rows of the first ``hours`` of a day, as they wait for the platform."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        return asyncio.run(_play(hours))
    finally:
        structlog.reset_defaults()


async def _play(hours: float) -> list[OutboxRow]:
    with tempfile.TemporaryDirectory(prefix="bench-site-") as name:
        trace, words = home(MIDNIGHT, SEED), {"step_s": STEP_S}
        async with staged(Path(name), trace=trace, usable_wh=10_000, planner=_NoPlanner(), **words) as stage:
            await stage.play(60.0 * hours)
            await stage.app.record.step()
            return list(await stage.app.store.pending("minute", 0, round(60 * hours)))
