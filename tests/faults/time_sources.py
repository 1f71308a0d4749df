"""What a host says of its clock, as the tests want it."""

from dataclasses import dataclass, field

from agent.domain.time_trust import TimeEvidence

SYNCED = TimeEvidence(is_kept=True, synced_s=0.0)
WAITING = TimeEvidence(is_kept=True)
NOTHING = TimeEvidence()


@dataclass(slots=True)
class ScriptedTime:
    """Implements ``agent.ports.TimeSource``."""

    says: TimeEvidence = field(default=SYNCED)
    boot: str = "boot 1"

    def look(self) -> TimeEvidence:
        return self.says

    def boot_id(self) -> str:
        return self.boot
