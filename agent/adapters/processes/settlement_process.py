"""The settlement of the savings ledger as a process that lives for some seconds of a night."""

import asyncio

from agent.adapters.processes.child_process import ChildFailure, ChildProcess
from agent.domain.ledger import Settled, SettlementRequest
from agent.domain.wire import WireError, from_json, to_json
from agent.ports import SettlementFailure

DEADLINE_S = 60.0
NICENESS = 10


class SettlementProcess:
    """Implements ``agent.ports.Settlement``."""

    def __init__(
        self,
        memory_mb: int,
        deadline_s: float = DEADLINE_S,
        command: tuple[str, ...] | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._child = ChildProcess(
            "settlement", "agent.workers.settlement", deadline_s, memory_mb, command, turn, NICENESS
        )

    async def settle(self, request: SettlementRequest) -> Settled:
        try:
            settled = from_json(Settled, await self._child.ask(to_json(request).encode()))
        except ChildFailure as failure:
            raise SettlementFailure(str(failure)) from failure
        except (WireError, RecursionError) as error:
            raise SettlementFailure(f"the settlement's answer is no ledger: {error}") from error
        times = [entry.at for entry in settled.entries]
        if any(at.tzinfo is None for at in times) or (settled.carry is not None and settled.carry.until.tzinfo is None):
            raise SettlementFailure("the settlement's answer is no ledger: a time has no time zone")
        return settled
