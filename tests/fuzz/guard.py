"""Hostile plans and readings against the guard: what it grants never breaks a limit that can be held."""

import json
import math
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.guard import Limits, guard
from agent.dispatch.moment import Moment
from agent.domain.battery import Battery
from agent.domain.plan import Plan
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import MISSING, Connection, Measured, SiteState
from agent.domain.wire import WireError, from_json, to_json
from agent.planning.check import check_plan
from drivers.reading import Quality
from tests.fuzz.mutation import HOSTILE, changed, text_of
from tests.fuzz.tally import Tally, Tick
from tests.planning.days import request
from tests.planning.test_make_plan import plan_for

NUMBERS = (0.0, -1.0, 1.0, 1e-9, 50.0, 1e4, -1e4, 1e6, -1e6, 1e30, -1e300, math.nan, math.inf, -math.inf)
READINGS_A_PLAN = 4
SLACK_W = 1e-6
QUALITIES = tuple(quality for quality in Quality if quality is not Quality.MISSING)


def run(chance: Random, count: int, tick: Tick) -> Tally:
    """``taken`` are the setpoints that were granted, ``refused`` those that were released."""
    tally, asked = Tally("plans and readings against the guard"), request(steps=4)
    good = json.loads(to_json(plan_for(asked)))
    while tally.cases < count:
        wanted_w, plan = _wanted(chance, good)
        checked = plan is not None and not check_plan(plan, asked)
        for _ in range(READINGS_A_PLAN):
            seen, limits = _state(chance, asked.now + timedelta(seconds=chance.uniform(0, 4 * 3600))), _limits(chance)
            with tally.watched((wanted_w, seen, limits)):
                setpoint = _asked(chance, wanted_w, plan if checked else None, seen, limits)
                since_s, last_w = chance.uniform(-10, 1e4), chance.choice((None, chance.uniform(-1e5, 1e5)))
                granted = guard(setpoint, seen, limits, since_s, last_w)
                tally.taken += granted.battery_w is not None
                tally.refused += granted.battery_w is None
                broken = violation(granted, seen, limits)
                if broken is not None:
                    tally.fault(broken, (setpoint, seen, limits, granted))
            tick(tally.cases)
    return tally


def violation(granted: Setpoint, seen: SiteState, limits: Limits) -> str | None:
    """The limit that ``granted`` breaks although rating and SoC window would have let it hold; None when all hold."""
    watts, battery, net_load_w = granted.battery_w, limits.battery, seen.net_load_w
    if watts is None:
        return None
    soc_pct = seen.soc_pct.known
    if soc_pct is None or net_load_w is None or not math.isfinite(watts):
        return f"{watts} W were granted with a SoC of {soc_pct} and a net load of {net_load_w}"
    if not -battery.charge_w <= watts <= battery.discharge_w:
        return f"{watts} W are outside the battery's rating"
    hours, slack_wh = granted.hold_s / 3600.0, 1e-6 * battery.usable_wh
    above_wh = max(0.0, battery.stored_wh(soc_pct - battery.floor_pct))
    below_wh = max(0.0, battery.stored_wh(battery.soc_max_pct - soc_pct))
    if max(watts, 0.0) * hours / battery.discharge_efficiency > above_wh + slack_wh:
        return f"{watts} W would take the battery below its floor"
    if max(-watts, 0.0) * hours * battery.charge_efficiency > below_wh + slack_wh:
        return f"{watts} W would take the battery above its window"
    most = min(battery.discharge_w, above_wh * battery.discharge_efficiency / hours)
    least = max(-battery.charge_w, -below_wh / battery.charge_efficiency / hours)
    return _at_the_connection(watts, net_load_w, limits.connection, least, most)


def _at_the_connection(watts: float, net_load_w: float, limits: Connection, least: float, most: float) -> str | None:
    slack_w = SLACK_W + 1e-9 * abs(net_load_w)
    grid_w = net_load_w - watts
    if limits.import_limit_w is not None and grid_w > limits.import_limit_w + slack_w and watts < most - slack_w:
        return f"{grid_w} W are imported, {limits.import_limit_w} are allowed, and {most} W could be discharged"
    if limits.export_limit_w is not None and -grid_w > limits.export_limit_w + slack_w and watts > least + slack_w:
        return f"{-grid_w} W are exported, {limits.export_limit_w} are allowed, and {-least} W could be charged"
    return None


def _wanted(chance: Random, good: Any) -> tuple[float, Plan | None]:
    """A power from a plan that went through the wire with hostile values in it, and the plan where it came through."""
    try:
        plan = from_json(Plan, text_of(changed(chance, good, HOSTILE if chance.random() < 0.3 else NUMBERS)))
    except WireError:
        return chance.choice(NUMBERS), None
    step = chance.choice(plan.steps) if plan.steps else None
    return (chance.choice(NUMBERS) if step is None else step.battery_w), plan


def _asked(chance: Random, wanted_w: float, plan: Plan | None, seen: SiteState, limits: Limits) -> Setpoint:
    """What the fast loop makes of ``plan`` where the check let it pass, else the bare power."""
    hold_s = chance.choice((0.2, 10.0, 60.0, 600.0, 0.0, -1.0, math.nan, math.inf)) if chance.random() < 0.2 else 60.0
    net_load_w, soc_pct = seen.net_load_w, seen.soc_pct.known
    if plan is not None and net_load_w is not None and soc_pct is not None:
        moment = Moment(seen.at, net_load_w, soc_pct, chance.uniform(-1, 1), chance.uniform(-1, 1))
        decision = economic_dispatch(plan, moment, limits.battery, limits.connection)
        wanted_w = wanted_w if decision is None else decision.battery_w
    return Setpoint(seen.at, wanted_w, hold_s, Rung.PLAN, "asked")


def _state(chance: Random, at: Any) -> SiteState:
    return replace(
        SiteState(at),
        grid_w=_measured(chance, 3e4),
        battery_w=_measured(chance, 1e4),
        soc_pct=_measured(chance, 50.0, 50.0),
    )


def _measured(chance: Random, span: float, middle: float = 0.0) -> Measured:
    kind = chance.random()
    if kind < 0.05:
        return MISSING
    if kind < 0.15:
        return Measured(chance.choice(NUMBERS), chance.choice(QUALITIES))
    return Measured(middle + chance.uniform(-span, span))


def _limits(chance: Random) -> Limits:
    low = chance.uniform(0, 60)
    battery = Battery(
        usable_wh=chance.uniform(500, 1e6),
        charge_w=chance.choice((0.0, chance.uniform(0, 1e5))),
        discharge_w=chance.choice((0.0, chance.uniform(0, 1e5))),
        charge_efficiency=chance.uniform(0.5, 1),
        discharge_efficiency=chance.uniform(0.5, 1),
        soc_min_pct=low,
        soc_max_pct=chance.uniform(low + 1, 100),
        reserve_pct=chance.uniform(0, 60),
    )
    connection = Connection(*(chance.choice((None, 0.0, chance.uniform(0, 2e4))) for _ in range(2)))
    return Limits(battery, connection, chance.choice((None, chance.uniform(0, 1e5))))
