"""What comes of sending an alert. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has it."""

    said: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver has answered that it will not have it."""

    said: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """The receiver was not reached, or is not able to take anything now."""

    said: str


Outcome = Sent | Refused | NotReached  # ``said`` is one sentence without a secret
