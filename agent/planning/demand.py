"""The demand charge of a billing month, as a price on import above a threshold.

The threshold is what the month will cost anyway: its highest mean import so far, what a ratchet holds of the months
before, the lowest that the battery could have held over as many past days as the month has left, or up to where a
higher peak saves more than it costs, whichever is highest. Below it import costs nothing more; above it every kW costs
the charge. Outside the hours of the charge import costs nothing either.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agent.domain.demand_charge import RATCHET_MONTHS
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Demand, PlanRequest
from agent.domain.sentences.plans import peak_not_held
from agent.forecasting.raster import laid_on
from agent.planning.energy_by_peak import savings_by_peak
from agent.planning.held_peaks import lowest_peak_w
from agent.planning.month_ahead import MonthAhead
from agent.planning.past_intervals import Intervals
from agent.planning.peak import Floats, Peak
from agent.planning.peak_chances import PeakChances
from agent.planning.planning_terms import PlanningTerms

LONGEST_DAYS = 31
LEAST_PAST_S = 86_400  # as long as less was measured of a site, its forecast stands in for its past
WORTH_A_NOTE_KW = 1e-3


def peaks_of(request: PlanRequest, terms: PlanningTerms, past_net_w: Floats, ahead_net_w: Floats) -> tuple[Peak, ...]:
    """As ``peak_of`` for every demand charge, first the one that asks most for a kW within the horizon.

    That one knows what its months have ahead, at the prices and with the battery of ``terms``.
    """
    if request.demand is None:
        return ()
    found = []
    for one in (request.demand, *request.demand.others):
        asked = replace(request, demand=one)
        past = past_intervals(asked, past_net_w)
        found.append((asked, past, peak_of(asked, past, past_net_w, ahead_net_w)))
    found.sort(key=lambda each: -float(each[2].per_kw.max()))
    return tuple(
        peak if place else with_months(asked, terms, past, past_net_w, peak)
        for place, (asked, past, peak) in enumerate(found)
    )


def peak_of(request: PlanRequest, past: Intervals, past_net_w: Floats, ahead_net_w: Floats) -> Peak:
    """The thresholds of the steps ahead, with ``past`` as ``past_intervals`` makes it.

    ``past_net_w`` is load less solar before the horizon on its raster, W, NaN where not measured. ``ahead_net_w`` is
    what is expected of the horizon's steps; it counts for a site of which less than a day was measured, and no longer:
    a high forecast makes import free before the load has come.
    """
    demand, horizon = request.demand, request.horizon
    assert demand is not None
    zone = ZoneInfo(request.place.timezone)
    local = [at.astimezone(zone) for at in horizon.times()]
    months = [(at.year, at.month) for at in local]
    interval_s = past.interval_s
    threshold = np.empty(horizon.steps)
    for month in dict.fromkeys(months):
        running = month == months[0]
        mine = np.array([one == month for one in months])
        known = past.last(_left_days(local[0]) if running else float(LONGEST_DAYS))
        if known.known_s < LEAST_PAST_S:
            known = _with_ahead(request, past_net_w, known, ahead_net_w[mine], int(np.argmax(mine)))
        held_w = lowest_peak_w(known.net_w, known.interval_h, request.battery, known.counted)
        threshold[mine] = max(_paid_w(demand, running), held_w)
    first = int(horizon.start.timestamp())
    interval = (first + horizon.step_s * np.arange(horizon.steps)) // interval_s
    begun_s = first % interval_s
    whole = Horizon(horizon.start - timedelta(seconds=begun_s), interval_s, int(interval[-1] - interval[0]) + 1)
    counted = np.array(demand.charge.counts_over(whole))[interval - interval[0]]
    charged = counted & np.array([month in demand.charge.months for _, month in months])
    lasting_kw, lasting_per_kw = _lasting(demand, local[0].month, float(threshold[0]))
    return Peak(
        threshold_kw=threshold / 1000.0,
        per_kw=np.where(charged, demand.charge.per_kw, 0.0),
        interval_h=interval_s / 3600.0,
        interval=interval - interval[0],
        month=np.unique(np.array([12 * year + month for year, month in months]), return_inverse=True)[1],
        begun_h=begun_s / 3600.0,
        begun_kwh=demand.interval_wh / 1000.0 if begun_s else 0.0,
        lasting_kw=lasting_kw,
        lasting_per_kw=lasting_per_kw,
    )


def with_months(request: PlanRequest, terms: PlanningTerms, past: Intervals, past_net_w: Floats, peak: Peak) -> Peak:
    """``peak`` with what its months have ahead, and with thresholds up to where a higher peak saves more than it costs.

    Above what a ratchet holds a peak saves nothing, since the months that follow pay for it too. Of a site of which
    less than a day was measured nothing is known, and every kW above the threshold is paid for.
    """
    demand, horizon = request.demand, request.horizon
    known = past.last(LONGEST_DAYS)
    if demand is None or known.known_s < LEAST_PAST_S:
        return peak
    chances = PeakChances.of_past(known.net_w, known.interval_h, request.battery, known.counted)
    numbers = range(int(peak.month[-1]) + 1)
    paid_kw = [_paid_w(demand, number == 0) / 1000.0 for number in numbers]
    low_kw = max(min(paid_kw), chances.lowest_kw)
    most_kw = float(chances.peak_kw[-1]) + terms.charge_kw
    high_kw = min(most_kw, peak.lasting_kw) if peak.lasting_per_kw > 0.0 else most_kw
    savings = savings_by_peak(terms, peak.per_kw > 0.0, past_net_w, low_kw, high_kw)
    left = _left_days(horizon.start.astimezone(ZoneInfo(request.place.timezone)))
    months = tuple(
        MonthAhead(paid_kw[number], float(LONGEST_DAYS) if number else left, chances, savings) for number in numbers
    )
    threshold_kw = peak.threshold_kw.copy()
    for number, month in enumerate(months):
        mine = peak.month == number
        least_kw = month.least_kw(float(mine.sum()) * horizon.step_h / 24.0, float(peak.per_kw[mine].max()))
        threshold_kw[mine] = np.maximum(threshold_kw[mine], least_kw)
    return replace(peak, threshold_kw=threshold_kw, months=months)


def _paid_w(demand: Demand, running: bool) -> float:
    """What the running month, or one that follows, pays for anyway."""
    return demand.paid_anyway_w if running else demand.charge.ratchet_share * demand.earlier_w


def _lasting(demand: Demand, month: int, expected_w: float) -> tuple[float, float]:
    """What a ratchet makes of a peak in the months that follow, in each of which ``expected_w`` is paid anyway."""
    charge = demand.charge
    if charge.ratchet_share <= 0.0:
        return 0.0, 0.0
    following = sum(1 for ahead in range(1, RATCHET_MONTHS + 1) if (month + ahead - 1) % 12 + 1 in charge.months)
    lasting_w = max(demand.earlier_w, expected_w / charge.ratchet_share)
    return lasting_w / 1000.0, charge.per_kw * charge.ratchet_share * following


def past_net_w(history: History, ahead: Horizon) -> Floats:
    """Load less solar of the days before ``ahead`` that a demand charge looks back, W, NaN where not measured.

    (steps,), in steps of ``ahead``; a ``history`` that ends earlier leaves a gap.
    """
    steps = round((ahead.start - history.horizon.start).total_seconds()) // ahead.step_s
    steps = min(steps, LONGEST_DAYS * 86_400 // ahead.step_s)
    if steps <= 0:
        return np.empty(0)
    net_w = [
        np.nan if load is None or pv is None else load - pv
        for load, pv in zip(history.load_w, history.pv_w, strict=True)
    ]
    past = Horizon(ahead.start - timedelta(seconds=steps * ahead.step_s), ahead.step_s, steps)
    return laid_on(np.array(net_w, dtype=float), history.horizon, past)


def raised(peak: Peak, import_w: Floats, step_h: float) -> list[str]:
    """One sentence for every billing month whose threshold ``import_w`` (steps,) goes above."""
    sentences: list[str] = []
    for month, over_kw in enumerate(peak.over_kw(import_w / 1000.0, step_h).tolist()):
        if over_kw > WORTH_A_NOTE_KW:
            step = int(np.argmax(peak.month == month))
            held, cost = peak.threshold_kw[step], over_kw * peak.per_kw[step]
            held_w, peak_w = 1000.0 * float(held), 1000.0 * float(held + over_kw)
            sentences.append(peak_not_held(allowed_w=held_w, peak_w=peak_w, cost_money=float(cost)))
    return sentences


def _left_days(local: datetime) -> float:
    """Until the month ends on the site's clock."""
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    following = (first + timedelta(days=32)).replace(day=1)
    return float((following - local.replace(tzinfo=None)) / timedelta(days=1))


def past_intervals(request: PlanRequest, past_net_w: Floats) -> Intervals:
    """The intervals of the last days, with those that were not measured."""
    assert request.demand is not None
    horizon = request.horizon
    past_w = past_net_w[-round(LONGEST_DAYS * 24.0 / horizon.step_h) :]
    began = int(horizon.start.timestamp()) - len(past_w) * horizon.step_s
    return Intervals.of(past_w, began, horizon.step_s, request.demand.charge)


def _with_ahead(
    request: PlanRequest, past_net_w: Floats, known: Intervals, ahead_net_w: Floats, begins: int
) -> Intervals:
    """Of a site that is new, with the intervals of the steps ahead from step ``begins`` on."""
    assert request.demand is not None
    horizon, charge = request.horizon, request.demand.charge
    start = int(horizon.start.timestamp()) + begins * horizon.step_s
    if begins == 0:  # the running interval is made of both
        both = np.concatenate([past_net_w, ahead_net_w])
        every = Intervals.of(both, start - len(past_net_w) * horizon.step_s, horizon.step_s, charge)
        return every.last(len(both) * horizon.step_h / 24.0)
    return known.then(Intervals.of(ahead_net_w, start, horizon.step_s, charge))
