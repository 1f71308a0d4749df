"""A load that the agent switches by a relay, and what is shown and kept of it."""

from dataclasses import dataclass
from datetime import datetime

from agent.domain.advisory import FlexibleLoad
from agent.domain.topic_relay import TopicRelay


@dataclass(frozen=True, slots=True)
class SwitchedLoad:
    """``device`` is the name of the relay that switches ``load``; ``rests_on`` is how it is left without us.

    ``interruptible``: it may be switched off and on again. ``topic`` is a relay on the household's broker.
    """

    load: FlexibleLoad
    device: str
    rests_on: bool
    interruptible: bool = False
    topic: TopicRelay | None = None


@dataclass(frozen=True, slots=True)
class SwitchedLoadState:
    """``on`` is what its relay reads, None while that is not known; ``runs`` that it is on because it shall run.

    It has run for ``done_s`` in the window that closes at ``closes`` (UTC); None before its first window.
    """

    name: str
    power_w: float
    on: bool | None
    runs: bool
    reason: str
    done_s: float = 0.0
    closes: datetime | None = None

    @property
    def switched_w(self) -> float:
        """What it takes because it was switched on, W."""
        return self.power_w if self.runs else 0.0
