"""A raster of equal steps in time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Horizon:
    """``steps`` steps of ``step_s`` seconds from ``start`` (aware, UTC). A step is named by its start."""

    start: datetime
    step_s: int
    steps: int

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0):  # None where there is no zone
            raise ValueError(f"a horizon starts in UTC, not at {self.start.isoformat()}")
        if self.step_s <= 0 or self.steps <= 0:
            raise ValueError("a horizon has at least one step of at least one second")

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.step_s * self.steps)

    @property
    def step_h(self) -> float:
        return self.step_s / 3600.0

    def times(self) -> tuple[datetime, ...]:
        """The start of every step."""
        return tuple(self.start + timedelta(seconds=self.step_s * i) for i in range(self.steps))

    def index_of(self, at: datetime) -> int | None:
        """The step that contains ``at``, or None outside the horizon."""
        index = int((at - self.start).total_seconds() // self.step_s)
        return index if 0 <= index < self.steps else None


def floor_to_step(at: datetime, step_s: int) -> datetime:
    """The start of the step of the UTC day that contains ``at``."""
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step_s, UTC)
