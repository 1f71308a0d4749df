"""What a site has taught about the forecasts of one quantity."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Experience:
    """Small, kept in the store and published with the forecast: how well each member did, how far levels were off.

    A member is a forecaster by its name. ``losses[m][b]`` is member m's recent pinball loss at leads of bucket b, as a
    share of the site's level. ``moves[b][q]`` moves level q at leads of bucket b away from the median, in half-widths
    of the forecast's own interval. ``learnt_to`` is the newest origin whose forecast has been compared with what came;
    ``origins`` counts those.
    """

    quantity: str
    learnt_to: datetime | None = None
    origins: int = 0
    members: tuple[str, ...] = ()
    losses: tuple[tuple[float, ...], ...] = ()
    moves: tuple[tuple[float, ...], ...] = ()
