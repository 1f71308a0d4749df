"""What a site has taught about the forecasts of one quantity."""

from dataclasses import dataclass, field
from datetime import datetime

from agent.domain.document import Document
from agent.domain.wire import formerly

LEAD_EDGES_H = (1, 3, 6, 12, 24, 36, 48)
"""Bucket b holds the leads up to LEAD_EDGES_H[b] hours; the last of them also what lies beyond."""

LOW_OUTPUT = len(LEAD_EDGES_H)
"""The bucket after those of the leads: steps that are expected to be nearly nothing, such as dawn and dusk."""

BUCKETS = LOW_OUTPUT + 1

PERSISTENT_BUCKETS = 4
"""So many of the first buckets are corrected by the error of the hour before."""


@dataclass(frozen=True, slots=True)
class ForecastCorrections:
    """Small, kept in the store and published with the forecast: how well each member did, how far levels were off.

    A member is a forecaster by its name. ``losses[m][b]`` is member m's recent mean pinball loss in bucket b, W, and
    ``counted[m][b]`` how many hours of origins stand behind it, older ones for less. ``quantile_offsets[b][q]`` moves
    level q in bucket b upwards, in half-widths of the interval on that side (of the step's own and the horizon's mean
    one the geometric mean); ``published[b][q]`` is what was in force about two days ago, when the forecasts that are
    judged now were made. ``residual_persistence[b]`` holds the recent sums of r * r and r * e, where r is the error of
    the hour before an origin and e that of the forecast in bucket b, both in half-widths; ``last_error`` is r for the
    hour after ``learnt_to``, None where it was not measured. ``learnt_to`` is the newest origin whose forecast has been
    compared with what came; ``origins`` counts those.
    """

    quantity: str
    learnt_to: datetime | None = None
    origins: int = 0
    members: tuple[str, ...] = ()
    losses: tuple[tuple[float, ...], ...] = ()
    quantile_offsets: tuple[tuple[float, ...], ...] = field(default=(), metadata=formerly("moves"))
    counted: tuple[tuple[float, ...], ...] = ()
    published: tuple[tuple[float, ...], ...] = ()
    residual_persistence: tuple[tuple[float, ...], ...] = field(default=(), metadata=formerly("carried"))
    last_error: float | None = None


FORECAST_CORRECTIONS = Document("experience", "agent.cycles.record", tuple[ForecastCorrections, ...], True)
"""One a quantity, from plan to plan."""
