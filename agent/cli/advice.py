"""`enalysis-edge advice`: the recommendations of the site, and what people say to them."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.adapters.host.inbox import InboxFailure, drop, inbox_of
from agent.adapters.store.store_reader import read_kept
from agent.advice.book import NotPossible, act, open_ones
from agent.cli.asked_time import UnknownTime, asked_time
from agent.cli.ending import FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, add_config_again, by_settings_at_hand
from agent.cli.terminal import terminal
from agent.domain.advisory import AdviceBook, Advisory, Verb
from agent.domain.commands import AnswerAdvice, Request
from agent.domain.documents import ADVICE
from agent.domain.wire import WireError
from agent.ports import StoreFailure
from agent.settings.schema import Settings


def add_arguments(parser: ArgumentParser) -> None:
    """Look at the recommendations, or say what becomes of one."""
    add_config(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what in (
        ("list", "show the recommendations"),
        ("acknowledge", "say that KEY is known and acted on"),
        ("dismiss", "say that KEY is not wanted"),
        ("schedule", "say when KEY will be done"),
    ):
        action = actions.add_parser(name, help=what)
        if name == "list":
            action.add_argument("--all", action="store_true", help="those that are over, too")
        else:
            action.add_argument("key", metavar="KEY", help="as the list shows it")
        if name == "schedule":
            action.add_argument("--at", metavar="TIME", help="18:00, or 2026-06-01T18:00; its own time when left out")
        add_config_again(action)


def run(asked: Namespace) -> int:
    """0, or 1 where it cannot be done."""
    return by_settings_at_hand(asked, _run)


def show(settings: Settings, console: Console, now: datetime, everything: bool = False) -> int:
    """Print what people may act on, or the whole book; 0. Raises NotPossible and StoreFailure."""
    book = read_book(settings)
    shown = book.advisories if everything else open_ones(book, now)
    if not shown:
        console.print("no recommendations" if everything else "no recommendations are open")
        return 0
    zone = ZoneInfo(settings.site.timezone)
    table = Table()
    for column, justify in (("recommendation", "left"), ("saves", "right"), ("sure", "right"), ("state", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for one in shown:
        table.add_row(*_row(one, settings.site.currency, zone))
    console.print(table)
    return 0


def request(settings: Settings, verb: Verb, key: str, at: str | None, now: datetime) -> str:
    """Leave a request for the daemon and say so. Raises NotPossible, UnknownTime, InboxFailure and StoreFailure."""
    book = read_book(settings)
    zone = ZoneInfo(settings.site.timezone)
    try:
        answer = AnswerAdvice(key, verb, None if at is None else asked_time(at, now, zone))
    except ValueError as error:
        raise NotPossible(str(error)) from error
    act(book, answer, now)  # the daemon will judge again; what cannot be done is told at once
    drop(inbox_of(Path(settings.store.path)), Request(answer, now))
    return f"{verb.value} {key}: the agent takes it up within a second or two"


def read_book(settings: Settings) -> AdviceBook:
    """The book as it was kept last. Raises NotPossible and StoreFailure."""
    path = Path(settings.store.path)
    if not path.exists():
        raise NotPossible(f"no store at {path}: the agent has not run with this site file yet")
    try:
        return read_kept(path, ADVICE) or AdviceBook()
    except WireError as error:
        raise NotPossible(f"the stored recommendations cannot be read: {error}") from error


def _run(settings: Settings, asked: Namespace) -> int:
    now = datetime.now(UTC)
    try:
        if asked.action == "list":
            return show(settings, terminal(), now, asked.all)
        say(request(settings, Verb(asked.action), asked.key, getattr(asked, "at", None), now))
    except (StoreFailure, NotPossible, UnknownTime, InboxFailure) as error:
        say(str(error), sys.stderr)
        return FAILED
    return GOOD


def _row(one: Advisory, currency: str, zone: ZoneInfo) -> tuple[str, str, str, str]:
    saves = "-" if one.cost_saving is None else f"{one.cost_saving:z.2f} {currency}"
    if one.co2_saving_kg is not None:
        saves += f"\n{one.co2_saving_kg:+z.2f} kg CO2 less"
    state = one.state.value
    if one.scheduled_for is not None:
        state += f" for {one.scheduled_for.astimezone(zone):%a %H:%M}"
    state += f"\nuntil {one.expires.astimezone(zone):%Y-%m-%d %H:%M}"
    if one.outcome is not None:
        state += f"\n{one.outcome.text}"
    text = f"[bold]{escape(one.headline)}[/]\n{escape(one.description)}\n[dim]{escape(one.key)}[/]"
    return text, saves, f"{100 * one.confidence:z.0f} %", escape(state)
