"""By what the battery is steered, and what each way of it would have earned on the days that have passed."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from agent.domain.sentences.control import self_consumption_earned, time_of_use_earned


class Policy(Enum):
    """TABLE is the plan's value of stored energy; the others are the rules of ``planning/rules.py``."""

    TABLE = "table"
    SELF_CONSUMPTION = "self_consumption"
    TIME_OF_USE = "time_of_use"


MOST_DAYS = 28  # that a reason speaks of: older ones count little
RULES = (Policy.SELF_CONSUMPTION, Policy.TIME_OF_USE)


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What one rule has earned more than the table, money; older days count less and less.

    ``squares`` is the sum of the squares of the daily differences, older days counted less in the same way.
    """

    rule: Policy
    earned: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """``acting`` steers, and has done since the day ``since`` (UTC, None: from the beginning), after ``days`` days."""

    acting: Policy = Policy.TABLE
    since: datetime | None = None
    days: int = 0
    rules: tuple[RuleRecord, ...] = tuple(RuleRecord(rule) for rule in RULES)

    @property
    def why(self) -> str:
        """Why a rule steers, as its reasons say it."""
        days = min(self.days, MOST_DAYS)
        return (
            time_of_use_earned(days=days) if self.acting is Policy.TIME_OF_USE else self_consumption_earned(days=days)
        )
