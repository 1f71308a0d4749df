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
from agent.cli.labelled import say
from agent.domain.documents import OBSERVATION, OBSERVING, OVERRIDE, PERSISTENT_WRITES, SETPOINT, SWITCHED_LOADS
from agent.domain.in_words import kw, money
from agent.domain.permit import Permission
from agent.settings.schema import Settings

TAKEN = ("applied", "held")


@dataclass(frozen=True, slots=True)
class Documents:
    """The kept documents of the store, and the newer ones that the running agent shows."""

    store: Path
    shown: Mapping[str, str]

    def newest(self, name: str) -> str | None:
        """Raises StoreFailure."""
        return self.shown.get(name) or kept(self.store, name)


def locked_of(documents: Documents, permission: Permission, runs: bool) -> str | None:
    """Why nothing is written to the devices: as the agent that ``runs`` has it, else as permit and site file say."""
    document = json.loads((documents.newest(OBSERVING.name) if runs else None) or "null")
    if not isinstance(document, dict) or "locked" not in document:
        return permission.locked
    return None if document["locked"] is None else str(document["locked"])


def show_permission(
    console: Console, documents: Documents, permission: Permission, settings: Settings, runs: bool
) -> None:
    """Whether it steers or observes, by whose word, and what it would have saved where it only observed."""
    locked = locked_of(documents, permission, runs)
    if locked is None and permission.locked is not None:
        told = f"it goes on steering; with the next start it would only observe: {permission.locked}"
        console.print(f"[yellow]{escape(told)}[/]")
    elif locked is None and permission.permit is not None:
        console.print(f"[dim]{escape(permission.permit.words)}[/]")
    if locked is None:
        return
    console.print(f"[yellow]only observing[/]: {escape(locked)}")
    if permission.locked is None:
        console.print("[yellow]by now it may steer; the next start takes that up[/]")
    document = documents.newest(OBSERVATION.name)
    if document is not None:
        observed = OBSERVATION.read(document)
        saved, days = money(observed.saved, settings.site.currency), len(observed.days)
        console.print(f"  steered, the battery would have saved {saved} on {days} day{'' if days == 1 else 's'}")


def runner(path: Path) -> int | None:
    """The process that holds the site's lock; None: the agent does not run."""
    try:
        with SiteLock(path):
            return None
    except AlreadyRunning as held:
        return held.pid


def show_steering(console: Console, documents: Documents, settings: Settings) -> None:
    """Why the battery does what it does, what a person has told it, and what writing has cost."""
    _show_setpoint(console, documents.newest(SETPOINT.name), ZoneInfo(settings.site.timezone))
    _show_override(console, documents.newest(OVERRIDE.name), ZoneInfo(settings.site.timezone))
    _show_switched(console, documents.newest(SWITCHED_LOADS.name))
    _show_writes(console, documents)


def _show_setpoint(console: Console, document: str | None, zone: ZoneInfo) -> None:
    if document is None:
        say(console, "why", "nothing was decided yet")
        return
    setpoint = json.loads(document)
    say(console, "why", setpoint["reason"])
    watts = setpoint["battery_w"]
    what = "left to its inverter" if watts is None else _order(watts)
    at = datetime.fromisoformat(setpoint["at"]).astimezone(zone)
    taken = "" if setpoint["outcome"] in TAKEN else f", but that was {setpoint['outcome']}"
    words = f"the battery was {what} on {at:%a %d %b %H:%M:%S}, by {setpoint['rung']}{taken}"
    say(console, "", words, "yellow" if taken else "dim")


def _order(battery_w: float) -> str:
    if round(battery_w) == 0:
        return "told to rest"
    return f"told to {'discharge' if battery_w > 0.0 else 'charge'} {kw(abs(battery_w))}"


def _show_override(console: Console, document: str | None, zone: ZoneInfo) -> None:
    """What a person or the platform has told the battery to do, while that holds."""
    if document is None or document == "null":
        return
    override = OVERRIDE.read(document)
    since, until = (f"{at.astimezone(zone):%H:%M}" for at in (override.asked_at, override.until))
    by = "by hand" if override.command is None else "by the platform"
    console.print(f"[bold]{by}[/] {override.words}, since {since} until {until}; `enalysis-edge auto` ends it")


def _show_switched(console: Console, document: str | None) -> None:
    """What the machines do that have a relay."""
    for one in () if document is None else SWITCHED_LOADS.read(document):
        word = {True: "on", False: "off", None: "not known"}[one.on]
        console.print(f"  {escape(one.name)}: {word}; {escape(one.reason)}")


def _show_writes(console: Console, documents: Documents) -> None:
    """How often registers that wear were written, where a device has such."""
    for name, made in json.loads(documents.newest(PERSISTENT_WRITES.name) or "{}").items():
        used = f"{made['used']} of {made['budget']} writes of its persistent registers on {made['day']}"
        console.print(f"  {escape(name)}: {used}")
