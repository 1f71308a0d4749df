"""How a battery followed the orders of the test, and what the grid's meter showed of it. Pure.

The lag of the meter is told as in ``agent.monitoring.meter_lag``, with the test's power as the measure of its moves.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from agent.dispatch.power_trace import PowerTrace
from agent.domain.commissioning import Finding, Points, Step
from agent.domain.sentence import Sentence
from agent.domain.sentences import commissioning_test as told
from agent.domain.sentences.commissioning_look import with_hint
from agent.monitoring.battery_response import NOISE_PART, NOISE_W
from agent.monitoring.meter_lag import Lag, LagWatch

BEGUN = 0.1  # of the way: from there on the battery has begun
DONE = 0.9
SETTLED = 1.0 / 3.0  # of a step, at its end
FOLLOWS = 0.5  # of the test's power: what is further off is not followed
MOVED = 0.25  # of the way to an order: less is no move
SCALE = 3.0  # times what was taken: a scale that is wrong
ANSWERS = (0.6, 1.6)  # of the battery's change that a meter shows which is right
NO_ANSWER = 0.25
KEPT_S = 3600.0


def tolerance_w(rating_w: float) -> float:
    """How far a battery may stay away without a word, W; as the fast loop has it."""
    return max(100.0, 0.05 * rating_w)


def noise_w(rating_w: float) -> float:
    """A power below this is none, W."""
    return max(NOISE_W, NOISE_PART * rating_w)


def measured(step: Step, battery: Points, rating_w: float) -> Step:
    """``step`` with what the trace of the battery says of it."""
    before = [watts for at, watts in battery if at <= step.began_s][-3:]
    during = [(at, watts) for at, watts in battery if step.began_s < at <= step.ended_s]
    settled_from_s = step.ended_s - SETTLED * (step.ended_s - step.began_s)
    settled = [watts for at, watts in during if at >= settled_from_s]
    if not before or not settled:
        return step
    from_w, settled_w = median(before), median(settled)
    off_w = abs(settled_w - step.taken_w) if step.exact else max(0.0, settled_w - step.taken_w)
    step = replace(step, from_w=from_w, settled_w=settled_w, off_w=off_w)
    way_w = settled_w - from_w
    if abs(way_w) <= 2.0 * noise_w(rating_w):
        return step
    begun_s = _first(during, from_w, way_w, BEGUN)
    done_s = _first(during, from_w, way_w, DONE)
    if begun_s is None or done_s is None:
        return step
    ramp = (DONE - BEGUN) * abs(way_w) / (done_s - begun_s) if done_s > begun_s else None
    return replace(step, dead_time_s=begun_s - step.began_s, ramp_w_per_s=ramp)


def _first(during: Points | Sequence[tuple[float, float]], from_w: float, way_w: float, part: float) -> float | None:
    """When ``part`` of the way was first behind the battery, s."""
    return next((at for at, watts in during if (watts - from_w) / way_w >= part), None)


def lag(battery: Points, grid: Points, test_w: float) -> Lag | None:
    """How much older the meter's values are than the battery's; None where that cannot be told."""
    watch, moves, seen = LagWatch(test_w), PowerTrace(KEPT_S), PowerTrace(KEPT_S)
    both = sorted([(at, False, watts) for at, watts in battery] + [(at, True, watts) for at, watts in grid])
    for at, is_grid, watts in both:
        (seen if is_grid else moves).add(at, watts)
        if is_grid and len(moves):
            watch.see(seen, moves)
    return watch.lag


def meter_of(
    steps: Sequence[Step], battery: Points, grid: Points, pv: Points, test_w: float
) -> tuple[float | None, float | None]:
    """The answer of the meter, and its lag, s. The lag of a meter that shows something else would be chance."""
    found, late = answer(steps, grid, pv, 0.0), lag(battery, grid, test_w)
    if late is None:
        return found, None
    late_s = (late.least_s + late.most_s) / 2.0
    shifted = found if found is not None and _is_right(found) else answer(steps, grid, pv, max(0.0, late_s))
    return (shifted, late_s) if shifted is not None and _is_right(shifted) else (found, None)


def _is_right(found: float) -> bool:
    return ANSWERS[0] <= found <= ANSWERS[1]


def answer(steps: Sequence[Step], grid: Points, pv: Points, lag_s: float) -> float | None:
    """The change of grid and sun for a watt of the battery's change, summed over the steps; None without a change."""
    along, across = 0.0, 0.0
    settled = [step for step in steps if step.settled_w is not None]
    for before, after in pairwise(settled):
        ends = [_others_w(step, grid, pv, lag_s) for step in (before, after)]
        if ends[0] is None or ends[1] is None or after.settled_w is None or before.settled_w is None:
            continue
        moved_w = after.settled_w - before.settled_w
        along += moved_w * moved_w
        across -= moved_w * (ends[1] - ends[0])
    return across / along if along > 0.0 else None


