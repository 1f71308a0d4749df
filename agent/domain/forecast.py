"""What is expected, with how sure it is."""

from dataclasses import dataclass
from datetime import datetime

from agent.domain.horizon import Horizon


@dataclass(frozen=True, slots=True)
class Forecast:
    """Quantiles of a mean power over each step, W.

    ``levels`` are ascending, 0..1, and contain 0.5. ``values[q][i]`` belongs to level q and step i and does not fall
    with q. ``source`` names what made it: a model's name and version, or ``persistence``, or several
    with their shares. ``calibrated_origins`` past forecasts of this site stand behind the shares and the intervals.
    """

    quantity: str  # "load_w" or "pv_w"
    horizon: Horizon
    levels: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    source: str
    issued_at: datetime
    calibrated_origins: int = 0

    @property
    def median(self) -> tuple[float, ...]:
        return self.values[self.levels.index(0.5)]
