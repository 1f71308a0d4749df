"""`enalysis-edge explain`: why the battery does what it does, from the kept plan and the decisions in the store."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from agent.adapters.store.inputs_reader import inputs_of
from agent.adapters.store.row_reader import decision_at, newest_minute
from agent.adapters.store.store_reader import read_kept
from agent.cli.asked_time import UnknownTime, asked_time
from agent.cli.ending import FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, by_settings_at_hand
from agent.cli.standing_alarms import span
from agent.domain.documents import PLAN
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.records import MinuteRow
from agent.domain.site import Connection
from agent.domain.wire import WireError
from agent.explanation.explain import explain_step
from agent.explanation.explain_decision import explain_decision
from agent.explanation.limits import Basis
from agent.explanation.shadow_price import Resolved, resolved
from agent.plan_request import conditions_of
from agent.planning.highs import SolverFailure
from agent.planning.planning_terms import PlanningTerms
from agent.planning.scenarios import terminal_value
from agent.ports import StoreFailure
from agent.settings.price_file import PriceFileError
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions

MORE_STEPS = 6


class NotExplained(Exception):
    """There is nothing to explain. ``str()`` says why in one sentence."""


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, and the time that is asked about."""
    add_config(parser)
    parser.add_argument("--at", metavar="TIME", help="18:00, or 2026-06-01T18:00; now when left out")


def run(asked: Namespace) -> int:
    """0, or 1 where nothing can be explained."""
    return by_settings_at_hand(asked, _run)


def explain(settings: Settings, at: str | None, now: datetime) -> list[str]:
    """The sentences for ``at``. Raises NotExplained, UnknownTime and StoreFailure."""
    zone, path = ZoneInfo(settings.site.timezone), Path(settings.store.path)
    moment = asked_time(at, now, zone)
    if not path.exists():
        raise NotExplained(f"no store at {path}: the agent has not run with this site file yet")
    plan, known = _kept_plan(path), _known_until(path, now)
    if at is None and known is not None and now - known > _still_now(settings):
        ago = span((now - known).total_seconds())
        ended = f"the store ends at {known.astimezone(zone):%Y-%m-%d %H:%M}, {ago} ago; what follows is of then"
        return [ended, *_past(settings, path, plan, known, now, True)]
    if moment > now:
        return _plan_lines(settings, _conditions(settings, path, now), plan, moment, zone)
    return _past(settings, path, plan, moment, now, at is None)


def _past(settings: Settings, path: Path, plan: Plan | None, moment: datetime, now: datetime, more: bool) -> list[str]:
    """The decision in force at ``moment`` and the plan's step; ``more`` also tells of the steps after it."""
    zone, conditions = ZoneInfo(settings.site.timezone), _conditions(settings, path, now)
    lines = [_decision(settings, path, conditions, moment, zone, more)]
    if more and plan is None:
        lines.append("there is no plan yet")
    elif plan is not None and plan.horizon.index_of(moment) is not None:
        lines += _plan_lines(settings, conditions, plan, moment, zone, MORE_STEPS if more else 0)
        if now >= plan.expires_at:
            lines.append(f"this plan has expired at {plan.expires_at.astimezone(zone):%Y-%m-%d %H:%M}")
    elif plan is not None:
        lines.append(_out_of_reach(plan, moment, zone))
    return lines


def _run(settings: Settings, asked: Namespace) -> int:
    try:
        say("\n".join(explain(settings, asked.at, datetime.now(UTC))))
    except (StoreFailure, NotExplained, UnknownTime) as error:
        say(str(error), sys.stderr)
        return FAILED
    return GOOD


def _known_until(path: Path, now: datetime) -> datetime | None:
    """When the newest measurement or decision in the store was made; None where there is none."""
    minute, (decision, _) = newest_minute(path), decision_at(path, now)
    ends = [] if minute is None else [minute.at + timedelta(seconds=minute.span_s)]
    return max([*ends, *([] if decision is None else [decision.at])], default=None)


def _still_now(settings: Settings) -> timedelta:
    """A minute is written when it is over, with the next commit; decisions that change nothing are not written."""
    return timedelta(seconds=2.0 * settings.store.commit_s + 120.0)


