"""The planner as a process that lives for one plan."""

import asyncio
from dataclasses import replace

from agent.adapters.processes.answered_noun import AnsweredNoun
from agent.adapters.processes.child_process import ChildProcess
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.sentence import sentence_of
from agent.domain.sentences import plans as say
from agent.ports import PlannerFailure


class PlannerProcess:
    """Implements ``agent.ports.Planner``. The deadline is told to the planner, which shares its time out by it.

    A planner that fails is asked once more, for a plan without models and solver: a native library that crashes or
    hangs, as on a processor that it was not built for, must not stop every plan. What it failed by is a note of it.
    """

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
        try:
            return await self._planner.ask(request)
        except PlannerFailure as failure:
            try:
                return await self._planner.ask(_plain(request, sentence_of(failure)))
            except PlannerFailure:
                raise failure from None


def _plain(request: PlanRequest, cause: str) -> PlanRequest:
    notes = (*request.notes, say.planned_plainly(cause=cause))
    return replace(request, plain=True, load_model=None, solar_model=None, advice=None, notes=notes)
