"""`enalysis-edge status`: what the agent knows and does, read from the store while the daemon runs."""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from agent.adapters.host.live_file import read_live
from agent.adapters.store.store_reader import flags, kept, read_kept
from agent.advice.book import open_ones
from agent.cli.labelled import say
from agent.cli.site_command import add_config, by_settings_at_hand
from agent.cli.standing_alarms import show_alarms, span, standing_alarms
from agent.cli.status_commands import show_commands
from agent.cli.status_headline import Health, headline
from agent.cli.status_link import show_link
from agent.cli.status_plan import show_demand, show_forecast, show_plan
from agent.cli.status_saved import show_saved
from agent.cli.status_site import site_lines
from agent.cli.status_steering import Documents, locked_of, runner, show_permission, show_steering
from agent.cli.terminal import terminal
from agent.dispatch.demand_meter import MonthPeak
from agent.domain.advisory import AdviceBook
from agent.domain.documents import (
    ADVICE,
    ALARMS,
    DEMAND,
    LINK,
    PLAN,
    REMOTE_CONFIG,
    SETTINGS,
    SITE_FILE,
    STATE,
)
from agent.domain.forecast_corrections import FORECAST_CORRECTIONS
from agent.domain.in_words import kw, money
from agent.domain.permit import Permission
from agent.domain.plan import Plan
from agent.domain.site import SiteState
from agent.domain.site_file import SiteFileEdit
from agent.domain.suspect import DATA_FAULT
from agent.domain.wire import WireError, from_json
from agent.ports import StoreFailure
from agent.settings.last_run import differences
from agent.settings.permit import permission_of
from agent.settings.schema import Settings

SUSPECTS_OF = timedelta(days=7)
MOST_SUSPECTS = 3
MOST_CHANGES = 3
FRESH_S = 5.0  # what the agent showed longer ago is left over from one that was killed
RESTING_SHARE = 0.01  # of the battery's rating: the deadband of control
QUANTITIES = {"load_w": "house", "pv_w": "sun"}


@dataclass(frozen=True, slots=True)
class Known:
    """What `status` goes by: ``state`` and ``plan`` or, in a sentence, why there is none; ``pid`` None: nobody runs."""

    settings: Settings
    path: Path
    now: datetime
    documents: Documents
    is_live: bool
    pid: int | None
    state: SiteState | str
    plan: Plan | str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.site.timezone)


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, and how much of the plan."""
    add_config(parser)
    parser.add_argument("--rows", type=int, default=12, help="how many rows of the plan to show")


def run(asked: Namespace) -> int:
    """0, or 1 when there is no store yet."""
    return by_settings_at_hand(asked, _run)


def _run(settings: Settings, asked: Namespace) -> int:
    return show(settings, terminal(), asked.rows, permission_of(asked.config, settings))


def show(settings: Settings, console: Console, plan_rows: int, permission: Permission) -> int:
    """Print the status; 0, or 1 when there is no store yet."""
    path = Path(settings.store.path)
    if not path.exists():
        console.print(f"no store at {path}: the agent has not run with this site file yet", markup=False)
        return 1
    try:
        _show(_known(settings, path), console, plan_rows, permission)
    except StoreFailure as failure:
        console.print(f"[red]{escape(str(failure))}[/]")
        return 1
    return 0


def _known(settings: Settings, path: Path) -> Known:
    now, shown = datetime.now(UTC), read_live(settings.site.id)
    is_live = shown is not None and (now - shown.at).total_seconds() < FRESH_S + 2.0 * settings.control.step_s
    documents = Documents(path, shown.documents if shown is not None and is_live else {})
    state = _state(documents.newest(STATE.name))
    return Known(settings, path, now, documents, is_live, runner(path), state, _plan(path))


def _show(known: Known, console: Console, plan_rows: int, permission: Permission) -> None:
    settings, path, now, documents = known.settings, known.path, known.now, known.documents
    standing = standing_alarms(documents.newest(ALARMS.name))
    _show_headline(console, known, None if isinstance(standing, str) else len(standing), permission)
    show_alarms(console, standing, now, known.zone)
    show_permission(console, documents, permission, settings, known.pid is not None)
    _show_changes(console, known)
    _show_state(console, known)
    show_steering(console, documents, settings)
    if isinstance(known.state, SiteState):
        show_saved(console, path, known.plan, settings, known.state.at, now)
    show_plan(console, known.plan, settings, now, plan_rows)
    show_demand(console, known.plan, settings, now, _peak(path, now, known.zone))
    if isinstance(known.plan, Plan):
        show_forecast(console, known.plan, _learnt(path, known.zone))
    _show_suspects(console, path, now, known.zone)
    _show_advice(console, path, now, settings.site.currency)
    show_commands(console, path, known.zone)
    show_link(console, path, documents.newest(LINK.name), settings, known.pid is not None)
    say(console, "store", str(path), "dim")


def _show_headline(console: Console, known: Known, alarms: int | None, permission: Permission) -> None:
    """OK or attention; then which site it is, and how fresh what follows can be."""
    settings, at = known.settings, known.state.at if isinstance(known.state, SiteState) else None
    every_s = settings.control.step_s + (FRESH_S if known.is_live else settings.store.commit_s)
    locked = locked_of(known.documents, permission, known.pid is not None)
    health = Health(alarms, known.pid is not None, locked is not None, at, every_s)
    line, is_well = headline(health, known.now)
    console.print(f"[bold {'green' if is_well else 'yellow'}]{escape(line)}[/]")
    age = "" if at is None else f" of {at.astimezone(known.zone):%a %d %b %H:%M:%S}"
    ago = "" if at is None else f", {span((known.now - at).total_seconds())} ago"
    if known.pid is None:
        told = f"the agent does NOT run; this is what it wrote last{age and f',{age}{ago}'}"
    elif known.is_live:
        told = f"running (process {known.pid}), as of this second"
    else:
        told = f"running (process {known.pid}), as of its last commit{age}{ago}"
    console.print(f"[bold]{escape(settings.site.name)}[/] ({settings.site.id}): {told}", highlight=False)


def _show_changes(console: Console, known: Known) -> None:
    """What was taken up of the last edit of the site file, and what it says otherwise than the agent goes by."""
    edit = _edit(known.documents.newest(SITE_FILE.name)) if known.pid is not None else None
    if edit is not None and edit.taken:
        say(console, "site file", f"taken up at {edit.at.astimezone(known.zone):%a %d %b %H:%M}: {edit.taken}", "dim")
    _show_remote_config(console, known.documents.newest(REMOTE_CONFIG.name))
    before = kept(known.path, SETTINGS.name)
    changed = [] if before is None else differences(before, known.settings)
    if not changed or (known.is_live and edit is not None and not edit.waits):
        return  # what was taken up within the last minute is not committed yet
    more = f" and {len(changed) - MOST_CHANGES} more" if len(changed) > MOST_CHANGES else ""
    told = f"site file changed since the start: {', '.join(changed[:MOST_CHANGES])}{more}; the next start takes it up"
    console.print(f"[yellow]{escape(told)}[/]", highlight=False)


def _show_remote_config(console: Console, document: str | None) -> None:
    """The platform's newest configuration, and what of it holds."""
    try:
        found = None if document is None else REMOTE_CONFIG.read(document)
    except WireError:
        return
    if found is not None:
        keys = ", ".join(f"{key} = {text}" for key, text in found.holds) or "nothing"
        error = "" if found.error is None else f": {found.error}"
        told = (
            f"configuration {found.version} of the platform {found.state.value.replace('_', ' ')}{error}; holds: {keys}"
        )
        say(console, "remote", told, "dim" if found.error is None else "yellow")


