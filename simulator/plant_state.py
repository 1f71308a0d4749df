"""One picture of the plant, and the energy that has flowed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlantState:
    """The site at ``at``: watts with this project's signs, and how full the battery is."""

    at: datetime
    load_w: float
    pv_w: float
    battery_w: float
    grid_w: float
    soc_pct: float
    stored_wh: float
    pv_available_w: float
    online: bool

    @property
    def inverter_w(self) -> float:
        """What the hybrid inverter gives at its AC terminals, W; negative when it charges from the grid."""
        return self.pv_w + self.battery_w


@dataclass(slots=True)
class Counters:
    """Energy since the plant began, Wh. ``curtailed_wh`` is sun not used, ``loss_wh`` what the battery lost."""

    import_wh: float = 0.0
    export_wh: float = 0.0
    load_wh: float = 0.0
    pv_wh: float = 0.0
    curtailed_wh: float = 0.0
    inverter_out_wh: float = 0.0
    inverter_in_wh: float = 0.0
    charge_wh: float = 0.0
    discharge_wh: float = 0.0
    loss_wh: float = 0.0

    def add(self, hours: float, state: PlantState, lost_wh: float) -> None:
        """Count ``hours`` with the powers of ``state``, in which the battery lost ``lost_wh``."""
        self.import_wh += max(0.0, state.grid_w) * hours
        self.export_wh += max(0.0, -state.grid_w) * hours
        self.load_wh += state.load_w * hours
        self.pv_wh += state.pv_w * hours
        self.curtailed_wh += (state.pv_available_w - state.pv_w) * hours
        self.inverter_out_wh += max(0.0, state.inverter_w) * hours
        self.inverter_in_wh += max(0.0, -state.inverter_w) * hours
        self.charge_wh += max(0.0, -state.battery_w) * hours
        self.discharge_wh += max(0.0, state.battery_w) * hours
        self.loss_wh += lost_wh
