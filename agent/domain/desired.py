"""What the platform wants of the site's configuration, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

Overlay = tuple[tuple[str, str], ...]  # key of the site file, with dots, and its value as JSON text
MOST_VERSION = 2**53


@dataclass(frozen=True, slots=True)
class Desired:
    """One message: ``overlay`` is laid over the site file. ``version`` grows with every message.

    ``refusal`` says why that may not be done with what was asked; None where it may.
    """

    version: int
    overlay: Overlay
    refusal: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.version <= MOST_VERSION:
            raise ValueError("the version is a whole number from 1 on")


class ConfigState(StrEnum):
    NOTHING = "nothing"  # was ever wanted
    WAITING = "waiting"  # for its turn: changes come no faster than they can be judged
    TRYING = "trying"
    IN_FORCE = "in_force"
    REJECTED = "rejected"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """The answer to ``asked``, the newest message of ``version``. ``overlay`` is in force, whatever was asked.

    ``cost_before`` and ``cost_after`` are what a plan made now is expected to cost without and with what was asked, in
    money; None where there was no such plan. ``error`` says why it is not in force.
    """

    version: int = 0
    asked: Overlay = ()
    state: ConfigState = ConfigState.NOTHING
    overlay: Overlay = ()
    error: str | None = None
    cost_before: float | None = None
    cost_after: float | None = None

    @property
    def holds(self) -> Overlay:
        """What is gone by now."""
        return self.asked if self.state is ConfigState.TRYING else self.overlay
