"""Which limit binds at a step of a plan, and what one more unit of it would be worth, read from the plan's own duals.

With v the worth of a stored kWh at the step, v' after it, p the price at the busbar and dt the step in hours:

    charging rating      (v eta_c - p) dt                per kW
    discharging rating   (p - wear - v / eta_d) dt       per kW
    top of the window    v' - v                          per kWh
    floor of the window  v - v'                          per kWh
    connection           (what the busbar would give or take for another kWh, less the grid's price) dt   per kW
    peak                 the same, for the hours of the demand charge's interval                          per kW

These are the reduced costs of the linear programme (LP duality; Chvatal, Linear Programming, chapter 5).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from agent.domain.battery import Battery, soc_after
from agent.domain.battery_wear import wear_per_kwh
from agent.domain.plan import Plan, PlanStep
from agent.domain.site import Connection

FLOW_W = 1.0  # below this a flow is no flow
AT_LIMIT_W = 2.0
AT_LIMIT_SHARE = 1e-4  # a kept plan has five digits
AT_LIMIT_PCT = 0.01
LEAST_PRICE = 0.01  # so that a free horizon still has a measure of what is little
LEAST_SHARE_OF_PRICE = 1e-3  # a limit that is worth less than this share of the highest price binds nothing


class Limit(Enum):
    """What can stop the battery. The value is its name in a sentence."""

    CHARGE_RATING = "the inverter's charging rating"
    DISCHARGE_RATING = "the inverter's discharging rating"
    CEILING = "the top of the SoC window"
    FLOOR = "the floor of the SoC window"
    RESERVE = "the reserve for outages"
    IMPORT = "the import limit of the connection"
    EXPORT = "the export limit of the connection"
    PEAK = "the demand peak"

    @property
    def unit(self) -> str:
        return "kWh" if self in (Limit.CEILING, Limit.FLOOR, Limit.RESERVE) else "kW"


@dataclass(frozen=True, slots=True)
class Binding:
    """``worth`` is the money that one more unit (kW or kWh) of the limit would save, in its step alone.

    One more kWh of a floor or a reserve is one kWh less that is kept.
    """

    limit: Limit
    worth: float


@dataclass(frozen=True, slots=True)
class Basis:
    """A plan and what it was made on.

    ``carbon_price`` is what the objective added to each imported kWh, one a step, money. ``end_value`` is what a stored
    kWh counts at the end of the plan, money. ``top_price`` is the largest price of the plan in size. ``reserve_pct``
    and ``connections`` have one entry a step, or none where ``battery`` and ``connection`` hold throughout.
    ``peaks_w`` is what the demand charge's intervals are held to, one a billing month: the threshold, or what the plan
    raises it to; empty without a charge.
    """

    plan: Plan
    battery: Battery
    connection: Connection
    carbon_price: tuple[float, ...]
    end_value: float
    reserve_pct: tuple[float, ...] = ()
    connections: tuple[Connection, ...] = ()
    top_price: float = field(init=False)
    peaks_w: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.carbon_price) != len(self.plan.steps) or not self.plan.steps:
            raise ValueError(
                f"{len(self.carbon_price)} carbon prices do not fit a plan of {len(self.plan.steps)} steps"
            )
        prices = (max(abs(step.import_price), abs(step.export_price)) for step in self.plan.steps)
        object.__setattr__(self, "top_price", max(LEAST_PRICE, *prices))
        object.__setattr__(self, "peaks_w", self._peaks_w())

    @property
    def dt_h(self) -> float:
        return self.plan.horizon.step_h

    def battery_at(self, index: int) -> Battery:
        """The battery with the reserve that holds at the end of step ``index``."""
        return replace(self.battery, reserve_pct=self.reserve_pct[index]) if self.reserve_pct else self.battery

    def floor(self, index: int) -> Limit:
        """What the lowest SoC of step ``index`` is called."""
        battery = self.battery_at(index)
        return Limit.RESERVE if battery.reserve_pct > battery.soc_min_pct else Limit.FLOOR

    def connection_at(self, index: int) -> Connection:
        """The limits of the connection in step ``index``."""
        return self.connections[index] if self.connections else self.connection

    def start(self, index: int) -> datetime:
        """When step ``index`` begins, UTC."""
        return self.plan.horizon.start + timedelta(seconds=self.plan.horizon.step_s * index)

    def bought(self, index: int) -> float:
        """What an imported kWh counts at step ``index``, carbon included."""
        return self.plan.steps[index].import_price + self.carbon_price[index]

    def value(self, index: int) -> float:
        """What a stored kWh is worth during step ``index``; past the last step, at the end of the plan."""
        steps = self.plan.steps
        return steps[index].energy_value_per_kwh if index < len(steps) else self.end_value

    def interval_import_w(self, index: int) -> float:
        """Mean import of the demand charge's interval that step ``index`` is in, as far as it is known, W."""
        inside = self.interval(index)
        imported_wh = sum(self.plan.steps[i].import_w for i in inside) * self.dt_h
        peak = self.plan.values.peak
        begun_wh = 0.0 if peak is None or inside.start > 0 else peak.begun_wh
        return (imported_wh + begun_wh) / self.interval_h(index)

    def interval(self, index: int) -> range:
        """The steps of the demand charge's interval that step ``index`` is in; the step alone without a charge."""
        many, before = self._raster()
        first = (before + index) // many * many - before
        return range(max(0, first), min(first + many, len(self.plan.steps)))

    def interval_h(self, index: int) -> float:
        """How much of that interval is known, hours: what came before the plan and its steps."""
        inside = self.interval(index)
        before = self._raster()[1] if inside.start == 0 else 0
        return (before + len(inside)) * self.dt_h

    def _peaks_w(self) -> tuple[float, ...]:
        peak = self.plan.values.peak
        if peak is None:
            return ()
        held = dict(zip(peak.month, peak.threshold_w, strict=True))
        for index, month in enumerate(peak.month):
            held[month] = max(held[month], self.interval_import_w(index))
        return tuple(held[month] for month in sorted(held))

    def _raster(self) -> tuple[int, int]:
        """How many steps an interval has, and how many of the first one lie before the plan."""
        peak, horizon = self.plan.values.peak, self.plan.horizon
        many = 1 if peak is None else max(1, peak.interval_s // horizon.step_s)
        return many, int(horizon.start.timestamp()) // horizon.step_s % many

    def start_soc_pct(self) -> float:
        """The SoC that the plan began from."""
        first = self.plan.steps[0]
        return soc_after(self.battery, first.soc_pct, first.battery_w, -self.dt_h)


def bindings(basis: Basis, index: int) -> tuple[Binding, ...]:
    """The limits that bind at step ``index``, the one worth most first; empty when none does."""
    step = basis.plan.steps[index]
    found = [*_rating(basis, index, step), *_window(basis, index, step), *_connection(basis, index, step)]
    return tuple(sorted((one for one in found if worth_a_word(basis, one)), key=lambda one: -one.worth))


def worth_a_word(basis: Basis, binding: Binding) -> bool:
    """False for a limit that stops nothing, or next to nothing."""
    hours = 1.0 if binding.limit.unit == "kWh" else basis.dt_h
    return binding.worth > LEAST_SHARE_OF_PRICE * basis.top_price * hours


def busbar_price(basis: Basis, index: int) -> float | None:
    """What another kWh taken from the busbar costs at step ``index``; None where only the battery could tell."""
    step, connection = basis.plan.steps[index], basis.connection_at(index)
    if step.curtail_w > FLOW_W:
        return 0.0
    if step.import_w > FLOW_W and not _reached(step.import_w, connection.import_limit_w) and not _at_peak(basis, index):
        return basis.bought(index)
    if step.export_w > FLOW_W and not _reached(step.export_w, connection.export_limit_w):
        return step.export_price
    return _price_by_battery(basis, index, step)


def _price_by_battery(basis: Basis, index: int, step: PlanStep) -> float | None:
    """A battery that runs between its limits sets the price: what it would pay, or what it would ask."""
    battery, value = basis.battery, basis.value(index)
    if step.charge_w > FLOW_W and not _reached(step.charge_w, battery.charge_w):
        return value * battery.charge_efficiency
    if step.discharge_w > FLOW_W and not _reached(step.discharge_w, battery.discharge_w):
        return value / battery.discharge_efficiency + wear_per_kwh(battery, step.discharge_w)
    return None


def reached(basis: Basis, index: int) -> tuple[Limit, ...]:
    """Every limit that step ``index`` stands at, whether it is worth anything or not."""
    step, battery, connection = basis.plan.steps[index], basis.battery_at(index), basis.connection_at(index)
    at = {
        Limit.CHARGE_RATING: step.charge_w > FLOW_W and _reached(step.charge_w, battery.charge_w),
        Limit.DISCHARGE_RATING: step.discharge_w > FLOW_W and _reached(step.discharge_w, battery.discharge_w),
        Limit.CEILING: step.soc_pct >= battery.soc_max_pct - AT_LIMIT_PCT,
        basis.floor(index): step.soc_pct <= battery.floor_pct + AT_LIMIT_PCT,
        Limit.IMPORT: step.import_w > FLOW_W and _reached(step.import_w, connection.import_limit_w),
        Limit.EXPORT: step.export_w > FLOW_W and _reached(step.export_w, connection.export_limit_w),
        Limit.PEAK: step.import_w > FLOW_W and _at_peak(basis, index),
    }
    return tuple(limit for limit, stands in at.items() if stands)


def _at_peak(basis: Basis, index: int) -> bool:
    peak = basis.plan.values.peak
    if peak is None or peak.per_kw[index] <= 0.0:
        return False
    return _reached(basis.interval_import_w(index), basis.peaks_w[peak.month[index]])


def _rating(basis: Basis, index: int, step: PlanStep) -> list[Binding]:
    battery, price, value = basis.battery, busbar_price(basis, index), basis.value(index)
    if price is None:
        return []
    if step.charge_w > FLOW_W and _reached(step.charge_w, battery.charge_w):
        return [Binding(Limit.CHARGE_RATING, (value * battery.charge_efficiency - price) * basis.dt_h)]
    if step.discharge_w > FLOW_W and _reached(step.discharge_w, battery.discharge_w):
        asked = value / battery.discharge_efficiency + wear_per_kwh(battery, step.discharge_w)
        return [Binding(Limit.DISCHARGE_RATING, (price - asked) * basis.dt_h)]
    return []


def _window(basis: Basis, index: int, step: PlanStep) -> list[Binding]:
    battery, rise = basis.battery_at(index), basis.value(index + 1) - basis.value(index)
    found = []
    if step.soc_pct >= battery.soc_max_pct - AT_LIMIT_PCT:
        found.append(Binding(Limit.CEILING, rise))
    if step.soc_pct <= battery.floor_pct + AT_LIMIT_PCT:
        found.append(Binding(basis.floor(index), -rise))
    return found


def _connection(basis: Basis, index: int, step: PlanStep) -> list[Binding]:
    connection, price = basis.connection_at(index), busbar_price(basis, index)
    if price is None:
        return []
    found = []
    if step.import_w > FLOW_W and _reached(step.import_w, connection.import_limit_w):
        found.append(Binding(Limit.IMPORT, (price - basis.bought(index)) * basis.dt_h))
    if step.export_w > FLOW_W and _reached(step.export_w, connection.export_limit_w):
        found.append(Binding(Limit.EXPORT, (step.export_price - price) * basis.dt_h))
    if step.import_w > FLOW_W and not found and _at_peak(basis, index):
        found.append(Binding(Limit.PEAK, (price - basis.bought(index)) * basis.interval_h(index)))
    return found


def _reached(power_w: float, limit_w: float | None) -> bool:
    return limit_w is not None and power_w >= limit_w - max(AT_LIMIT_W, AT_LIMIT_SHARE * limit_w)


def reached_now(
    battery_w: float, soc_pct: float | None, grid_w: float | None, battery: Battery, connection: Connection
) -> Limit | None:
    """The limit that a power of the battery in force stands at (W, > 0 discharges), or None.

    ``grid_w`` > 0 imports; None where it is not known.
    """
    charging, discharging = battery_w < -FLOW_W, battery_w > FLOW_W
    if charging and _reached(-battery_w, battery.charge_w):
        return Limit.CHARGE_RATING
    if discharging and _reached(battery_w, battery.discharge_w):
        return Limit.DISCHARGE_RATING
    if grid_w is not None and charging and _reached(grid_w, connection.import_limit_w):
        return Limit.IMPORT
    if grid_w is not None and discharging and _reached(-grid_w, connection.export_limit_w):
        return Limit.EXPORT
    if soc_pct is None or charging or discharging:
        return None
    if soc_pct <= battery.floor_pct + 0.5:
        return Limit.RESERVE if battery.reserve_pct > battery.soc_min_pct else Limit.FLOOR
    return Limit.CEILING if soc_pct >= battery.soc_max_pct - 0.5 else None
