"""The planner as a process that lives for one plan."""

import asyncio

from agent.adapters.processes.answered_noun import AnsweredNoun
from agent.adapters.processes.child_process import ChildProcess
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.ports import PlannerFailure


class PlannerProcess:
    """Implements ``agent.ports.Planner``. The deadline is told to the planner, which shares its time out by it."""

    def __init__(
        self,
        deadline_s: float,
        memory_mb: int,
        command: tuple[str, ...] | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        child = ChildProcess("planner", "agent.workers.planner", deadline_s, memory_mb, command, turn)
        self._planner = AnsweredNoun(child, Plan, PlannerFailure, "the planner's answer is no plan")

    async def plan(self, request: PlanRequest) -> Plan:
        return await self._planner.ask(request)
