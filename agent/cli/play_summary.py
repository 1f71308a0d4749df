"""What a backtest prints at its end: the money each policy saved, and its share of what could be saved."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.backtest.figures import Row
from agent.backtest.policies import NAMES, NO_BATTERY
from agent.backtest.site_run import Rules
from agent.domain.in_words import money

WIDE = 100  # columns of a terminal, in which all headings have one line
NEW_LINE = "\n"


def summarise(rows: Sequence[Row], rules: Rules, currencies: Mapping[str, str], console: Console) -> None:
    """By site and policy, first money and then capture, with the mean and the worst site; nothing without rows.

    ``currencies`` by site name, as far as they are known.
    """
    priced = [row for row in rows if row.demand_charge == rules.demand_charge]
    priced = [row for row in priced if rules.export_price in (None, row.export_price)]
    shown = [row for row in priced if (row.step_s, row.settle_s) == (rules.step_s, rules.settled_s)]
    names = [name for name in NAMES if name != NO_BATTERY and any(row.policy == name for row in shown)]
    if not names:
        return
    hours = {row.site: row.hours for row in shown}
    saved = _table("saved against no battery, in the currency of the site", names, console.width)
    capture = _table("capture: share of what perfect foresight saves", names, console.width)
    by_key = {(row.site, row.export_price, row.policy): row for row in shown}
    for site, sold in dict.fromkeys((row.site, row.export_price) for row in shown):
        found = [by_key.get((site, sold, name)) for name in names]
        label = escape(f"{site}, export {sold:g}" if sold else site)
        days = in_days(hours[site] / 24.0)
        saved.add_row(
            f"{label}: {escape(currencies[site])} in {days}" if site in currencies else f"{label}: {days}",
            *("-" if row is None else money(row.saving) for row in found),
        )
        capture.add_row(label, *(_share(None if row is None else row.capture) for row in found))
    capture.add_section()
    capture.add_row("mean", *_over_sites(shown, names, statistics.fmean))
    capture.add_row("worst", *_over_sites(shown, names, min))
    console.print(saved)
    console.print(capture)
    console.print(_use(shown, names))
    _beside_the_rules(shown, console)
    _by_settlement(priced, console)


def in_days(days: float) -> str:
    """As people count them."""
    many = f"{days:z,.0f}" if days >= 10 else f"{days:.3g}"
    return "1 day" if many == "1" else f"{many} days"


def _by_settlement(rows: Sequence[Row], console: Console) -> None:
    """What the same site saves by other steps and settlements; nothing where all rows have the same."""
    if len({(row.step_s, row.settle_s) for row in rows}) < 2:
        return
    names = [name for name in NAMES if name != NO_BATTERY and any(row.policy == name for row in rows)]
    table = _table("saved by plan steps and by settlement, in minutes", names, console.width)
    by_key = {row.key[:2] + row.key[3:]: row for row in rows}
    for site, sold, step_s, settle_s in sorted(
        {key[:4] for key in by_key}, key=lambda key: (*key[:2], -key[2], -key[3])
    ):
        found = [by_key.get((site, sold, step_s, settle_s, name)) for name in names]
        label = escape(f"{site}, export {sold:g}" if sold else site)
        table.add_row(
            f"{label}: {step_s // 60}, {settle_s // 60}", *("-" if row is None else money(row.saving) for row in found)
        )
    console.print(table)


def _beside_the_rules(rows: Sequence[Row], console: Console) -> None:
    """The worst 28 days of what steers by a plan; nothing where both rules or 28 days were not played."""
    known = [row for row in rows if row.worst_28_days is not None]
    names = [name for name in NAMES if any(row.policy == name for row in known)]
    if not names:
        return
    table = _table("worst 28 days: saved more than the better of both rules, of what that saved", names, console.width)
    by_key = {(row.site, row.export_price, row.policy): row.worst_28_days for row in known}
    for site, sold in dict.fromkeys((row.site, row.export_price) for row in known):
        table.add_row(
            escape(f"{site}, export {sold:g}" if sold else site),
            *(_share(by_key.get((site, sold, name))) for name in names),
        )
    console.print(table)


def _table(title: str, names: Sequence[str], width: int) -> Table:
    """The numbers are never cut: the name of a site folds, and in a narrow table a heading has two lines."""
    table = Table(title=title, box=box.SIMPLE, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("site", overflow="fold")
    for name in names:
        first, _, last = name.replace("_", " ").rpartition(" ")
        heading = f"{first}{' ' if width >= WIDE else NEW_LINE}{last}" if first else last
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _use(rows: Sequence[Row], names: Sequence[str]) -> Table:
    """How each policy used the battery: means over the sites, and the energy that all of them lost."""
    table = Table(
        title="use of the battery: means of the sites, losses in all",
        box=box.SIMPLE,
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("policy", no_wrap=True)
    for heading in ("cycles\na day", "peak\npower, kW", "turns\na day", "lost,\nkWh"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name in names:
        found = [row for row in rows if row.policy == name]
        means = (
            statistics.fmean(row.cycles * 24.0 / row.hours for row in found),
            statistics.fmean(row.peak_battery_kw for row in found),
            statistics.fmean(row.turns_per_day for row in found),
        )
        lost_kwh = math.fsum(row.lost_kwh for row in found)
        table.add_row(name.replace("_", " "), *(f"{mean:z.2f}" for mean in means), f"{lost_kwh:z,.1f}")
    return table


def _over_sites(rows: Sequence[Row], names: Sequence[str], total: Callable[[list[float]], float]) -> list[str]:
    captures = {name: [row.capture for row in rows if row.policy == name and row.capture is not None] for name in names}
    return [_share(total(captures[name]) if captures[name] else None) for name in names]


def _share(capture: float | None) -> str:
    return "-" if capture is None else f"{capture:z.3f}"
