"""Everything a plan depends on, in one frozen question. It crosses to the planner process as JSON."""

from dataclasses import dataclass
from datetime import date, datetime

from agent.domain.advisory import AdviceQuestion
from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.load_run import LoadTask
from agent.domain.site import Connection
from agent.domain.sun_position import sun_elevation_deg
from agent.domain.weather import Weather


@dataclass(frozen=True, slots=True)
class Place:
    """Where the site is and which calendar it lives by."""

    latitude: float
    longitude: float
    timezone: str
    holidays: tuple[date, ...] = ()

    def sun_elevation_deg(self, at: datetime) -> float:
        """Elevation of the sun's centre above the horizon here, degrees, negative at night."""
        return sun_elevation_deg(at, self.latitude, self.longitude)


@dataclass(frozen=True, slots=True)
class Objective:
    """What counts, and how much.

    The planner minimises money plus ``carbon_price_per_kg`` per kg CO2, where the carbon price is
    ``carbon_weight / cost_weight * carbon_value_per_kg``.
    """

    cost_weight: float = 0.7
    carbon_weight: float = 0.3
    carbon_value_per_kg: float = 0.1

    @property
    def carbon_price_per_kg(self) -> float:
        return self.carbon_weight / self.cost_weight * self.carbon_value_per_kg


@dataclass(frozen=True, slots=True)
class Demand:
    """The demand charge, and the highest mean import of the running month so far, W (0 where it is not known).

    ``interval_wh`` is what the running interval has imported before the horizon's start, Wh. ``earlier_w`` is the
    highest of the eleven months before, W. ``others`` are charges that are asked besides, over the same intervals.
    """

    charge: DemandCharge
    peak_w: float = 0.0
    interval_wh: float = 0.0
    earlier_w: float = 0.0
    others: tuple["Demand", ...] = ()

    @property
    def paid_anyway_w(self) -> float:
        """The peak that the running month pays for whatever is still imported, W."""
        return max(self.peak_w, self.charge.ratchet_share * self.earlier_w)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The question. Tuples of prices and carbon have one entry a step of ``horizon``.

    ``reserve_pct`` is what the SoC must not be below at the end of each step; empty: the battery's own reserve always.
    ``import_limit_w`` and ``export_limit_w`` are the limits of the connection by step, None where there is none; empty:
    those of ``connection`` throughout.

    ``store`` is the path of the database that the planner reads history from, read-only. ``models`` is the folder of
    exported models; a model name None asks for seasonal persistence. ``plain``: neither model nor solver is loaded.
    """

    now: datetime
    horizon: Horizon
    soc_pct: float
    battery: Battery
    connection: Connection
    place: Place
    solar_rated_w: float
    import_price: tuple[float, ...]
    export_price: tuple[float, ...]
    carbon_kg_per_kwh: tuple[float, ...]
    objective: Objective
    valid_s: float
    store: str
    models: str
    load_model: str | None
    solar_model: str | None
    weather: Weather | None = None
    notes: tuple[str, ...] = ()
    demand: Demand | None = None
    reserve_pct: tuple[float, ...] = ()
    import_limit_w: tuple[float | None, ...] = ()
    export_limit_w: tuple[float | None, ...] = ()
    advice: AdviceQuestion | None = None  # None: no recommendations are wanted this time
    tasks: tuple[LoadTask, ...] = ()  # of the loads that the agent switches
    plain: bool = False

    def floor_pct(self, step: int) -> float:
        """The lowest SoC at the end of ``step``."""
        if not self.reserve_pct:
            return self.battery.floor_pct
        return max(self.battery.soc_min_pct, self.reserve_pct[step])

    def connection_at(self, step: int) -> Connection:
        """The limits that hold in ``step``."""
        return Connection(
            self.import_limit_w[step] if self.import_limit_w else self.connection.import_limit_w,
            self.export_limit_w[step] if self.export_limit_w else self.connection.export_limit_w,
        )
