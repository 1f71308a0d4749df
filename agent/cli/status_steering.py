"""What `status` says of the steering: whether the agent runs and may steer, what it does, what a person has told it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from agent.adapters.host.lock import AlreadyRunning, SiteLock
from agent.adapters.store.store_reader import kept
from agent.cli.standing_alarms import span
from agent.domain.documents import OBSERVATION, OVERRIDE, PERSISTENT_WRITES, SETPOINT
from agent.domain.permit import Permission
from agent.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Documents:
    """The kept documents of the store, and the newer ones that the running agent shows."""

    store: Path
    shown: Mapping[str, str]

    def newest(self, name: str) -> str | None:
        """Raises StoreFailure."""
        return self.shown.get(name) or kept(self.store, name)


def show_permission(console: Console, documents: Documents, permission: Permission, settings: Settings) -> None:
    """Whether it steers or observes, by whose word, and what it would have saved where it only observed."""
    if permission.locked is None:
        if permission.permit is not None:
            console.print(f"[dim]{escape(permission.permit.words)}[/]")
        return
    console.print(f"[yellow]only observing[/]: {escape(permission.locked)}")
    document = documents.newest(OBSERVATION.name)
    if document is not None:
        observed = OBSERVATION.read(document)
        saved, days = f"{observed.saved:.2f} {settings.site.currency}", len(observed.days)
        console.print(f"  steered, the battery would have saved {saved} on {days} day{'s' if days > 1 else ''}")


def running(path: Path, is_live: bool) -> str:
    """Whether the daemon holds the site's lock, and how fresh what follows can be."""
    try:
        with SiteLock(path):
            return "[yellow]the agent does NOT run[/]; this is what it wrote last"
    except AlreadyRunning as held:
        fresh = "state, setpoint and alarms are of this second" if is_live else "what follows is its last commit"
        return f"[green]running[/] (process {held.pid}); {fresh}"


def show_steering(console: Console, documents: Documents, settings: Settings, now: datetime) -> None:
    """The setpoint in force, what a person has told the battery, and what writing has cost."""
    _show_setpoint(console, documents.newest(SETPOINT.name), now)
    _show_override(console, documents.newest(OVERRIDE.name), ZoneInfo(settings.site.timezone))
    _show_writes(console, documents)


def _show_setpoint(console: Console, document: str | None, now: datetime) -> None:
    if document is None:
        console.print("setpoint: none yet")
        return
    setpoint = json.loads(document)
    watts = setpoint["battery_w"]
    what = "released to the inverter's own self-consumption" if watts is None else f"battery {watts / 1000:+.2f} kW"
    age = span((now - datetime.fromisoformat(setpoint["at"])).total_seconds())
    console.print(f"[bold]setpoint[/] {what}, {setpoint['outcome']}, rung {setpoint['rung']}, {age} ago")
    console.print(f"  {setpoint['reason']}")


def _show_override(console: Console, document: str | None, zone: ZoneInfo) -> None:
    """What a person has told the battery to do, while that holds."""
    if document is None or document == "null":
        return
    override = OVERRIDE.read(document)
    since, until = (f"{at.astimezone(zone):%H:%M}" for at in (override.asked_at, override.until))
    console.print(f"[bold]by hand[/] {override.words}, since {since} until {until}; `enalysis-edge auto` ends it")


def _show_writes(console: Console, documents: Documents) -> None:
    """How often registers that wear were written, where a device has such."""
    for name, made in json.loads(documents.newest(PERSISTENT_WRITES.name) or "{}").items():
        used = f"{made['used']} of {made['budget']} writes of its persistent registers on {made['day']}"
        console.print(f"  {escape(name)}: {used}")
