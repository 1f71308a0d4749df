"""What a person or the platform has told the battery to do, until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from agent.domain.sentences import control as say

AUTO = "auto"  # the word, at every door, by which one is ended
USUAL, LONGEST = timedelta(hours=2), timedelta(hours=24)
OBEYED_WITHIN = timedelta(minutes=2)  # one that is left while the agent does not run is not obeyed an hour later
LEAST_W, MOST_W = 1.0, 20_000_000.0  # of what a person asks for: more or less is a slip


class OverrideAction(Enum):
    """HOLD: neither charge nor discharge."""

    HOLD = "hold"
    CHARGE = "charge"
    DISCHARGE = "discharge"


@dataclass(frozen=True, slots=True)
class Override:
    """``action`` with ``power_w`` (positive, W; None is all that the limits allow) until before ``until`` (UTC).

    It has an end in any case, and stands above plan and rule, within all limits. ``asked_at`` is when it began.
    ``command`` is the id of the platform's command, None where a person has asked. Raises ValueError where it cannot be
    meant.
    """

    action: OverrideAction
    until: datetime
    asked_at: datetime
    power_w: float | None = None
    command: str | None = None

    def __post_init__(self) -> None:
        if self.until.tzinfo is None or self.asked_at.tzinfo is None:
            raise ValueError("the time of an override has no time zone")
        if self.power_w is not None and not 0.0 < self.power_w < float("inf"):
            raise ValueError(f"a power of {self.power_w:g} W cannot be: a power is above 0")
        if self.power_w is not None and self.action is OverrideAction.HOLD:
            raise ValueError("a battery that is held has no power")

    def battery_w(self, charge_w: float, discharge_w: float) -> float:
        """The battery power, W, > 0 discharges, of a battery with these ratings."""
        match self.action:
            case OverrideAction.HOLD:
                return 0.0
            case OverrideAction.CHARGE:
                return -min(charge_w, charge_w if self.power_w is None else self.power_w)
            case OverrideAction.DISCHARGE:
                return min(discharge_w, discharge_w if self.power_w is None else self.power_w)

    @property
    def words(self) -> str:
        """``charge with 2.00 kW``."""
        match self.action:
            case OverrideAction.HOLD:
                return say.order_hold()
            case OverrideAction.CHARGE:
                return say.order_charge() if self.power_w is None else say.order_charge_with(power_w=self.power_w)
            case OverrideAction.DISCHARGE if self.power_w is None:
                return say.order_discharge()
            case OverrideAction.DISCHARGE:
                return say.order_discharge_with(power_w=self.power_w)
