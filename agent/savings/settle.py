"""What became of a recommendation, from what was measured after it. Pure, without numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.domain.advisory import Advisory, AdvisoryState, AdvisoryType, FlexibleLoad, Outcome
from agent.domain.battery import Battery, soc_after, stored_w
from agent.domain.battery_wear import wear
from agent.domain.sentences import advice as say
from agent.planning.rules import self_consumption_w
from agent.recording.rollups import Rollup

LEAST_COVERAGE = 0.9
HALF = 0.5  # of what was promised must have come for a recommendation to count as true
DONE_BY_PEOPLE = (AdvisoryType.DATA_FAULT, AdvisoryType.SICK_BATTERY, AdvisoryType.RAISE_RESERVE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Roll-ups of ``span_s`` seconds, oldest first, around the time of the recommendation, and their prices per kWh."""

    span_s: int
    spans: tuple[Rollup, ...]
    import_price: tuple[float, ...]
    export_price: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.spans) == len(self.import_price) == len(self.export_price):
            raise ValueError("there must be one import price and one export price for each span")

    def within(self, start: datetime, end: datetime) -> "Evidence":
        """The spans that begin in [``start``, ``end``)."""
        chosen = [i for i, span in enumerate(self.spans) if start <= span.at < end]
        return Evidence(
            self.span_s,
            tuple(self.spans[i] for i in chosen),
            tuple(self.import_price[i] for i in chosen),
            tuple(self.export_price[i] for i in chosen),
        )

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether nearly all of the time was measured."""
        measured = sum(span.covered_s for span in self.spans)
        return measured >= LEAST_COVERAGE * (end - start).total_seconds() > 0


def settle(
    advisory: Advisory, evidence: Evidence, battery: Battery, now: datetime, load: FlexibleLoad | None = None
) -> Outcome:
    """What became of ``advisory``; ``load`` is the machine of SHIFT_LOAD.

    What only people can tell (a fault, a sick battery, the reserve) came true when they acknowledged or scheduled it,
    not when they dismissed it; without a word of theirs nothing is known.
    """
    if advisory.kind in DONE_BY_PEOPLE:
        return _by_people(advisory, now)
    during = evidence.within(advisory.start, advisory.end)
    if not during.covers(advisory.start, advisory.end):
        return Outcome(now, None, None, say.badly_measured())
    if advisory.kind is AdvisoryType.COMING_PEAK:
        return _peak(advisory, during, now)
    if advisory.kind is AdvisoryType.SHIFT_LOAD:
        return _shifted(advisory, evidence, during, now, load)
    return _battery(advisory, during, battery, now)


def _by_people(advisory: Advisory, now: datetime) -> Outcome:
    match advisory.state:
        case AdvisoryState.DISMISSED:
            return Outcome(now, False, None, say.was_dismissed())
        case AdvisoryState.ACKNOWLEDGED | AdvisoryState.SCHEDULED:
            return Outcome(now, True, None, say.was_answered(state=advisory.state.value))
        case _:
            return Outcome(now, None, None, say.nobody_answered())


def _peak(advisory: Advisory, during: Evidence, now: datetime) -> Outcome:
    known = [max(span.grid_w, 0.0) for span in during.spans if span.grid_w is not None]
    if not known:
        return Outcome(now, None, None, say.grid_not_measured())
    peak_w = sum(known) / len(known)  # it is promised of the mean of this time
    came = peak_w > advisory.support.optimum
    if not came and advisory.state in (AdvisoryState.ACKNOWLEDGED, AdvisoryState.SCHEDULED):
        return Outcome(now, None, advisory.cost_saving, say.peak_averted(import_w=peak_w))
    text = (say.peak_came if came else say.peak_did_not_come)(import_w=peak_w)
    return Outcome(now, came, None if advisory.cost_saving is None else 0.0, text)  # nobody did anything for it


def _battery(advisory: Advisory, during: Evidence, battery: Battery, now: datetime) -> Outcome:
    """Measured battery powers against the rule from the same SoC; energy left over counts at the promised worth."""
    first = during.spans[0]
    known = [(s.load_w, s.pv_w, s.battery_w) for s in during.spans]
    if first.soc_pct is None or any(None in row for row in known) or advisory.energy_value_per_kwh is None:
        return Outcome(now, None, None, say.powers_not_measured())
    hours, soc, saved, left_kwh = during.span_s / 3600.0, first.soc_pct, 0.0, 0.0
    did_soc = soc
    for i, row in enumerate(known):
        net_w, did_w = float((row[0] or 0.0) - (row[1] or 0.0)), float(row[2] or 0.0)
        rule_w = self_consumption_w(net_w, soc, battery, hours)
        saved += wear(battery, rule_w, soc, hours) - wear(battery, did_w, did_soc, hours)
        soc, did_soc = soc_after(battery, soc, rule_w, hours), soc_after(battery, did_soc, did_w, hours)
        left_kwh += (stored_w(battery, did_w) - stored_w(battery, rule_w)) * hours / 1000.0
        saved += _paid(during, i, net_w - rule_w, hours) - _paid(during, i, net_w - did_w, hours)
    saved += left_kwh * advisory.energy_value_per_kwh
    promised = advisory.cost_saving or 0.0
    return Outcome(now, saved >= HALF * promised, saved, say.saved_of(saved_money=saved, promised_money=promised))


def _shifted(
    advisory: Advisory, evidence: Evidence, during: Evidence, now: datetime, load: FlexibleLoad | None
) -> Outcome:
    """It ran when the load was higher by half of its power than in the hours before and after."""
    length = advisory.end - advisory.start
    before = evidence.within(advisory.start - length, advisory.start)
    after = evidence.within(advisory.end, advisory.end + length)
    around = _mean_load_w(before.spans + after.spans)
    then = _mean_load_w(during.spans)
    if load is None or around is None or then is None:
        return Outcome(now, None, None, say.load_not_measured())
    if then - around < HALF * load.power_w:
        return Outcome(now, None, 0.0, say.load_did_not_run(load=load.name))
    saved = advisory.support.forecast - _run_cost(advisory, during, load)
    return Outcome(
        now, saved >= HALF * (advisory.cost_saving or 0.0), saved, say.load_ran(load=load.name, saved_money=saved)
    )


def _run_cost(advisory: Advisory, during: Evidence, load: FlexibleLoad) -> float:
    """What the run cost: the grid's part of it its price, and that of sun and battery what the plan had them worth."""
    hours = during.span_s / 3600.0
    promised = advisory.support.optimum / (load.power_w * load.duration_s / 3600.0 / 1000.0)
    cost = 0.0
    for span, bought, sold in zip(during.spans, during.import_price, during.export_price, strict=True):
        from_grid_w = load.power_w if span.grid_w is None else min(max(span.grid_w, 0.0), load.power_w)
        worth = max(min(promised, bought), min(sold, bought))
        cost += (from_grid_w * bought + (load.power_w - from_grid_w) * worth) * hours / 1000.0
    return cost


def _mean_load_w(spans: Sequence[Rollup]) -> float | None:
    loads = [span.load_w for span in spans if span.load_w is not None]
    return sum(loads) / len(loads) if loads else None


def _paid(during: Evidence, index: int, grid_w: float, hours: float) -> float:
    price = during.import_price[index] if grid_w > 0 else during.export_price[index]
    return grid_w * hours / 1000.0 * price
