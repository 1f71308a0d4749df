"""`enalysis-edge commission`: the real devices are looked at and tested before the agent may steer them."""

import asyncio
import getpass
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.devices.device_lock import DeviceLocks
from agent.adapters.host.clock import SystemClock
from agent.adapters.host.lock import AlreadyRunning, SiteLock
from agent.cli.commission_session import Interruptible, Session
from agent.cli.commission_show import intention, show_report, show_seen
from agent.cli.ending import ALREADY_RUNNING, FAILED, GOOD, INTERRUPTED, WRONG
from agent.cli.site_command import add_config, by_site_file
from agent.cli.terminal import Terminal, terminal
from agent.commissioning.page import page
from agent.commissioning.sighting import SiteSeen
from agent.domain.commissioning import Commissioning
from agent.domain.permit import Permit
from agent.domain.wire import to_json
from agent.ports import StoreFailure
from agent.settings.permit import accepted, devices_of, permission_of, permit_file, write_permit
from agent.settings.schema import Settings

SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_FIRST = "the agent runs on this site: `systemctl stop enalysis-edge`, commission, and start it again"
UNTESTED = """\
{name} has accepted the devices of {site} without a test. From its next start on the agent steers them.
Nobody has seen whether signs, scales and registers are right: look at `enalysis-edge status` on the first day,
and at the battery. `status` shows this name and reason until a test has passed."""


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, how it is agreed to, and where the report goes."""
    add_config(parser)
    parser.add_argument(
        "--accept", action="store_true", help="let the agent steer without a test; needs name and reason"
    )
    parser.add_argument("--name", metavar="NAME", help="who tests, or accepts")
    parser.add_argument("--reason", metavar="REASON", help="why the devices are accepted without a test")
    parser.add_argument("--yes", action="store_true", help="do not ask before the battery is moved")
    parser.add_argument(
        "--yes-long", action="store_true", help="also time a reversion that takes longer than 6 minutes"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report for programs")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page, to keep or to print")


def run(asked: Namespace) -> int:
    """0 where it was passed or accepted, 1 where not, 75 while the agent runs, 130 after Ctrl-C."""
    return by_site_file(asked, _run)


def _run(settings: Settings, asked: Namespace) -> int:
    trouble = _wrong(asked)
    if trouble is not None:
        print(trouble, file=sys.stderr)
        return WRONG
    return _accept(settings, asked) if asked.accept else _commission(settings, asked)


def _wrong(asked: Namespace) -> str | None:
    """What is wrong with the command line, in one sentence."""
    if asked.accept:
        if not (asked.name or "").strip() or not (asked.reason or "").strip():
            return "--accept needs --name NAME and --reason REASON: status shows both as long as it holds"
        return None
    if asked.reason is not None:
        return "--reason belongs to --accept: a test that has passed is its own reason"
    if not asked.yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "nobody watches: commissioning moves the battery, so it wants a terminal, or --yes"
    return None


def _accept(settings: Settings, asked: Namespace) -> int:
    permit = accepted(settings, asked.name, asked.reason, datetime.now(UTC))
    if not _written(asked.config, permit):
        return FAILED
    print(UNTESTED.format(name=asked.name, site=settings.site.name))
    _say_if_locked(settings, asked.config)
    return GOOD


def _commission(settings: Settings, asked: Namespace) -> int:
    console = terminal(80)
    try:
        with SiteLock(Path(settings.store.path)), DeviceLocks(settings), handed_over(Path(settings.store.path)):
            report, stopped = asyncio.run(_with_signals(settings, asked, console))
    except AlreadyRunning as error:
        print(f"{error}\n{STOP_FIRST}", file=sys.stderr)
        return ALREADY_RUNNING
    except StoreFailure as failure:
        text = "the battery was not touched: what is found there could not be kept, in case this ends in the middle"
        print(f"{text}: {failure}", file=sys.stderr)
        return FAILED
    code = INTERRUPTED if stopped else FAILED
    permitted = report.passed and _written(asked.config, _permit(settings, report))
    show_report(console, report)
    if permitted:
        code = GOOD
        console.print("the agent may steer from its next start on: `systemctl start enalysis-edge`")
        _say_if_locked(settings, asked.config)
    return code if _saved(asked, report) else FAILED


async def _with_signals(settings: Settings, asked: Namespace, console: Terminal) -> tuple[Commissioning, bool]:
    """The report, and whether it was stopped. A signal ends the test and never the release."""
    stop, loop = Interruptible(), asyncio.get_running_loop()
    for sign in SIGNS:
        loop.add_signal_handler(sign, stop.stop)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    async def confirm(seen: SiteSeen) -> bool:
        for line in intention(seen):
            say(line)
        return bool(asked.yes) or await _agreed()

    by = (asked.name or "").strip() or _user()
    session = Session(settings, SystemClock(), by, say, confirm, asked.yes_long, stop)
    session.show = lambda seen, found: show_seen(console, seen, found)
    return await session.run(), stop.is_wanted


async def _agreed() -> bool:
    """Whether a person says yes; nothing else counts. The event loop goes on meanwhile, so that Ctrl-C is heard."""
    print("move the battery now? [yes/no] ", end="", flush=True)
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def heard() -> None:
        if not line.done():
            line.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin.fileno(), heard)
    try:
        return (await line).strip().lower() in ("y", "yes")
    finally:
        loop.remove_reader(sys.stdin.fileno())


@contextmanager
def handed_over(store: Path) -> Iterator[None]:
    """What the superuser makes beside the store belongs to the owner of the folder afterwards, who is the service."""
    try:
        yield
    finally:
        if os.geteuid() == 0:
            with suppress(OSError):
                owner = store.parent.stat()
                for file in store.parent.glob(f"{store.name}*"):
                    os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _user() -> str:
    """Who is at the terminal."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _permit(settings: Settings, report: Commissioning) -> Permit:
    return Permit(
        report.at,
        report.by,
        "every test was passed",
        devices_of(settings),
        True,
        report.meter_lag_s,
        report.dead_time_s,
        report.off_w,
    )


def _written(site_file: Path, permit: Permit) -> bool:
    """Whether the permit stands beside the site file."""
    try:
        write_permit(site_file, permit)
    except OSError as error:
        print(f"the permit {permit_file(site_file)} cannot be written: {error.strerror}", file=sys.stderr)
        return False
    return True


def _say_if_locked(settings: Settings, site_file: Path) -> None:
    locked = permission_of(site_file, settings).locked
    if locked is not None:
        print(f"it goes on observing only: {locked}")


def _saved(asked: Namespace, report: Commissioning) -> bool:
    """Whether the files that were asked for are written."""
    for path, write in ((asked.json, to_json), (asked.html, page)):
        try:
            if path is not None:
                path.write_text(write(report), encoding="utf-8")
        except OSError as error:
            print(f"{path} cannot be written: {error.strerror}", file=sys.stderr)
            return False
    return True
