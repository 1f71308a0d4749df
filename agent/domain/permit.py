"""Why the battery may be steered: a test of the real devices that was passed, or the word of a person."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Permit:
    """``passed``: by the test of `commission`; else ``by`` has accepted it, for ``reason``.

    ``devices`` are those that it is about, as ``described`` says. What the test measured: how late the grid meter is
    and how long the battery takes to begin, s; how far its power is off, W. None where that was not measured.
    """

    at: datetime
    by: str
    reason: str
    devices: tuple[str, ...]
    passed: bool = False
    meter_lag_s: float | None = None
    dead_time_s: float | None = None
    off_w: float | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("the time of a permit has no time zone")
        if not self.by.strip() or not self.reason.strip():
            raise ValueError("a permit has a name and a reason")

    @property
    def words(self) -> str:
        """One sentence for `status`."""
        if self.passed:
            return f"commissioned on {self.at:%Y-%m-%d} by {self.by}: {self.reason}"
        return f"steered without a passed test since {self.at:%Y-%m-%d}: {self.by} has accepted it ({self.reason})"


@dataclass(frozen=True, slots=True)
class Permission:
    """``locked`` says why nothing may be written, in one sentence; None: the agent steers.

    ``is_missing``: it is locked for want of any permit, as on a site that an earlier version has steered.
    """

    locked: str | None = None
    permit: Permit | None = None
    is_missing: bool = False
