"""The settlement of the savings ledger as a process that lives for some seconds of a night."""

import asyncio

from agent.adapters.processes.answered_noun import AnsweredNoun
from agent.adapters.processes.child_process import NICENESS, ChildProcess
from agent.domain.ledger import Settled, SettlementRequest
from agent.ports import SettlementFailure

DEADLINE_S = 60.0
REFUSAL = "the settlement's answer is no ledger"


class SettlementProcess:
    """Implements ``agent.ports.Settlement``."""

    def __init__(
        self,
        memory_mb: int,
        deadline_s: float = DEADLINE_S,
        command: tuple[str, ...] | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        child = ChildProcess("settlement", "agent.workers.settlement", deadline_s, memory_mb, command, turn, NICENESS)
        self._settlement = AnsweredNoun(child, Settled, SettlementFailure, REFUSAL)

    async def settle(self, request: SettlementRequest) -> Settled:
        settled = await self._settlement.ask(request)
        times = [entry.at for entry in settled.entries]
        if any(at.tzinfo is None for at in times) or (settled.carry is not None and settled.carry.until.tzinfo is None):
            raise SettlementFailure(f"{REFUSAL}: a time has no time zone")
        return settled
