"""What is played: one site's history on the raster of the play, with prices, a battery and a stretch of time."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from agent.backtest.sites import Site
from agent.domain.battery import Battery
from agent.domain.history import History
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.request import Objective, Place
from agent.domain.site import Connection
from agent.forecasting.series import bridge_short_gaps, load_series, solar_series
from agent.savings.savings import Period

Floats = NDArray[np.float64]

MONEY_ALONE = Objective(cost_weight=1.0, carbon_weight=0.0, carbon_value_per_kg=0.0)
BRIDGE_S = 3 * 3600  # shorter gaps are bridged by a straight line
WEEKS_AROUND = 8  # how far away a longer gap looks for the same hour of the week


class Unplayable(ValueError):
    """A site cannot be played in the way that is asked for. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Case:
    """Steps ``first`` to before ``last`` of a history are played; what is before them is there to learn from.

    The arrays have one entry a step of ``history.horizon``: W, money per kWh and kg CO2 per kWh, gaps filled, since the
    plant of a play needs a load in every hour. ``history`` keeps the gaps: the agent knows what was not measured.
    ``day_ahead`` says that import prices are published a day ahead; otherwise all are known. What is played is settled
    by these steps. ``planned`` is the same time in longer ones, by which the agent learns, forecasts and plans; None
    where it does so by those that are settled.
    """

    name: str
    history: History
    load_w: Floats
    pv_w: Floats
    import_price: Floats
    export_price: Floats
    carbon_kg_per_kwh: Floats
    battery: Battery
    connection: Connection
    place: Place
    solar_rated_w: float
    objective: Objective
    day_ahead: bool
    first: int
    last: int
    demand_interval_s: int = 3600  # over which a demand charge averages import; whole steps
    carbon_published: bool = False  # a forecast of the carbon intensity is at hand, and comes true
    planned: "Case | None" = None
    doubts: tuple[str, ...] = ()  # about what was measured, for people

    def __post_init__(self) -> None:
        if not 0 <= self.first < self.last <= self.history.horizon.steps:
            raise Unplayable(f"{self.name} has no step to play")
        if self.demand_interval_s % self.history.horizon.step_s:
            step_s = self.history.horizon.step_s
            raise Unplayable(f"{self.name}: an interval of {self.demand_interval_s} s is no whole steps of {step_s} s")
        if self.planned is not None and self.planned.horizon.step_s % self.horizon.step_s:
            plan_s, step_s = self.planned.horizon.step_s, self.horizon.step_s
            raise Unplayable(f"{self.name} cannot be settled every {step_s} s in plan steps of {plan_s} s")

    @property
    def horizon(self) -> Horizon:
        return self.history.horizon

    @property
    def steps(self) -> int:
        """How many steps are played."""
        return self.last - self.first

    @property
    def start_pct(self) -> float:
        """The battery starts in the middle of the window that may be used."""
        return (self.battery.floor_pct + self.battery.soc_max_pct) / 2.0

    def aiming_at(self, objective: Objective | None) -> "Case":
        """The same case steered by another objective; None leaves its own."""
        if objective is None:
            return self
        planned = None if self.planned is None else self.planned.aiming_at(objective)
        return replace(self, objective=objective, planned=planned)

    @property
    def plan_case(self) -> "Case":
        """What the agent plans by."""
        return self if self.planned is None else self.planned

    def plan_index(self, index: int) -> int:
        """The step of ``plan_case`` in which step ``index`` lies."""
        if self.planned is None:
            return index
        return int((self.at(index) - self.planned.horizon.start).total_seconds()) // self.planned.horizon.step_s

    def at(self, index: int) -> datetime:
        return self.horizon.start + timedelta(seconds=self.horizon.step_s * index)

    def times(self) -> tuple[datetime, ...]:
        """The start of every step that is played."""
        return tuple(self.at(index) for index in range(self.first, self.last))

    def period(self) -> Period:
        """What is played, as accounts are made of it."""
        part = slice(self.first, self.last)
        return Period(
            self.horizon.step_h,
            self.load_w[part],
            self.pv_w[part],
            self.import_price[part],
            self.export_price[part],
            self.carbon_kg_per_kwh[part],
        )


