"""What one battery is steered by, and one relay switched, besides its device."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from agent.adapters.devices.steering_memory import SteeringMemory
from agent.dispatch.write_budget import WriteBudget
from agent.domain.sentences.alarms import writes_used_up


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SteeringTerms:
    """``address`` names the device in the ``memory``; ``now`` is the wall clock, by which days are counted.

    ``which`` asks the device which one it is, as a word that no other has; None where it does not say. Raises
    DriverError.
    """

    address: str
    budget: WriteBudget
    memory: SteeringMemory
    now: Callable[[], datetime] = utc_now
    which: Callable[[], Awaitable[str | None]] | None = None

    @property
    def today(self) -> date:
        return self.now().astimezone(UTC).date()

    def used_up(self, device: str) -> str | None:
        """One sentence when the writes of the day are used up."""
        if self.budget.may_steer(self.today):
            return None
        return writes_used_up(device=device, used=self.budget.used_today(self.today), per_day=self.budget.per_day)

    def spend(self, made: Mapping[str, int]) -> None:
        """So many writes of persistent registers were made, by the datasheet's names, and are kept as made today."""
        if made:
            self.budget.spend(made, self.today)
            self.memory.count(self.address, self.budget)
            self.memory.keep_soon()


@dataclass(frozen=True, slots=True)
class RelayTerms:
    """``address`` names the relay in the memory; ``rests_on`` is how it is left without us."""

    address: str
    rests_on: bool
