"""What really happened on the simulated site, step by step, beside what was planned."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """The site over one control step: true mean powers of the plant in W, not what the meters say."""

    at: datetime
    load_w: float
    pv_w: float
    battery_w: float
    grid_w: float
    soc_pct: float
    import_wh: float
    export_wh: float
    import_price: float
    export_price: float
    carbon_kg_per_kwh: float
    planned_battery_w: float | None
    planned_soc_pct: float | None
    asked_w: float | None
    rung: str
    reason: str


@dataclass(slots=True)
class Track:
    """Every moment of the demonstration so far, on a raster of ``step_s`` seconds."""

    step_s: float
    moments: list[Moment] = field(default_factory=list)

    def column(self, name: str) -> list[float]:
        """One number of every moment; missing ones become NaN, which plots as a gap."""
        values = [getattr(moment, name) for moment in self.moments]
        return [float("nan") if value is None else float(value) for value in values]

    def times(self) -> list[datetime]:
        return [moment.at for moment in self.moments]
