"""The planner as a process that lives for one plan."""

import asyncio

from agent.adapters.processes.child_outputs import LARGEST_ANSWER
from agent.adapters.processes.child_process import ENVIRONMENT, ChildFailure, ChildProcess
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.wire import WireError, from_json, to_json
from agent.ports import PlannerFailure

__all__ = ["ENVIRONMENT", "LARGEST_PLAN", "PlannerProcess"]

LARGEST_PLAN = LARGEST_ANSWER


class PlannerProcess:
    """Implements ``agent.ports.Planner``. The deadline is told to the planner, which shares its time out by it."""

    def __init__(
        self,
        deadline_s: float,
        memory_mb: int,
        command: tuple[str, ...] | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._child = ChildProcess("planner", "agent.workers.planner", deadline_s, memory_mb, command, turn)

    async def plan(self, request: PlanRequest) -> Plan:
        try:
            return from_json(Plan, await self._child.ask(to_json(request).encode()))
        except ChildFailure as failure:
            raise PlannerFailure(str(failure)) from failure
        except (WireError, RecursionError) as error:
            raise PlannerFailure(f"the planner's answer is no plan: {error}") from error
