"""The table of `report`: as many columns as fit, and never a date or an amount that is cut."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from agent.domain.in_words import money
from agent.domain.ledger import Amounts
from agent.savings.ledger_sums import total


class Column(NamedTuple):
    """An attribute of Amounts, its heading, and whether a narrow table has it, too."""

    attribute: str
    heading: str
    always: bool = False


COLUMNS = (
    Column("no_battery", "no battery", always=True),
    Column("paid", "paid", always=True),
    Column("saved", "saved", always=True),
    Column("saved_by_rule", "rule saves"),
    Column("achievable", "achievable", always=True),
    Column("forecast", "forecast"),
    Column("plan", "plan"),
    Column("execution", "execution"),
)
WIDEST = 1000
BY_THE_BILL = "saved is by the bill alone: what is stored does not count, and hindsight leaves the battery as full"
BY_QUARTERS = "import and export are netted by the quarter of an hour: a meter that nets nothing may count more of both"
LEAST = 10_000  # millionths: what is achievable is at least a cent, or no share of it is told


def print_table(console: Console, sums: Mapping[str, Amounts], title: str, wide: bool) -> bool:
    """Print all columns where they fit or ``wide`` asks for them, else the ones that matter; True: it was all."""
    whole = _table(sums, COLUMNS)
    width = _width(console, whole)
    console.print(Text(title))
    if wide or width <= console.width:
        _print(console, whole)
        return True
    _print(console, _table(sums, [column for column in COLUMNS if column.always]))
    return False


def column_notes(is_whole: bool) -> tuple[str, ...]:
    """What the columns mean."""
    more = "forecast, plan and execution are what each lost of the rest"
    if not is_whole:
        more = "--wide tells what the rule saves, and where the rest was lost"
    return (f"capture is saved by achievable; {more}", BY_THE_BILL, BY_QUARTERS)


def cents(amounts: Amounts) -> dict[str, str]:
    """In cents, rounded so that saved + forecast + plan + execution = achievable = no battery - hindsight holds."""
    found = {column.attribute: round(getattr(amounts, column.attribute) / 10_000) for column in COLUMNS}
    found["saved"] = found["no_battery"] - found["paid"]
    found["forecast"] = found["achievable"] - found["saved"] - found["plan"] - found["execution"]
    return {attribute: money(amount / 100) for attribute, amount in found.items()}


def _width(console: Console, table: Table) -> int:
    """How many columns of a terminal it needs, however many this one has."""
    return Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum


def _print(console: Console, table: Table) -> None:
    """At its own width: what is wider than the terminal goes on in the terminal's next line."""
    before = console.width
    console.width = max(before, _width(console, table))
    try:
        console.print(table)
    finally:
        console.width = before


def _table(sums: Mapping[str, Amounts], columns: Sequence[Column]) -> Table:
    table = Table(box=box.SIMPLE, show_footer=len(sums) > 1, pad_edge=False, padding=(0, 1, 0, 0))
    whole = total(list(sums.values()))
    in_all = cents(whole)
    table.add_column("", footer="total", no_wrap=True)
    table.add_column("hours", justify="right", footer=str(whole.hours), no_wrap=True)
    for column in columns:
        table.add_column(column.heading, justify="right", footer=in_all[column.attribute], no_wrap=True)
    table.add_column("capture", justify="right", footer=_capture(whole), no_wrap=True)
    for period, amounts in sums.items():
        row = cents(amounts)
        table.add_row(_period(period), str(amounts.hours), *(row[c.attribute] for c in columns), _capture(amounts))
    return table


def _period(name: str) -> str:
    """``2026-06-01T13:00+0200`` as ``2026-06-01 13:00 +0200``; the others as they are."""
    day, _, clock = name.partition("T")
    return f"{day} {clock[:5]} {clock[5:]}" if clock else day


def _capture(amounts: Amounts) -> str:
    return f"{amounts.saved / amounts.achievable:z.1%}" if amounts.achievable >= LEAST else "-"
