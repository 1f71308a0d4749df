"""What a comparison of two models on one site has shown."""

import math
from dataclasses import dataclass
from datetime import date
from enum import Enum


@dataclass(frozen=True, slots=True)
class DayScore:
    """One UTC day of origins, both models judged on the same steps.

    Pinball losses in W, mean over levels, steps and origins; costs in the tariff's currency, lower is better, None
    where only the forecasts were compared.
    """

    day: date
    pinball_champion: float
    pinball_candidate: float
    cost_champion: float | None = None
    cost_candidate: float | None = None

    def __post_init__(self) -> None:
        figures = (self.pinball_champion, self.pinball_candidate, self.cost_champion, self.cost_candidate)
        if not all(figure is None or math.isfinite(figure) for figure in figures):
            raise ValueError("a score is not a number")


class Decision(Enum):
    """What follows from a comparison."""

    EARLY = "early"
    BETTER = "better"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The candidate against the champion over ``days`` days, of which ``live`` came after the candidate.

    Gains are shares of 1 of the champion's loss and bill on the live days, > 0 where the candidate is better; the true
    gain is above ``*_at_least`` with a confidence of 90 %. All are 0 while it is too early.
    """

    decision: Decision
    days: int
    live: int
    pinball_gain: float = 0.0
    pinball_at_least: float = 0.0
    cost_gain: float = 0.0
    cost_at_least: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the trials of a night decided. ``sentences`` are for events: who was refused, promoted or rolled back."""

    sentences: tuple[str, ...]
