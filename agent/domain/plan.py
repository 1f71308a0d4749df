"""What the planner hands over: the steps that are published and explained, and what stored energy is worth."""

from dataclasses import dataclass, field
from datetime import datetime

from agent.domain.advisory import Advice
from agent.domain.forecast import Forecast
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.horizon import Horizon
from agent.domain.load_run import LoadRun
from agent.domain.suspect import Suspect
from agent.domain.wire import formerly


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step. Powers are mean watts, all non-negative, one direction each; ``soc_pct`` is at the end of the step.

    ``energy_value_per_kwh`` is the dual of the energy balance of the battery: what one more stored kWh is worth then.
    """

    charge_w: float
    discharge_w: float
    import_w: float
    export_w: float
    curtail_w: float
    soc_pct: float
    load_w: float
    pv_w: float
    import_price: float
    export_price: float
    energy_value_per_kwh: float

    @property
    def battery_w(self) -> float:
        """Positive discharges."""
        return self.discharge_w - self.charge_w


@dataclass(frozen=True, slots=True)
class ValueByNetLoad:
    """What stored energy is worth at the end of a step whose mean net load turned out to be ``net_load_w``.

    ``value[k]`` is money at ``soc_pct[k]`` of the table that this belongs to. ``at_levels`` are such rows for every
    level of ``PeakPrice.levels_w`` of the step, where the month's peak stands then; empty where they are not known.
    """

    net_load_w: float
    value: tuple[float, ...] = field(metadata=formerly("worth"))
    at_levels: tuple[tuple[float, ...], ...] = ()


# A month pays for its worst interval once. Of the intervals of a plan that pass the threshold about one in four raises
# the peak again, so a table that prices each of them by itself prices it at a quarter; in full, it hoarded for peaks.
RAISING_SHARE = 0.25
# A decision looks at least this far ahead, so that the last seconds of a step do not turn it into all or nothing.
SHORTEST_LOOK_S = 60.0


@dataclass(frozen=True, slots=True)
class PeakPrice:
    """What import above ``threshold_w[i]`` costs in step i, by the mean over an interval: ``per_kw[i]`` money a kW.

    ``month[i]`` numbers the billing months: the worst interval of each is charged. ``begun_wh`` is what the interval
    that the horizon begins in had imported before. ``levels_w`` are, for the first steps, the peaks from the threshold
    up at which the table knows the value of stored energy, ascending.
    """

    interval_s: int
    threshold_w: tuple[float, ...]
    per_kw: tuple[float, ...]
    month: tuple[int, ...] = ()
    begun_wh: float = 0.0
    levels_w: tuple[tuple[float, ...], ...] = ()

    def over_per_kwh(self, step: int) -> float:
        """What a kWh above the threshold counts in the fast loop, money."""
        return RAISING_SHARE * self.per_kw[step] * 3600.0 / self.interval_s

    def held_w(self, step: int, at: datetime, imported_wh: float) -> float:
        """The import, W, that brings the running interval to the threshold when held until its end.

        ``imported_wh`` is what the interval, which has begun on a whole multiple of its length, has imported so far.
        """
        return self.import_w(self.threshold_w[step], at, imported_wh)

    def import_w(self, mean_w: float, at: datetime, imported_wh: float) -> float:
        """As ``held_w``, to any mean import of the interval."""
        left_s, whole_s = self._look_s(at)
        return max(0.0, (mean_w * whole_s - imported_wh * 3600.0) / left_s)

    def mean_w(self, import_w: float, at: datetime, imported_wh: float) -> float:
        """The mean import, W, of the running interval when ``import_w`` is held until its end."""
        left_s, whole_s = self._look_s(at)
        return (imported_wh * 3600.0 + import_w * left_s) / whole_s

    def _look_s(self, at: datetime) -> tuple[float, float]:
        """What is left of the running interval and its whole length, with what the last seconds look beyond it."""
        left_s = self.interval_s - at.timestamp() % self.interval_s
        beyond_s = max(0.0, SHORTEST_LOOK_S - left_s)  # what the last seconds allow is no import to rush into
        return left_s + beyond_s, self.interval_s + beyond_s


@dataclass(frozen=True, slots=True)
class ValueTable:
    """What the energy in the battery is worth, in money, by step and SoC.

    ``soc_pct`` is an ascending grid of at least two points. ``value[i][k]`` is the expected value, in the tariff's
    currency, of standing at ``soc_pct[k]`` at the END of step i and acting well from there on. It does not fall with
    SoC unless energy has become a burden (negative prices), and is concave in SoC.

    ``by_net_load[i]`` says the same for a few net loads of step i, ascending, since a step that runs high foretells
    more of it; between them it is linear. It covers the first steps only, or none; elsewhere ``value`` holds. An energy
    above a limit of the connection costs ``broken_limit_per_kwh``; None lets the fast loop take a multiple of the
    price. ``price_until[i]`` is the last step to which the import price of step i lasts; empty where nobody said it.
    ``peak`` is the demand charge that asks most, ``other_peaks`` are those besides.
    """

    soc_pct: tuple[float, ...]
    value: tuple[tuple[float, ...], ...] = field(metadata=formerly("worth"))
    by_net_load: tuple[tuple[ValueByNetLoad, ...], ...] = field(default=(), metadata=formerly("seen"))
    broken_limit_per_kwh: float | None = None
    peak: PeakPrice | None = None
    price_until: tuple[int, ...] = ()
    other_peaks: tuple[PeakPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. It may be followed until ``expires_at``; the controller checks it before the first use.

    ``corrections`` are what the forecasts have learnt by now, one a quantity, for the next plan to go on from.
    ``suspects`` are the measurements since ``examined_from`` that are doubted; None: nothing was examined.
    """

    issued_at: datetime
    expires_at: datetime
    horizon: Horizon
    steps: tuple[PlanStep, ...]
    values: ValueTable
    load: Forecast
    pv: Forecast
    notes: tuple[str, ...] = field(default=())  # what the planner had to do without, one sentence each
    cost: float = 0.0  # expected cost of the horizon in money, less what is left in the battery
    solve_s: float = 0.0
    corrections: tuple[ForecastCorrections, ...] = field(default=(), metadata=formerly("experiences"))
    suspects: tuple[Suspect, ...] = ()
    examined_from: datetime | None = None
    advice: Advice | None = None  # where the request wanted it
    runs: tuple[LoadRun, ...] = ()  # of the loads that the agent switches; ``load`` holds them

    def step_at(self, at: datetime) -> PlanStep | None:
        index = self.horizon.index_of(at)
        return None if index is None else self.steps[index]
