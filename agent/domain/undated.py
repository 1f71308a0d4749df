"""A stretch of one boot in which the time was not known."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Undated:
    """Kept until the time is known, so that the next run of the same boot can date what was measured.

    ``ahead_s`` is the wall time less the monotonic one, seconds: constant until the clock is set. ``since`` is the
    minute in which the stretch begins on the wrong clock, ``after`` the seq of each stream that its rows are above.
    ``leapt``: before that minute the time was known, so that a part of it is in another row.
    """

    boot_id: str
    ahead_s: float
    since: datetime
    after: tuple[tuple[str, int], ...]
    leapt: bool = False
