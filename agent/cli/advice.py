"""`enalysis-edge advice`: the recommendations of the site, and what people say to them."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.adapters.host.inbox import drop, inbox_of
from agent.adapters.store.store_reader import kept
from agent.advice.book import NotPossible, act, open_ones
from agent.cli.explain import asked_time
from agent.domain.advisory import AdviceBook, AdviceRequest, Advisory, Verb
from agent.domain.documents import ADVICE
from agent.domain.wire import WireError
from agent.settings.schema import Settings


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
    """Leave a wish for the daemon and say so. Raises NotPossible, NotExplained, InboxFailure and StoreFailure."""
    book = read_book(settings)
    zone = ZoneInfo(settings.site.timezone)
    wish = AdviceRequest(key, verb, now, None if at is None else asked_time(at, now, zone))
    act(book, wish)  # the daemon will judge again; a wish that cannot be met is told at once
    drop(inbox_of(Path(settings.store.path)), wish)
    return f"{verb.value} {key}: the agent takes it up with its next commit"


def read_book(settings: Settings) -> AdviceBook:
    """The book as it was kept last. Raises NotPossible and StoreFailure."""
    path = Path(settings.store.path)
    if not path.exists():
        raise NotPossible(f"no store at {path}: the agent has not run with this site file yet")
    document = kept(path, ADVICE.name)
    try:
        return AdviceBook() if document is None else ADVICE.read(document)
    except WireError as error:
        raise NotPossible(f"the stored recommendations cannot be read: {error}") from error


def _row(one: Advisory, currency: str, zone: ZoneInfo) -> tuple[str, str, str, str]:
    saves = "-" if one.cost_saving is None else f"{one.cost_saving:.2f} {currency}"
    if one.co2_saving_kg is not None:
        saves += f"\n{one.co2_saving_kg:+.2f} kg CO2 less"
    state = one.state.value
    if one.scheduled_for is not None:
        state += f" for {one.scheduled_for.astimezone(zone):%a %H:%M}"
    state += f"\nuntil {one.expires.astimezone(zone):%Y-%m-%d %H:%M}"
    if one.outcome is not None:
        state += f"\n{one.outcome.text}"
    text = f"[bold]{escape(one.headline)}[/]\n{escape(one.description)}\n[dim]{escape(one.key)}[/]"
    return text, saves, f"{100 * one.confidence:.0f} %", escape(state)
