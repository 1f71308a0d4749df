"""What `status` says of the plan: its rows in local time, equal neighbours as one, and the demand peak it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.cli.labelled import say
from agent.cli.standing_alarms import span
from agent.cli.status_site import battery_doing
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.in_words import kw, pct, price
from agent.domain.plan import Plan, PlanStep
from agent.settings.schema import Settings

RESTING_W = 1.0  # a plan's powers have no noise


@dataclass(frozen=True, slots=True)
class Row:
    """Steps in which the battery does the same at the same price: ``start`` to ``end`` (UTC), powers as means."""

    start: datetime
    end: datetime
    battery: str
    load_w: float
    pv_w: float
    grid_w: float
    soc_pct: float
    import_price: float


def rows_of(plan: Plan, now: datetime) -> list[Row]:
    """From the step of ``now`` on, neighbours merged. The SoC is that of the end."""
    first = plan.horizon.index_of(now) or 0
    groups: list[list[int]] = []
    for i in range(first, len(plan.steps)):
        if groups and _key(plan.steps[groups[-1][-1]]) == _key(plan.steps[i]):
            groups[-1].append(i)
        else:
            groups.append([i])
    return [_row(plan.horizon, [plan.steps[i] for i in group], group[0], group[-1]) for group in groups]


def show_plan(console: Console, plan: Plan | str, settings: Settings, now: datetime, rows: int) -> None:
    """The plan in force; of one that has expired, or of none, why nothing is shown."""
    if isinstance(plan, str):
        say(console, "plan", plan)
        return
    zone = ZoneInfo(settings.site.timezone)
    age = span((now - plan.issued_at).total_seconds())
    issued, expires = (f"{at.astimezone(zone):%a %d %b %H:%M}" for at in (plan.issued_at, plan.expires_at))
    if now >= plan.expires_at:
        say(console, "plan", f"of {issued}, {age} old: expired on {expires}, the battery does not go by it", "yellow")
        return
    say(console, "plan", f"of {issued}, {age} old, good until {plan.expires_at.astimezone(zone):%H:%M}")
    found = rows_of(plan, now)
    console.print(_table(found[:rows], zone, settings.site.currency))
    if (more := len(found) - rows) > 0:
        console.print(f"[dim]and {more} more {'row' if more == 1 else 'rows'}, with --rows {len(found)}[/]")


def show_forecast(console: Console, plan: Plan, learnt: dict[str, str]) -> None:
    """Who forecasts what, what this site has taught about that, and what the planner had to do without."""
    for label, name, forecast in (("forecast", "house", plan.load), ("", "sun", plan.pv)):
        say(console, label, f"{name} by {forecast.source}, {learnt.get(forecast.quantity, 'nothing learnt here yet')}")
    for note in plan.notes:
        say(console, "", note, "yellow")


def show_demand(console: Console, plan: Plan | str, settings: Settings, now: datetime, peak_so_far: str) -> None:
    """The month's peak so far, and what the plan holds import to, where a demand charge is paid."""
    charge = settings.demand_charge_spec()
    if charge is None:
        return
    asked = " and ".join(_asked(one, settings.site.currency) for one in settings.demand_charges())
    console.print(f"[bold]demand charge[/] {asked}, {escape(peak_so_far)}")
    index = plan.horizon.index_of(now) if isinstance(plan, Plan) else None
    peak = plan.values.peak if isinstance(plan, Plan) else None
    if index is None or peak is None:
        return
    month = now.astimezone(ZoneInfo(settings.site.timezone)).month
    if peak.per_kw[index] > 0.0:
        told = f"the plan holds intervals of {charge.interval_s // 60} minutes to {kw(peak.threshold_w[index], 1)}"
    elif any(month in one.months for one in settings.demand_charges()):
        told = "at this hour import is not charged"
    else:
        told = "this month is not charged"
    console.print(f"  {told}")


def _asked(charge: DemandCharge, currency: str) -> str:
    name = f" ({escape(charge.name)})" if charge.name else ""
    return f"{charge.per_kw:g} {currency} per kW{name}"


def _key(step: PlanStep) -> tuple[str, str, str]:
    return (*battery_doing(step.battery_w, step.import_w - step.export_w, RESTING_W), price(step.import_price))


def _row(horizon: Horizon, steps: Sequence[PlanStep], first: int, last: int) -> Row:
    times, many = horizon.times(), len(steps)
    end = times[last + 1] if last + 1 < len(times) else horizon.end
    battery_w = sum(step.battery_w for step in steps) / many
    doing, whence, _ = _key(steps[0])
    power = "" if doing == "resting" else f" {_number(abs(battery_w))}"
    return Row(
        times[first],
        end,
        f"{doing}{f' {whence}' if whence else ''}{power}",
        sum(step.load_w for step in steps) / many,
        sum(step.pv_w for step in steps) / many,
        sum(step.import_w - step.export_w for step in steps) / many,
        steps[-1].soc_pct,
        steps[0].import_price,
    )


def _number(power_w: float) -> str:
    """In the kilowatts of the table's heading."""
    return kw(power_w).removesuffix(" kW")


def _table(rows: Sequence[Row], zone: ZoneInfo, currency: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("when", no_wrap=True)
    table.add_column("battery, kW", overflow="fold")
    for column in ("house", "sun", "grid", "SoC", f"{currency}/kWh"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        start, end = (at.astimezone(zone) for at in (row.start, row.end))
        powers = (_number(watts) for watts in (row.load_w, row.pv_w, row.grid_w))
        other_day = end.date() != start.date() and end.time() != time.min
        when = f"{start:%a %H:%M}-{end:{'%a ' if other_day else ''}%H:%M}"
        table.add_row(when, row.battery, *powers, pct(row.soc_pct), price(row.import_price))
    return table
