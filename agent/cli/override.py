"""`enalysis-edge hold|charge|discharge|auto`: a person tells the battery what to do for a while, or no longer."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.host.inbox import InboxFailure, drop, inbox_of
from agent.adapters.host.lock import AlreadyRunning, SiteLock
from agent.cli.asked_time import UnknownTime, asked_time
from agent.cli.ending import FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, by_settings_at_hand
from agent.domain.battery import Battery
from agent.domain.commands import OverrideBattery, Request
from agent.domain.override import AUTO, LEAST_W, LONGEST, MOST_W, OBEYED_WITHIN, USUAL, Override, OverrideAction
from agent.domain.sentences.commands import site_only_observed
from agent.ports import StoreFailure
from agent.settings.permit import read_permit, why_locked
from agent.settings.schema import Settings
from agent.settings.to_domain import battery

FAR_BEYOND = 10.0  # times the rating


class NotAsked(Exception):
    """Nothing was asked of the agent. ``str()`` says why in one sentence."""


def add_arguments(parser: ArgumentParser) -> None:
    """How much, and until when; there is an end in any case."""
    if not parser.prog.endswith(AUTO):
        if not parser.prog.endswith(OverrideAction.HOLD.value):
            parser.add_argument("--kw", type=float, metavar="X", help="with this power; all that the limits allow else")
        ends = parser.add_mutually_exclusive_group()
        ends.add_argument("--until", metavar="TIME", help="18:00, or 2026-06-01T18:00, by the site's clock")
        ends.add_argument("--for", dest="lasts", metavar="2h", help="90min or 2h; 2h when nothing is said")
    add_config(parser)


def run(asked: Namespace) -> int:
    """0, or 1 where it was not asked."""
    return by_settings_at_hand(asked, _run)


def wanted(asked: Namespace, now: datetime, zone: ZoneInfo) -> Override | None:
    """What the arguments mean; None is ``auto``. Raises NotAsked."""
    if asked.command == AUTO:
        return None
    too_long = f"it must end within {LONGEST.total_seconds() / 3600:z.0f} hours from now, and not in the past"
    try:
        until = now + _lasting(asked.lasts) if asked.until is None else _until(asked.until, now, zone)
        override = Override(OverrideAction(asked.command), until, now, _power_w(getattr(asked, "kw", None)))
    except OverflowError as error:
        raise NotAsked(too_long) from error
    except (UnknownTime, ValueError) as error:
        raise NotAsked(str(error)) from error
    if not timedelta(0) < until - now <= LONGEST:
        raise NotAsked(too_long)
    return override


def _power_w(kw: float | None) -> float | None:
    """Raises NotAsked."""
    if kw is None or LEAST_W <= 1000.0 * kw <= MOST_W:
        return None if kw is None else 1000.0 * kw
    raise NotAsked(f"--kw is {kw:zg}, not a power from {LEAST_W / 1000.0:g} to {MOST_W / 1000.0:z,.0f} kW")


def _until(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """A time of day that has passed is tomorrow's. Raises UnknownTime."""
    until = asked_time(text, now, zone)
    if until <= now and len(text) <= len("18:00"):
        until = (until.astimezone(zone) + timedelta(days=1)).astimezone(UTC)  # a night may have 23 or 25 hours
    return until


def _lasting(text: str | None) -> timedelta:
    """Raises NotAsked, and OverflowError where it is longer than time spans are."""
    if text is None:
        return USUAL
    for unit, minutes in (("min", 1.0), ("h", 60.0)):
        if text.endswith(unit):
            try:
                return timedelta(minutes=minutes * float(text.removesuffix(unit)))
            except ValueError:
                break
    raise NotAsked(f"{text!r} is no time span: write 90min or 2h")


def _run(settings: Settings, asked: Namespace) -> int:
    now, zone = datetime.now(UTC), ZoneInfo(settings.site.timezone)
    path = Path(settings.store.path)
    try:
        override = wanted(asked, now, zone)
        _asked_in_kw(override, battery(settings.battery))
        if not _runs(path):
            raise NotAsked("the agent does not run, so nobody would obey")
        if override is not None and (locked := _why_locked(asked.config, settings)) is not None:
            raise NotAsked(site_only_observed(why=locked))
        drop(inbox_of(path), Request(OverrideBattery(override), now, now + OBEYED_WITHIN))
    except (NotAsked, InboxFailure, StoreFailure) as error:
        say(str(error), sys.stderr)
        return FAILED
    what = "the agent decides again" if override is None else f"{override.words} until {_local(override.until, zone)}"
    say(f"{what}: asked of the agent; `enalysis-edge status` shows within some seconds whether it is taken up")
    return GOOD


def _why_locked(site_file: Path, settings: Settings) -> str | None:
    """Why nothing may be written to the devices. None where it may, or where the agent alone can read the permit."""
    try:
        permit = read_permit(site_file)
    except (OSError, ValueError, RecursionError):  # a WireError is a ValueError
        return None
    return why_locked(settings, permit)


def _asked_in_kw(override: Override | None, whole: Battery) -> None:
    """What is more than the battery can do becomes all of it; what is far more was meant in watts. Raises NotAsked."""
    if override is None or override.power_w is None:
        return
    most_w = whole.charge_w if override.action is OverrideAction.CHARGE else whole.discharge_w
    if override.power_w > FAR_BEYOND * most_w:
        asked_kw = override.power_w / 1000.0
        raise NotAsked(
            f"--kw {asked_kw:g} is far beyond the {most_w / 1000.0:g} kW of this battery; "
            f"power is written in kW here: did you mean {asked_kw / 1000.0:g}?"
        )


def _runs(store: Path) -> bool:
    try:
        with SiteLock(store):
            return False
    except AlreadyRunning:
        return True


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