def case_of(site: Site, step_s: int, export_price: float, days: float | None = None) -> Case:
    """``site`` in steps of ``step_s``, its test period or the last ``days`` of it. Raises Unplayable.

    Finer measurements are averaged; a step measured for less than half of its time counts as a gap.
    """
    own_s = site.history.horizon.step_s
    if step_s % own_s:
        raise Unplayable(f"{site.name} was measured every {own_s} s and cannot be played in steps of {step_s} s")
    history, (load_w, pv_w) = on_raster(site.history, step_s)
    steps = history.horizon.steps
    first, last = (_index(history.horizon, at) for at in (site.test_start, site.test_end))
    if days is not None:
        first = max(first, last - round(days * 86_400 / step_s))
    return Case(
        name=site.name,
        history=history,
        load_w=load_w,
        pv_w=pv_w,
        import_price=curve_on(site.history.horizon, site.import_price, history.horizon),
        export_price=np.full(steps, export_price),
        carbon_kg_per_kwh=curve_on(site.history.horizon, site.carbon_kg_per_kwh, history.horizon),
        battery=site.battery,
        connection=Connection(),
        place=site.place,
        solar_rated_w=site.solar_rated_w,
        objective=MONEY_ALONE,
        day_ahead=site.day_ahead,
        first=first,
        last=last,
        doubts=site.doubts,
    )


def settled_by(fine: Case, planned: Case) -> Case:
    """``fine`` over the time that ``planned`` plays, the agent going by the steps of ``planned``. Raises Unplayable."""
    first, last = (_index(fine.horizon, planned.at(index)) for index in (planned.first, planned.last))
    return replace(fine, first=first, last=last, planned=planned)


def on_raster(history: History, step_s: int) -> tuple[History, tuple[Floats, Floats]]:
    """The history in steps of ``step_s``, and its load and solar power with the gaps filled, W."""
    load, solar = load_series(history, step_s), solar_series(history, step_s, 0.0)
    many = step_s // history.horizon.step_s
    if many == 1:
        return history, (filled(load.values, step_s), filled(solar.values, step_s))
    horizon = Horizon(datetime.fromtimestamp(load.start_s, UTC), step_s, load.values.size)
    curtailed = [False] * horizon.steps
    lead = round((history.horizon.start - horizon.start).total_seconds()) // history.horizon.step_s
    for index, capped in enumerate(history.curtailed):
        curtailed[(index + lead) // many] |= capped
    coarse = History(horizon, _optional(load.values), _optional(solar.values), tuple(curtailed), history.weather)
    return coarse, (filled(load.values, step_s), filled(solar.values, step_s))


def filled(values: Floats, step_s: int) -> Floats:
    """Without NaN: gaps up to 3 h bridged, longer ones by the same hour of the nearest week, else the mean or 0."""
    values = bridge_short_gaps(np.array(values), BRIDGE_S // step_s)
    week = 7 * 86_400 // step_s
    found = values.copy()
    for away in (sign * weeks * week for weeks in range(1, WEEKS_AROUND + 1) for sign in (-1, 1)):
        holes = np.flatnonzero(np.isnan(found))
        source = holes + away
        inside = (source >= 0) & (source < values.size)
        found[holes[inside]] = values[source[inside]]
    known = values[np.isfinite(values)]
    return np.where(np.isnan(found), known.mean() if known.size else 0.0, found)


def cut(history: History, first: int, last: int) -> History:
    """Steps ``first`` to before ``last`` of a history, with all of its weather."""
    if last <= 0:
        return _nothing_yet(history)
    first = max(first, 0)
    start = history.horizon.start + timedelta(seconds=history.horizon.step_s * first)
    part = slice(first, last)
    return History(
        Horizon(start, history.horizon.step_s, last - first),
        history.load_w[part],
        history.pv_w[part],
        history.curtailed[part],
        history.weather,
    )


def _nothing_yet(history: History) -> History:
    """The first moment of a site: one step before it, in which nothing was measured."""
    step_s = history.horizon.step_s
    before = Horizon(history.horizon.start - timedelta(seconds=step_s), step_s, 1)
    return History(before, (None,), (None,), (False,), history.weather)


def _index(horizon: Horizon, at: datetime) -> int:
    """The first step that begins at or after ``at``."""
    times = horizon.times()
    return bisect_left(times, at)


def curve_on(own: Horizon, values: Sequence[float | None], onto: Horizon) -> Floats:
    """A curve of prices or carbon on the coarser raster ``onto``, gaps filled."""
    many = onto.step_s // own.step_s
    lead = round((own.start - floor_to_step(own.start, onto.step_s)).total_seconds()) // own.step_s
    padded = np.full(onto.steps * many, np.nan)
    padded[lead : lead + len(values)] = np.array(values, dtype=np.float64)
    table = padded.reshape(onto.steps, many)
    known = np.isfinite(table)
    total = np.where(known, table, 0.0).sum(axis=1)
    means = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return filled(means, onto.step_s)


def _optional(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else value for value in values.tolist())
