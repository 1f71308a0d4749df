"""What the fast loop knows at one instant."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """What the fast loop knows now. ``net_load_w`` is load less solar; prices are money per kWh.

    ``carbon_price`` comes on top of every imported kWh; it counts in the decision and not on the bill.
    ``step_mean_w`` is the mean net load of late, which foretells more than one second of it; None takes
    ``net_load_w``. ``interval_wh`` is what was imported in the running interval of a demand charge, ``peak_w`` the
    month's highest mean import so far. ``battery_w`` is the power in force (positive discharges), None where nothing
    is: to turn round costs a little.
    """

    at: datetime
    net_load_w: float
    soc_pct: float
    import_price: float
    export_price: float
    carbon_price: float = 0.0
    step_mean_w: float | None = None
    interval_wh: float = 0.0
    battery_w: float | None = None
    peak_w: float = 0.0
