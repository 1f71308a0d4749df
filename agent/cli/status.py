"""`enalysis-edge status`: what the agent knows and does, read from the store while the daemon runs."""

import json
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.adapters.host.live_file import read_live
from agent.adapters.store.store_reader import backlog, flags, kept
from agent.advice.book import open_ones
from agent.cli.site_command import add_config, by_settings_at_hand
from agent.cli.standing_alarms import show_alarms, span
from agent.cli.status_steering import Documents, running, show_permission, show_steering
from agent.cli.terminal import terminal
from agent.dispatch.demand_meter import MonthPeak
from agent.domain.documents import (
    ADVICE,
    ALARMS,
    DEMAND,
    FORECAST_CORRECTIONS,
    LINK,
    PARKED,
    PLAN,
    STATE,
)
from agent.domain.permit import Permission
from agent.domain.plan import Plan
from agent.domain.site import Measured
from agent.domain.suspect import DATA_FAULT
from agent.domain.wire import WireError, from_json
from agent.ports import StoreFailure
from agent.settings.permit import permission_of
from agent.settings.schema import Settings

QUALITY_STYLES = {"good": "green", "estimated": "cyan", "asleep": "dim", "missing": "dim"}
SUSPECTS_OF = timedelta(days=7)
MOST_SUSPECTS = 3
FRESH_S = 5.0  # what the agent showed longer ago is left over from one that was killed


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, and how much of the plan."""
    add_config(parser)
    parser.add_argument("--rows", type=int, default=16, help="how many steps of the plan to show")


def run(asked: Namespace) -> int:
    """0, or 1 when there is no store yet."""
    return by_settings_at_hand(asked, _run)


def _run(settings: Settings, asked: Namespace) -> int:
    return show(settings, terminal(), asked.rows, permission_of(asked.config, settings))


def show(settings: Settings, console: Console, plan_rows: int, permission: Permission) -> int:
    """Print the status; 0, or 1 when there is no store yet."""
    path = Path(settings.store.path)
    if not path.exists():
        console.print(f"no store at {path}: the agent has not run with this site file yet")
        return 1
    try:
        _show(settings, console, path, plan_rows, permission)
    except StoreFailure as failure:
        console.print(f"[red]{escape(str(failure))}[/]")
        return 1
    return 0


def _show(settings: Settings, console: Console, path: Path, plan_rows: int, permission: Permission) -> None:
    now = datetime.now(UTC)
    console.print(f"[bold]{settings.site.name}[/] ({settings.site.id}), store {path}")
    shown = read_live(settings.site.id)
    is_live = shown is not None and (now - shown.at).total_seconds() < FRESH_S + 2.0 * settings.control.step_s
    console.print(running(path, is_live))
    documents = Documents(path, shown.documents if shown is not None and is_live else {})
    show_alarms(console, documents.newest(ALARMS.name), now, ZoneInfo(settings.site.timezone))
    show_permission(console, documents, permission, settings)
    _show_state(console, documents.newest(STATE.name), now)
    show_steering(console, documents, settings, now)
    _show_forecast(console, path, now)
    _show_suspects(console, path, now)
    _show_advice(console, path, now, settings.site.currency)
    _show_plan(console, path, now, settings.site.timezone, settings.site.currency, plan_rows)
    _show_demand(console, path, settings, now)
    _show_sync(console, path, documents.newest(LINK.name), settings)


def _show_state(console: Console, document: str | None, now: datetime) -> None:
    if document is None:
        console.print("state: nothing was measured yet")
        return
    try:
        state = STATE.read(document)
    except WireError as error:
        console.print(f"state: the stored picture cannot be read: {error}")
        return
    since_s = (now - state.at).total_seconds()
    table = Table(title=f"state at {state.at:%Y-%m-%d %H:%M:%S} UTC, {span(since_s)} ago", title_justify="left")
    for column, justify in (("quantity", "left"), ("value", "right"), ("quality", "left"), ("age", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for name in ("load_w", "pv_w", "battery_w", "grid_w", "soc_pct"):
        table.add_row(*_measured_row(name, getattr(state, name), since_s))
    console.print(table)
    for fault in state.faults:
        console.print(f"[yellow]! {fault}[/]")


def _measured_row(name: str, measured: Measured, since_s: float) -> tuple[str, str, str, str]:
    style = QUALITY_STYLES.get(measured.quality.value, "yellow")
    if measured.value is None:
        return name, "-", f"[{style}]{measured.quality.value}[/]", "-"
    text = f"{measured.value:.1f} %" if name.endswith("_pct") else f"{measured.value / 1000:.2f} kW"
    return name, text, f"[{style}]{measured.quality.value}[/]", span(since_s + measured.age_s)


def _show_forecast(console: Console, path: Path, now: datetime) -> None:
    """Who forecasts what, and what this site has taught about that."""
    plan = _plan(path)
    if not isinstance(plan, Plan):
        return
    console.print(f"[bold]forecast[/] {span((now - plan.issued_at).total_seconds())} old")
    learnt = _learnt(path)
    for name, forecast in (("load", plan.load), ("solar", plan.pv)):
        console.print(
            f"  {name} by {escape(forecast.source)}, {learnt.get(forecast.quantity, 'nothing learnt here yet')}"
        )
    for note in plan.notes:
        console.print(f"  [yellow]{escape(note)}[/]")


def _learnt(path: Path) -> dict[str, str]:
    """By quantity: how many of its forecasts have been compared with what came."""
    try:
        corrections = FORECAST_CORRECTIONS.read(kept(path, FORECAST_CORRECTIONS.name) or "[]")
    except WireError:
        return {}
    return {
        one.quantity: f"compared with what came from {one.origins} starts up to {one.learnt_to:%Y-%m-%d %H:%M} UTC"
        for one in corrections
        if one.learnt_to is not None
    }


def _show_suspects(console: Console, path: Path, now: datetime) -> None:
    recent = flags(path, now - SUSPECTS_OF)
    for suspect in recent[-MOST_SUSPECTS:]:
        what = "not believed" if suspect.kind == DATA_FAULT else "unusual"
        when = f"{suspect.start:%d %b %H:%M} to {suspect.end:%d %b %H:%M} UTC"
        console.print(f"[yellow]{what}[/] {suspect.quantity} {when}: {escape(suspect.reason)}")
    if len(recent) > MOST_SUSPECTS:
        console.print(f"  and {len(recent) - MOST_SUSPECTS} earlier ones within {SUSPECTS_OF.days} days")


def _show_advice(console: Console, path: Path, now: datetime, currency: str) -> None:
    """How many recommendations are open, and the one that saves most."""
    document = kept(path, ADVICE.name)
    try:
        found = () if document is None else open_ones(ADVICE.read(document), now)
    except WireError as error:
        console.print(f"recommendations: what is stored cannot be read: {error}")
        return
    if not found:
        console.print("[bold]recommendations[/] none are open")
        return
    saving = "" if found[0].cost_saving is None else f", saves {found[0].cost_saving:.2f} {currency}"
    console.print(f"[bold]recommendations[/] {len(found)} open; first: {escape(found[0].headline)}{saving}")


def _plan(path: Path) -> Plan | str:
    """The stored plan, or why there is none."""
    document = kept(path, PLAN.name)
    if document is None:
        return "none yet"
    try:
        return PLAN.read(document)
    except WireError as error:
        return f"the stored plan cannot be read: {error}"


def _show_plan(console: Console, path: Path, now: datetime, timezone: str, currency: str, rows: int) -> None:
    plan = _plan(path)
    if isinstance(plan, str):
        console.print(f"plan: {plan}")
        return
    age = span((now - plan.issued_at).total_seconds())
    state = "expired" if now >= plan.expires_at else f"good until {plan.expires_at:%H:%M} UTC"
    table = Table(title=f"plan of {plan.issued_at:%Y-%m-%d %H:%M} UTC, {age} old, {state}", title_justify="left")
    for column in ("local time", "load", "solar", "battery", "grid", "SoC", f"{currency}/kWh", "stored is worth"):
        table.add_column(column, justify="right")
    first = plan.horizon.index_of(now) or 0
    times = plan.horizon.times()
    for i in range(first, min(first + rows, plan.horizon.steps)):
        step = plan.steps[i]
        grid_w = step.import_w - step.export_w
        table.add_row(
            f"{times[i].astimezone(ZoneInfo(timezone)):%a %H:%M}",
            *(f"{watts / 1000:.2f}" for watts in (step.load_w, step.pv_w, step.battery_w, grid_w)),
            f"{step.soc_pct:.0f} %",
            f"{step.import_price:.3f}",
            f"{step.energy_value_per_kwh:.3f}",
        )
    console.print(table)


def _show_demand(console: Console, path: Path, settings: Settings, now: datetime) -> None:
    """The month's peak so far, and what the plan holds import to, where a demand charge is paid."""
    charge, zone = settings.demand_charge_spec(), ZoneInfo(settings.site.timezone)
    if charge is None:
        return
    console.print(f"[bold]demand charge[/] {charge.per_kw:g} {settings.site.currency} per kW, {_peak(path, now, zone)}")
    plan = _plan(path)
    index = plan.horizon.index_of(now) if isinstance(plan, Plan) else None
    peak = plan.values.peak if isinstance(plan, Plan) else None
    if index is None or peak is None:
        return
    held = f"the plan holds intervals of {charge.interval_s // 60} minutes to {peak.threshold_w[index] / 1000:.1f} kW"
    console.print(f"  {held if peak.per_kw[index] > 0.0 else 'this month is not charged'}")


