"""A relay that is switched by a topic of the household's MQTT broker, and by which topic it says what it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What a topic says for yes and for no. Where it says JSON, under ``key``: names joined by dots."""

    topic: str
    yes: str
    no: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class TopicRelay:
    """``name`` is that of its load. ``command`` is what it is told: its topic with the payloads for on and off.

    ``state`` is what it says, ``availability`` whether it is there, ``query`` topic and payload to ask for its state.
    What it has said counts for ``expire_after_s``, without one until the connection ends. ``rests_on`` is how it is
    left without us.
    """

    name: str
    command: Words
    state: Words
    rests_on: bool
    availability: Words | None = None
    query: tuple[str, str] | None = None
    expire_after_s: float | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """Those on which it speaks."""
        return (self.state.topic,) if self.availability is None else (self.state.topic, self.availability.topic)

    def payload(self, on: bool) -> str:
        """What it is told."""
        return self.command.yes if on else self.command.no
