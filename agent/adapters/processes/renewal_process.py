"""The renewal of the site's certificate as a process that lives for some seconds of a year."""

from agent.adapters.processes.answered_noun import AnsweredNoun
from agent.adapters.processes.child_process import NICENESS, ChildProcess
from agent.domain.identity import Certified, IdentityRequest
from agent.identity_ports import RenewalFailure

DEADLINE_S = 60.0
MEMORY_MB = 200


class RenewalProcess:
    """Implements ``agent.identity_ports.Certifier``."""

    def __init__(self, deadline_s: float = DEADLINE_S, command: tuple[str, ...] | None = None) -> None:
        child = ChildProcess("renewal", "agent.workers.renewal", deadline_s, MEMORY_MB, command, niceness=NICENESS)
        self._renewal = AnsweredNoun(child, Certified, RenewalFailure, "the renewal's answer is no certificate")

    async def renew(self, request: IdentityRequest) -> Certified:
        return await self._renewal.ask(request)
