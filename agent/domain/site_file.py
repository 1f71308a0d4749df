"""What became of the last edit of the site file."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SiteFileEdit:
    """Taken up ``at`` (UTC): the keys that hold from then on, with their values, and those that ``wait`` for a restart.

    Both are words for people, empty where there is none.
    """

    at: datetime
    taken: str = ""
    waits: str = ""