def _edit(document: str | None) -> SiteFileEdit | None:
    try:
        return None if document is None or document == "null" else SITE_FILE.read(document)
    except WireError:
        return None


def _state(document: str | None) -> SiteState | str:
    if document is None:
        return "nothing was measured yet"
    try:
        return STATE.read(document)
    except WireError as error:
        return f"the stored measurements cannot be read: {error}"


def _show_state(console: Console, known: Known) -> None:
    if isinstance(known.state, str):
        say(console, "site", known.state)
        return
    battery = known.settings.battery_spec()
    resting_w = RESTING_SHARE * max(battery.charge_w, battery.discharge_w)
    for label, words in site_lines(known.state, resting_w):
        say(console, label, words)
    for fault in known.state.faults:
        console.print(f"[yellow]! {escape(fault)}[/]")


def _learnt(path: Path, zone: ZoneInfo) -> dict[str, str]:
    """By quantity: how many of its forecasts have been compared with what came."""
    try:
        corrections = read_kept(path, FORECAST_CORRECTIONS) or ()
    except WireError:
        return {}
    return {
        one.quantity: f"compared with what came from {one.origins} starts up to "
        f"{one.learnt_to.astimezone(zone):%d %b %Y %H:%M}"
        for one in corrections
        if one.learnt_to is not None
    }


def _show_suspects(console: Console, path: Path, now: datetime, zone: ZoneInfo) -> None:
    recent = flags(path, now - SUSPECTS_OF)
    for suspect in recent[-MOST_SUSPECTS:]:
        what = "not believed" if suspect.kind == DATA_FAULT else "unusual"
        start, end = (f"{at.astimezone(zone):%d %b %H:%M}" for at in (suspect.start, suspect.end))
        quantity = QUANTITIES.get(suspect.quantity, suspect.quantity)
        console.print(f"[yellow]{what}[/] {quantity} {start} to {end}: {escape(suspect.reason)}", highlight=False)
    if len(recent) > MOST_SUSPECTS:
        console.print(f"  and {len(recent) - MOST_SUSPECTS} earlier ones within {SUSPECTS_OF.days} days")


def _show_advice(console: Console, path: Path, now: datetime, currency: str) -> None:
    """How many recommendations are open, and the one that saves most."""
    try:
        found = open_ones(read_kept(path, ADVICE) or AdviceBook(), now)
    except WireError as error:
        say(console, "advice", f"what is stored cannot be read: {error}")
        return
    if not found:
        say(console, "advice", "nothing is open")
        return
    saving = "" if found[0].cost_saving is None else f", saves {money(found[0].cost_saving, currency)}"
    say(console, "advice", f"{len(found)} open; first: {found[0].headline}{saving}")


def _plan(path: Path) -> Plan | str:
    """The stored plan, or why there is none."""
    try:
        return read_kept(path, PLAN) or "none yet"
    except WireError as error:
        return f"the stored plan cannot be read: {error}"


def _peak(path: Path, now: datetime, zone: ZoneInfo) -> str:
    """This month's peak so far, in words."""
    try:
        found = from_json(MonthPeak, kept(path, DEMAND.name) or "{}")
    except WireError:
        return "the month's peak so far is not known"
    local = now.astimezone(zone)
    if (found.year, found.month) != (local.year, local.month) or found.peak_at is None:
        return "no peak this month yet"
    return f"this month's peak so far {kw(found.peak_w, 1)} at {found.peak_at.astimezone(zone):%d %b %H:%M}"
