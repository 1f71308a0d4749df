"""A stretch of one boot in which the time was not known."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Undated:
    """Kept until the time is known, so that the next run of the same boot can date what was measured.

    ``ahead_s`` is the wall time less the monotonic one, seconds: constant until the clock is set. ``since`` is the
    minute in which the stretch begins on the wrong clock, ``after`` the seq of each stream that its rows are above.
    ``leap_s``: how far the clock was set before it, where the time had been known: a part of its first minute is in
    another row then.
    """

    boot_id: str
    ahead_s: float
    since: datetime
    after: tuple[tuple[str, int], ...]
    leap_s: float = 0.0
