"""The trial of candidate models as a process that lives for some of a night's minutes."""

import asyncio

from agent.adapters.processes.child_process import ChildFailure, ChildProcess
from agent.domain.model_comparison import Report
from agent.domain.request import PlanRequest
from agent.domain.wire import WireError, from_json, to_json
from agent.ports import TrialFailure

DEADLINE_S = 120.0
NICENESS = 10
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
        self._child = ChildProcess("trial", "agent.workers.model_trial", deadline_s, memory_mb, command, turn, NICENESS)

    async def hold(self, request: PlanRequest) -> tuple[str, ...]:
        try:
            report = from_json(Report, await self._child.ask(to_json(request).encode()))
        except ChildFailure as failure:
            raise TrialFailure(str(failure)) from failure
        except (WireError, RecursionError) as error:
            raise TrialFailure(f"the trial's answer is no report: {error}") from error
        return tuple(sentence[:LONGEST_SENTENCE] for sentence in report.sentences)