def _others_w(step: Step, grid: Points, pv: Points, lag_s: float) -> float | None:
    """Grid and sun at the settled end of ``step``, W. A site without sun has no trace of it."""
    first_s = step.ended_s - SETTLED * (step.ended_s - step.began_s)
    grids = [watts for at, watts in grid if first_s + lag_s <= at <= step.ended_s + lag_s]
    suns = [watts for at, watts in pv if first_s <= at <= step.ended_s]
    return median(grids) + (median(suns) if suns else 0.0) if grids else None


def judged(step: Step, test_w: float, rating_w: float, device: str) -> Finding | None:
    """What is wrong with how ``step`` was followed; None for a good one."""
    order = _order(step)
    if step.settled_w is None or step.off_w is None:
        return Finding("battery_power_missing", told.power_not_measured(device=device, order=order), device)
    does = _does(step.settled_w)
    if _stays(step, rating_w):
        return Finding("does_not_follow", told.does_as_before(device=device, order=order, does=does), device)
    if step.taken_w and step.settled_w * step.taken_w < 0.0 and abs(step.settled_w) > noise_w(rating_w):
        return Finding("turned_sign", told.does_the_opposite(device=device, order=order, does=does), device)
    if step.exact and step.taken_w and abs(step.settled_w) > SCALE * abs(step.taken_w):
        text = told.does_too_much(device=device, order=order, does=does, factor=_scale(step))
        return Finding("wrong_scale", text, device)
    if step.off_w > max(tolerance_w(rating_w), FOLLOWS * test_w):
        return Finding("does_not_follow", told.does_not_follow(device=device, order=order, does=does), device)
    if step.off_w > tolerance_w(rating_w):
        text = told.does_nearly(device=device, order=order, does=does, off_w=step.off_w)
        return Finding("inaccurate", text, device, stops=False)
    return None


def _stays(step: Step, rating_w: float) -> bool:
    """Whether the battery has hardly moved where it had to."""
    if step.from_w is None or step.settled_w is None or not step.off_w:
        return False
    way_w, moved_w = step.taken_w - step.from_w, step.settled_w - step.from_w
    return step.off_w > tolerance_w(rating_w) and abs(moved_w) < MOVED * abs(way_w)


def told_to(what: str, power_w: float) -> Sentence:
    """The order ``what`` (charge, hold or discharge) with a power of any sign, as a person reads it."""
    known = {"charge": told.told_to_charge_with, "hold": told.told_to_hold_with}
    return known.get(what, told.told_to_discharge_with)(power_w=abs(power_w))


def _order(step: Step) -> Sentence:
    return told.told_to_rest() if step.taken_w == 0.0 else told_to(step.what, step.taken_w)


def _does(battery_w: float) -> Sentence:
    return (told.does_discharge if battery_w > 0.0 else told.does_charge)(power_w=abs(battery_w))


def _scale(step: Step) -> int:
    ratio = abs(step.settled_w or 0.0) / abs(step.taken_w)
    return min((10, 100, 1000), key=lambda factor: abs(ratio / factor - 1.0))


def meter_findings(found: float | None) -> list[Finding]:
    """What the meter's answer to the battery says of the meter."""
    if found is None:
        return [Finding("meter_unseen", told.meter_unseen())]
    if _is_right(found):
        return []
    code, why = _meter_doubt(found)
    return [Finding(code, with_hint(said=told.meter_answers(answer_w=found), hint=why))]


def _meter_doubt(found: float) -> tuple[str, Sentence]:
    if found < -NO_ANSWER:
        return "meter_turned", told.meter_turned()
    if found < NO_ANSWER:
        return "meter_blind", told.meter_blind()
    if found > SCALE:
        return "meter_scale", told.meter_scaled()
    return "meter_doubtful", told.meter_doubtful()
