"""`enalysis-edge ab`: optimiser and rule take turns on the site, by blocks drawn in advance; start, stop and look."""

import secrets
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.host.inbox import InboxFailure, drop, inbox_of, look
from agent.adapters.store.store_reader import read_kept
from agent.cli.ending import FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, add_config_again, by_settings_at_hand
from agent.domain.commands import ComparePolicies, Request
from agent.domain.documents import PAIRED_TRIAL
from agent.domain.paired_trial import DAY_H, Arm, Schedule
from agent.domain.wire import WireError
from agent.ports import StoreFailure
from agent.savings.paired_trial import LEAST_PAIRS, schedule
from agent.settings.schema import Settings

MOST_DAYS = 112
HOUR = timedelta(hours=1)
SOONEST = timedelta(minutes=15)


class NotCompared(Exception):
    """It was not done. ``str()`` says why in one sentence."""


def add_arguments(parser: ArgumentParser) -> None:
    """Start, stop or look at it."""
    add_config(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what in (
        ("start", "from the next midnight on, by blocks drawn at random"),
        ("stop", "the optimiser decides again"),
        ("status", "who decides now, and how far it is"),
    ):
        action = actions.add_parser(name, help=what)
        add_config_again(action)
        if name == "start":
            action.add_argument("--blocks-h", type=int, choices=(6, 8, 12, 24), default=24, help="hours of a turn")
            action.add_argument("--days", type=int, default=28, metavar="N", help="an even number; 28 when left out")


def run(asked: Namespace) -> int:
    """0, or 1 where it was not done."""
    return by_settings_at_hand(asked, _run)


def start(settings: Settings, days: int, block_h: int, now: datetime, seed: int | None = None) -> str:
    """Ask for a comparison from the site's next midnight on. Raises NotCompared and StoreFailure."""
    if days % 2 or not 0 < days <= MOST_DAYS:
        raise NotCompared(f"--days {days} is not an even number from 2 to {MOST_DAYS}: days are compared in pairs")
    pairs = days // 2 * (DAY_H // block_h)
    if pairs < LEAST_PAIRS:
        raise NotCompared(f"--days {days} gives {pairs} pairs of blocks, and {LEAST_PAIRS} are needed to say anything")
    latest = _latest(settings)
    if latest is not None and _is_set(latest, now):
        raise NotCompared(f"a comparison is set until {_local(latest.end, settings)}: stop it first")
    drawn = schedule(secrets.randbits(32) if seed is None else seed, _next_midnight(settings, now), 2 * pairs, block_h)
    _leave(settings, drawn, now)
    return (
        f"from {_local(drawn.start, settings)} to {_local(drawn.end, settings)} optimiser and rule take turns in "
        f"blocks of {block_h} h; `enalysis-edge report --ab` says what they were worth"
    )


def stop(settings: Settings, now: datetime) -> str:
    """End the comparison at ``now``; the blocks that are over stay for the report. Raises NotCompared, StoreFailure."""
    latest = _latest(settings)
    if latest is None or not _is_set(latest, now):
        raise NotCompared("no comparison is set on this site")
    done = max(0, latest.block_at(now))
    _leave(settings, Schedule(latest.start, latest.block_h, latest.arms[:done]), now)
    return f"the comparison ends after {done} of {len(latest.arms)} blocks; the optimiser decides again"


def status(settings: Settings, now: datetime) -> str:
    """Who decides, and how far the comparison is. Raises NotCompared and StoreFailure."""
    latest = _latest(settings)
    if latest is None or not latest.arms:
        return "no comparison is set on this site; the optimiser decides"
    span = f"{_local(latest.start, settings)} to {_local(latest.end, settings)}, blocks of {latest.block_h} h"
    if now >= latest.end:
        return f"the comparison is over ({span}); the optimiser decides"
    waits = " The running agent has not taken this up yet." if _waiting(settings) is not None else ""
    if now < latest.start:
        return f"a comparison is set ({span}); until then the optimiser decides.{waits}"
    block = latest.block_at(now)
    who = "the rule" if latest.arms[block] is Arm.RULE else "the optimiser"
    until = _local(latest.block_start(block + 1), settings)
    return f"a comparison runs ({span}): block {block + 1} of {len(latest.arms)}, {who} decides until {until}.{waits}"


def _run(settings: Settings, asked: Namespace) -> int:
    now = datetime.now(UTC)
    try:
        if asked.action == "start":
            sentence = start(settings, asked.days, asked.blocks_h, now)
        elif asked.action == "stop":
            sentence = stop(settings, now)
        else:
            sentence = status(settings, now)
    except (StoreFailure, NotCompared) as error:
        say(str(error), sys.stderr)
        return FAILED
    say(sentence)
    return GOOD


def _is_set(latest: Schedule, now: datetime) -> bool:
    return bool(latest.arms) and now < latest.end


def _latest(settings: Settings) -> Schedule | None:
    """What is waiting to be taken up, or else what the daemon keeps."""
    waiting = _waiting(settings)
    if waiting is not None:
        return waiting
    try:
        return read_kept(Path(settings.store.path), PAIRED_TRIAL)
    except WireError as error:
        raise NotCompared(f"the stored comparison cannot be read: {error}") from error


def _waiting(settings: Settings) -> Schedule | None:
    commands = [request.command for request in look(inbox_of(Path(settings.store.path))).requests]
    schedules = [command.schedule for command in commands if isinstance(command, ComparePolicies)]
    return schedules[-1] if schedules else None


def _leave(settings: Settings, wanted: Schedule, now: datetime) -> None:
    try:
        drop(inbox_of(Path(settings.store.path)), Request(ComparePolicies(wanted), now))
    except InboxFailure as failure:
        raise NotCompared(str(failure)) from failure


def _next_midnight(settings: Settings, now: datetime) -> datetime:
    """The first whole UTC hour of a day of the site that the daemon will have heard of."""
    zone = ZoneInfo(settings.site.timezone)
    day = (now + SOONEST).astimezone(zone).date() + timedelta(days=1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return midnight + (-(midnight - midnight.replace(minute=0)) % HOUR)


def _local(at: datetime, settings: Settings) -> str:
    return f"{at.astimezone(ZoneInfo(settings.site.timezone)):%Y-%m-%d %H:%M}"
