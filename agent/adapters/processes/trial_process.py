"""The trial of candidate models as a process that lives for some of a night's minutes."""

import asyncio

from agent.adapters.processes.answered_noun import AnsweredNoun
from agent.adapters.processes.child_process import NICENESS, ChildProcess
from agent.domain.model_comparison import Report
from agent.domain.request import PlanRequest
from agent.ports import TrialFailure

DEADLINE_S = 120.0
LONGEST_SENTENCE = 1000


class TrialProcess:
    """Implements ``agent.ports.Trials``. What it has compared by its deadline is kept; the next one goes on there."""

    def __init__(
        self,
        memory_mb: int,
        deadline_s: float = DEADLINE_S,
        command: tuple[str, ...] | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        child = ChildProcess("trial", "agent.workers.model_trial", deadline_s, memory_mb, command, turn, NICENESS)
        self._trial = AnsweredNoun(child, Report, TrialFailure, "the trial's answer is no report")

    async def hold(self, request: PlanRequest) -> tuple[str, ...]:
        report = await self._trial.ask(request)
        return tuple(one if len(one) <= LONGEST_SENTENCE else one[:LONGEST_SENTENCE] for one in report.sentences)