def _peak(path: Path, now: datetime, zone: ZoneInfo) -> str:
    try:
        found = from_json(MonthPeak, kept(path, DEMAND.name) or "{}")
    except WireError:
        return "the month's peak so far is not known"
    local = now.astimezone(zone)
    if (found.year, found.month) != (local.year, local.month) or found.peak_at is None:
        return "no peak this month yet"
    return f"this month's peak so far {found.peak_w / 1000:.1f} kW at {found.peak_at.astimezone(zone):%d %b %H:%M}"


def _show_sync(console: Console, path: Path, document: str | None, settings: Settings) -> None:
    link = json.loads(document or "{}")
    if settings.cloud is None:
        console.print("[bold]link[/] none configured")
    else:
        word = "[green]up[/]" if link.get("connected") else "[yellow]down[/]"
        trouble = f": {link['trouble']}" if link.get("trouble") else ""
        console.print(f"[bold]link[/] {word} to {settings.cloud.host}:{settings.cloud.port}{trouble}")
    depth = {stream: highest - acknowledged for stream, (acknowledged, highest) in backlog(path).items()}
    waiting = ", ".join(f"{stream} {count}" for stream, count in depth.items())
    console.print(f"[bold]outbox[/] {sum(depth.values())} rows wait for the platform ({waiting})")
    if parked := json.loads(kept(path, PARKED.name) or "[]"):
        console.print(f"[yellow]parked[/] {len(parked)} rows that the broker refused time and again; they stay here")