def _decision(
    settings: Settings, path: Path, conditions: SiteConditions, at: datetime, zone: ZoneInfo, newest: bool
) -> str:
    """The decision in force at ``at``; what was measured then or, where the ``newest`` is asked for, last of all."""
    decision, minute = decision_at(path, at)
    if decision is None:
        raise NotExplained(f"nothing had been decided by {at.astimezone(zone):%Y-%m-%d %H:%M}")
    last = newest_minute(path)
    if minute is None and newest and last is not None and at - last.at <= _still_now(settings):
        minute = last
    grid_w, soc_pct = (None, None) if minute is None else (minute.grid_w, minute.soc_pct)
    battery = conditions.with_reserve(settings.battery_spec(), at)
    why = explain_decision(decision, grid_w, soc_pct, battery, conditions.connection(at))
    given = f"{decision.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return f"setpoint of {given}, {decision.rung.value}: {why}{'' if minute is not None else _unseen(last, at, zone)}"


def _unseen(last: MinuteRow | None, at: datetime, zone: ZoneInfo) -> str:
    """Why no measurement stands beside the decision."""
    if last is None:
        return " (the store has no measurement yet)"
    end = last.at + timedelta(seconds=last.span_s)
    if end <= at:
        return f" (measured until {end.astimezone(zone):%Y-%m-%d %H:%M})"
    return f" (nothing was measured at {at.astimezone(zone):%H:%M})"


def _kept_plan(path: Path) -> Plan | None:
    try:
        return read_kept(path, PLAN)
    except WireError as error:
        raise NotExplained(f"the stored plan cannot be read: {error}") from error


def _out_of_reach(plan: Plan, at: datetime, zone: ZoneInfo) -> str:
    first, end, when = (f"{t.astimezone(zone):%Y-%m-%d %H:%M}" for t in (plan.horizon.start, plan.horizon.end, at))
    return f"only the newest plan is kept, which reaches from {first} to {end} and does not hold {when}"


def _plan_lines(
    settings: Settings, conditions: SiteConditions, plan: Plan | None, at: datetime, zone: ZoneInfo, more: int = 0
) -> list[str]:
    """The step of the plan at ``at`` and ``more`` after it. Raises NotExplained."""
    if plan is None:
        raise NotExplained("there is no plan yet")
    index = plan.horizon.index_of(at)
    if index is None:
        raise NotExplained(_out_of_reach(plan, at, zone))
    basis = basis_of(plan, settings, conditions, conditions.connection(plan.issued_at))
    again, doubt = _again(basis)
    whys = [explain_step(basis, i, zone, again) for i in range(index, min(index + more + 1, len(plan.steps)))]
    return [*(f"plan for {why.start.astimezone(zone):%a %H:%M}: {why.sentence}" for why in whys), *doubt]


def basis_of(plan: Plan, settings: Settings, conditions: SiteConditions, connection: Connection) -> Basis:
    """What a kept plan was made on, from the site file and what the platform has sent."""
    horizon = Horizon(plan.horizon.start, plan.horizon.step_s, len(plan.steps))
    curves = conditions.curves(horizon)
    per_kg = conditions.objective.carbon_price_per_kg
    carbon = (0.0,) * len(plan.steps) if curves is None else tuple(per_kg * kg for kg in curves.carbon_kg_per_kwh)
    reserve_pct = () if conditions.reserve is None else conditions.reserve.over(horizon)
    connections = conditions.connections(plan.issued_at, horizon)
    basis = Basis(plan, settings.battery_spec(), connection, carbon, 0.0, reserve_pct, connections)
    return replace(basis, end_value=terminal_value(_terms(basis)))


def _terms(basis: Basis) -> PlanningTerms:
    steps = basis.plan.steps
    bought = np.array([basis.bought(i) for i in range(len(steps))])
    return PlanningTerms(basis.dt_h, basis.battery, basis.connection, bought, np.array([s.export_price for s in steps]))


def _again(basis: Basis) -> tuple[Resolved | None, list[str]]:
    """The plan's programme solved again, or why no amounts can be quoted."""
    doubt = "what a limit is worth is not quoted: the site file, the prices or the solver are not those of the plan"
    try:
        again = resolved(basis)
    except (SolverFailure, ValueError):
        again = None
    return again, ([] if again is not None else [doubt])


def _conditions(settings: Settings, path: Path, now: datetime) -> SiteConditions:
    """The tariffs of the site file, overlaid by what the platform had sent.

    Of the grid limit only the newest word is kept: where that is not silent now, it is taken for not silent before.
    """
    try:
        conditions = conditions_of(settings)
    except PriceFileError as error:
        raise NotExplained(str(error)) from error
    conditions.recall(inputs_of(path, settings.site.currency))
    if not conditions.limit_is_silent(now):
        conditions.failsafe = None
    return conditions
