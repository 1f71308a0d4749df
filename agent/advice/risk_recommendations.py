"""Recommendations about what may go wrong: a peak, an outage, a meter, the battery itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.advice.battery_health import Estimate, Sample, health, rated_delivery_wh
from agent.domain.advisory import Advisory, AdvisoryType, Support
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import floor_to_step
from agent.domain.sentence import Sentence
from agent.domain.sentences import advice as say
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.explanation.limits import Basis

PEAK_AHEAD = timedelta(hours=36)
LEAST_PEAK_SHARE = 0.02  # above the month's peak so far
FAULT_LASTS = timedelta(days=2)
SICK_BELOW = 0.9  # of the rating
SURE_ENOUGH = 0.95
MONTH_DAYS = 30.0
LEAST_OUTAGES = 2
FAULT_CHANCE = 0.8  # of a data fault that nobody has looked at yet


def coming_peak(
    basis: Basis, now: datetime, zone: ZoneInfo, month_peak_w: float | None, charge: DemandCharge | None
) -> Advisory | None:
    """The plan's highest import of the next 36 hours that costs something, or is above the connection's limit.

    ``month_peak_w`` is what the running month pays to ``charge`` anyway. An import above it costs something in an
    interval of the month that counts, by its mean.
    """
    times, limit_w = basis.plan.horizon.times(), basis.connection.import_limit_w
    ahead = [i for i, start in enumerate(times) if now <= start < now + PEAK_AHEAD]
    if charge is not None and month_peak_w is not None:
        top = _highest(basis, _charged(basis, ahead, now.astimezone(zone), charge))
        if top is not None and top.import_w > month_peak_w * (1.0 + LEAST_PEAK_SHARE):
            saving = charge.per_kw * (top.import_w - month_peak_w) / 1000.0
            allowed_w = month_peak_w if limit_w is None else min(month_peak_w, limit_w)
            return _peak_advice(basis, now, zone, top, allowed_w, allowed_w == month_peak_w, saving)
    top = _highest(basis, [[i] for i in ahead])
    if top is None or limit_w is None or top.import_w <= limit_w * (1.0 + LEAST_PEAK_SHARE):
        return None
    return _peak_advice(basis, now, zone, top, limit_w, False, None)


@dataclass(frozen=True, slots=True)
class _Top:
    """Adjoining steps of the plan and their mean import."""

    steps: Sequence[int]
    import_w: float


def _highest(basis: Basis, stretches: Iterable[Sequence[int]]) -> _Top | None:
    """The stretch of steps with the highest mean import."""
    steps = basis.plan.steps
    found = [_Top(one, sum(steps[i].import_w for i in one) / len(one)) for one in stretches]
    return max(found, key=lambda top: top.import_w, default=None)


def _charged(basis: Basis, ahead: Sequence[int], now: datetime, charge: DemandCharge) -> list[list[int]]:
    """The steps ``ahead`` of each whole interval that counts in the month of ``now``, a time by the site's clock."""
    times, many = basis.plan.horizon.times(), max(1, charge.interval_s // basis.plan.horizon.step_s)
    by_interval: dict[datetime, list[int]] = {}
    for i in ahead:
        by_interval.setdefault(floor_to_step(times[i], charge.interval_s), []).append(i)

    def counts(at: datetime) -> bool:
        local = at.astimezone(now.tzinfo)
        return (local.year, local.month) == (now.year, now.month) and now.month in charge.months and charge.counts(at)

    return [steps for at, steps in by_interval.items() if len(steps) == many and counts(at)]


def _peak_advice(
    basis: Basis, now: datetime, zone: ZoneInfo, top: _Top, allowed_w: float, is_of_month: bool, saving: float | None
) -> Advisory:
    """``saving`` is what the demand charge asks for it, money; None: it is above a limit alone."""
    times, steps = basis.plan.horizon.times(), basis.plan.steps
    start, end = times[top.steps[0]], times[top.steps[-1]] + timedelta(seconds=basis.plan.horizon.step_s)
    worst = max(top.steps, key=lambda i: steps[i].import_w)
    chance = _chance_above(basis, worst, allowed_w + steps[worst].import_w - top.import_w)
    at = start.astimezone(zone)
    return Advisory(
        key=f"{AdvisoryType.COMING_PEAK.value}/{at:%Y-%m-%d}",
        kind=AdvisoryType.COMING_PEAK,
        headline=say.peak_coming(peak_w=top.import_w, peak_at=at),
        description=_above(allowed_w, is_of_month, saving),
        chance=chance,
        confidence=chance,
        cost_saving=saving,
        co2_saving_kg=None,
        support=Support(top.import_w, allowed_w, "W", _half_range(basis, worst)),
        created=now,
        start=start,
        end=end,
        expires=end,
    )


def data_faults(suspects: Sequence[Suspect], now: datetime, zone: ZoneInfo) -> list[Advisory]:
    """One for each quantity whose measurements were not believed within the last two days: the newest stretch."""
    newest: dict[str, Suspect] = {}
    for suspect in suspects:
        if suspect.kind == DATA_FAULT and suspect.end > now - FAULT_LASTS:
            before = newest.get(suspect.quantity)
            newest[suspect.quantity] = suspect if before is None or suspect.end > before.end else before
    return [_data_fault(suspect, now, zone) for suspect in newest.values()]


def _data_fault(suspect: Suspect, now: datetime, zone: ZoneInfo) -> Advisory:
    first, end = suspect.start.astimezone(zone), suspect.end.astimezone(zone)
    hours = (suspect.end - suspect.start).total_seconds() / 3600.0
    return Advisory(
        key=f"{AdvisoryType.DATA_FAULT.value}/{suspect.quantity}/{first:%Y-%m-%d}",
        kind=AdvisoryType.DATA_FAULT,
        headline=say.look_at_meter(quantity=suspect.quantity),
        description=say.meter_not_believed(from_at=first, to_at=end, cause=suspect.reason),
        chance=FAULT_CHANCE,
        confidence=FAULT_CHANCE,
        cost_saving=None,
        co2_saving_kg=None,
        support=Support(hours, 0.0, "h"),
        created=now,
        start=suspect.start,
        end=suspect.end,
        expires=now + FAULT_LASTS,
    )


def sick_battery(basis: Basis, now: datetime, series: Sequence[Sequence[Sample]]) -> Advisory | None:
    """A battery that surely delivers less, or loses more, than it is rated for."""
    found, battery = health(series), basis.battery
    rated_wh = rated_delivery_wh(battery)
    rated_trip = battery.round_trip
    delivered = _sick(found.delivered_wh, rated_wh)
    if delivered is not None and found.delivered_wh is not None:
        lost_kwh = (rated_wh - found.delivered_wh.value) / 1000.0
        return _sick_advice(basis, now, "capacity", found.delivered_wh, rated_wh, delivered, lost_kwh)
    trip = _sick(found.round_trip, rated_trip)
    if trip is not None and found.round_trip is not None:
        lost_kwh = (rated_trip - found.round_trip.value) * battery.usable_wh / 1000.0
        return _sick_advice(basis, now, "efficiency", found.round_trip, rated_trip, trip, lost_kwh)
    return None


def _sick(found: Estimate | None, rated: float) -> float | None:
    """How sure it is that a figure is below its rating by a tenth; None when it is not sure enough."""
    chance = 0.0 if found is None else found.chance_below(SICK_BELOW * rated)
    return chance if chance >= SURE_ENOUGH else None


def _sick_advice(
    basis: Basis, now: datetime, what: str, found: Estimate, rated: float, chance: float, lost_kwh: float
) -> Advisory:
    bought = [step.import_price for step in basis.plan.steps]
    spread = max(0.0, max(bought) * basis.battery.discharge_efficiency - min(bought))
    lost_a_month = MONTH_DAYS * lost_kwh * (spread if what == "capacity" else sum(bought) / len(bought))
    shown, unit = (found.value, "Wh") if what == "capacity" else (found.value, "share")
    if what == "capacity":
        says = say.delivers_too_little(found_wh=shown, rated_wh=rated, error_wh=found.error, runs=found.runs)
    else:
        says = say.loses_too_much(
            found_pct=100 * shown, rated_pct=100 * rated, error_pct=100 * found.error, runs=found.runs
        )
    return Advisory(
        key=f"{AdvisoryType.SICK_BATTERY.value}/{what}/{now:%Y-%m}",
        kind=AdvisoryType.SICK_BATTERY,
        headline=say.capacity_low() if what == "capacity" else say.efficiency_low(),
        description=says,
        chance=chance,
        confidence=chance,
        cost_saving=max(0.0, lost_a_month),
        co2_saving_kg=None,
        support=Support(found.value, rated, unit, found.error),
        created=now,
        start=now,
        end=now,
        expires=now + timedelta(days=MONTH_DAYS),
    )


def raise_reserve(
    basis: Basis,
    now: datetime,
    outage_hours: Sequence[float],
    outage_days: float,
    critical_load_w: float,
    value_per_kwh: float,
) -> Advisory | None:
    """Keep more for outages, where those of the past would have used it and its worth is above what it earns.

    The reserve covers the second longest outage, so that one exceptional outage does not decide. What it costs is a kWh
    less to trade with, once a day, at the plan's spread of prices.
    """
    battery, lasting = basis.battery, sorted(outage_hours)
    if len(lasting) < LEAST_OUTAGES or critical_load_w <= 0.0 or value_per_kwh <= 0.0:
        return None
    efficiency = battery.discharge_efficiency
    wanted_wh = critical_load_w * lasting[-2] / efficiency + battery.stored_wh(battery.soc_min_pct)
    wanted_pct = min(battery.soc_pct(wanted_wh), battery.soc_max_pct)
    kept_wh = battery.stored_wh(battery.floor_pct - battery.soc_min_pct) * efficiency
    more_wh = battery.stored_wh(wanted_pct - battery.soc_min_pct) * efficiency
    if wanted_pct <= battery.floor_pct + 1.0:
        return None
    used_wh = sum(min(critical_load_w * h, more_wh) - min(critical_load_w * h, kept_wh) for h in lasting)
    gained = used_wh / 1000.0 * value_per_kwh * MONTH_DAYS / outage_days
    cost = (more_wh - kept_wh) / 1000.0 * _spread(basis) * MONTH_DAYS
    if gained <= cost:
        return None
    chance = min(0.95, 1.0 - 0.5 ** (len(lasting) * MONTH_DAYS / outage_days))
    return Advisory(
        key=f"{AdvisoryType.RAISE_RESERVE.value}/{now:%Y-%m}",
        kind=AdvisoryType.RAISE_RESERVE,
        headline=say.raise_reserve(from_pct=battery.floor_pct, to_pct=wanted_pct),
        description=_outages(lasting, outage_days, gained, cost),
        chance=chance,
        confidence=chance,
        cost_saving=gained - cost,
        co2_saving_kg=None,
        support=Support(battery.floor_pct, wanted_pct, "%"),
        created=now,
        start=now,
        end=now + timedelta(days=MONTH_DAYS),
        expires=now + timedelta(days=MONTH_DAYS),
    )


def _spread(basis: Basis) -> float:
    """What a kWh earns that is bought at the plan's lowest price and used at its highest, per kWh, losses paid."""
    bought, battery = [step.import_price for step in basis.plan.steps], basis.battery
    return max(0.0, max(bought) - min(bought) / (battery.discharge_efficiency * battery.charge_efficiency))


def _outages(lasting_h: Sequence[float], days: float, gained: float, cost: float) -> Sentence:
    """``lasting_h`` ascending; ``gained`` and ``cost`` are money a month."""
    return say.reserve_because(
        outages=len(lasting_h), over_days=days, longest_h=lasting_h[-1], worth_money=gained, cost_money=cost
    )


def _above(allowed_w: float, is_of_month: bool, added: float | None) -> Sentence:
    """What a peak is above, and what it adds to the demand charge, money, where that is known."""
    if added is None:
        return (say.peak_above_month if is_of_month else say.peak_above_limit)(allowed_w=allowed_w)
    costs = say.peak_above_month_costs if is_of_month else say.peak_above_limit_costs
    return costs(allowed_w=allowed_w, added_money=added)


def _chance_above(basis: Basis, index: int, allowed_w: float) -> float:
    """Probability that the import is above ``allowed_w``, by the load's own quantiles and the planned battery."""
    step, load = basis.plan.steps[index], basis.plan.load
    needed_w = allowed_w + step.load_w - step.import_w  # the load at which the import is just that
    values = [row[index] for row in load.values]
    if needed_w <= values[0]:
        return 1.0 - load.levels[0]
    for k in range(1, len(values)):
        if needed_w <= values[k]:
            share = (needed_w - values[k - 1]) / max(values[k] - values[k - 1], 1e-9)
            return 1.0 - (load.levels[k - 1] + share * (load.levels[k] - load.levels[k - 1]))
    return 1.0 - load.levels[-1]


def _half_range(basis: Basis, index: int) -> float:
    """Half of the width of the load's forecast, W."""
    values = [row[index] for row in basis.plan.load.values]
    return (values[-1] - values[0]) / 2.0
