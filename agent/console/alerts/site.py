"""Where an alert comes from. Pure."""

from dataclasses import dataclass
from datetime import tzinfo


@dataclass(frozen=True, slots=True)
class Site:
    """What an alert says of where it comes from, and in which money."""

    id: str
    name: str
    zone: tzinfo
    currency: str
