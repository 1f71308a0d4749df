"""What the agent would have saved on the days on which it only observed."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ObservedDay:
    """Money of one local day: the bill as it was, and as it would have been with the battery steered.

    ``stored_wh`` is how much more the battery would have held at its end, Wh; ``value_per_kwh`` what that is worth.
    """

    day: date
    real: float
    steered: float
    stored_wh: float
    value_per_kwh: float

    @property
    def saved(self) -> float:
        return self.real - self.steered + self.stored_wh / 1000.0 * self.value_per_kwh


@dataclass(frozen=True, slots=True)
class Observation:
    """``days`` oldest first, the last of them still running."""

    since: datetime
    days: tuple[ObservedDay, ...] = ()

    @property
    def saved(self) -> float:
        return sum(day.saved for day in self.days)
