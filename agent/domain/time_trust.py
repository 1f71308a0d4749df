"""Whether the wall clock can be believed. Pure.

A gateway without a battery-backed clock starts in 1970 or at its last shutdown, and learns the time later.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.domain.sentences import alarms as say

# Nothing was ever installed before this; a clock that says so has lost the time.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
# A commit may be dated a little ahead of a clock that is being corrected.
BEHIND = timedelta(minutes=2)
LONGEST_UNSYNCED_S = 24 * 3600.0
RTC_AGREES = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class TimeEvidence:
    """What the platform says of its clock at one instant.

    ``is_kept``: a service sets the clock from the network, and says when it has. ``synced_s``: how long ago it did,
    seconds; None: not since the boot. ``rtc``: what a battery-backed clock says now, where there is one that ran.
    """

    is_kept: bool = False
    synced_s: float | None = None
    rtc: datetime | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the time is not trusted, as the end of a sentence that begins with "the clock".

    ``dated`` is true where the clock was right and may only have drifted since: what is measured has a date.
    """

    reason: str
    dated: bool = False


def doubt_of(now: datetime, newest: datetime | None, evidence: TimeEvidence) -> Doubt | None:
    """Why ``now`` is not trusted, or None. ``newest`` is the newest time that was trusted before this start."""
    if now < EARLIEST:
        return Doubt(say.says_impossible(says_at=now))
    if evidence.is_kept and evidence.synced_s is not None:
        if evidence.synced_s <= LONGEST_UNSYNCED_S:
            return None
        return Doubt(say.long_unsynced(unsynced_s=evidence.synced_s), dated=True)
    if newest is not None and now < newest - BEHIND:
        return Doubt(say.says_before_measured(says_at=now))
    if evidence.is_kept and not _rtc_confirms(now, evidence.rtc):
        return Doubt(say.never_synced())
    return None


def _rtc_confirms(now: datetime, rtc: datetime | None) -> bool:
    """Whether a battery-backed clock says the same: what was measured last is not after ``now``, so not after it."""
    return rtc is not None and abs(rtc - now) <= RTC_AGREES
