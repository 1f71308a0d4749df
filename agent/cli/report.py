"""`enalysis-edge report`: what the battery saved, what it could have saved, and where the rest went."""

import csv
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from rich.console import Console
from rich.markup import escape

from agent.adapters.host.picture_file import refused, unwritable
from agent.adapters.store.metered_reader import LONGEST
from agent.adapters.store.row_reader import newest_minute
from agent.adapters.store.store_reader import read_kept
from agent.cli.commission_show import show_report
from agent.cli.ending import FAILED, GOOD
from agent.cli.folded import say
from agent.cli.report_picture import NoPicture, draw
from agent.cli.report_round_trip import round_trip_note
from agent.cli.report_source import Found, entries
from agent.cli.report_table import column_notes, print_table
from agent.cli.site_command import add_config, by_settings_at_hand
from agent.cli.terminal import terminal
from agent.domain.commissioning import Commissioning
from agent.domain.documents import COMMISSIONING, PAIRED_TRIAL
from agent.domain.in_words import money
from agent.domain.ledger import MICRO, Amounts
from agent.domain.wire import WireError
from agent.ports import StoreFailure
from agent.savings.ledger_sums import by_period
from agent.savings.metered import Metered
from agent.savings.paired_blocks import block_results
from agent.savings.paired_trial import NoEstimate, estimate
from agent.settings.price_file import PriceFileError
from agent.settings.schema import Settings

SETTLING = timedelta(days=3)
LAST_DAY = datetime(9999, 12, 1, tzinfo=UTC)  # the calendar ends soon after


class NoReport(Exception):
    """There is nothing to report. ``str()`` says why in one sentence."""


def add_arguments(parser: ArgumentParser) -> None:
    """The site file, the days and rows, and what to write beside the table."""
    add_config(parser)
    parser.add_argument("--by", choices=("hour", "day", "month", "year"), default="day", help="a row each")
    parser.add_argument("--from", dest="since", metavar="D", help="first day, 2026-06-01")
    parser.add_argument("--to", dest="until", metavar="D", help="last day")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the rows, to a millionth")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the rows")
    parser.add_argument("--commissioning", action="store_true", help="what the last `commission` has found")
    parser.add_argument("--wide", action="store_true", help="all columns, however narrow the terminal is")
    parser.add_argument("--ab", action="store_true", help="what the trial of optimiser against rule says")


def run(asked: Namespace) -> int:
    """0, or 1 where there is nothing to report."""
    return by_settings_at_hand(asked, _run)


def report(settings: Settings, asked: Namespace, now: datetime, console: Console) -> None:
    """Print the table, or with ``asked.ab`` the trial; write the CSV and the picture that are asked for.

    Raises NoReport and StoreFailure.
    """
    zone, path = ZoneInfo(settings.site.timezone), Path(settings.store.path)
    first, last = _asked_day(asked.since, "--from"), _asked_day(asked.until, "--to")
    if first is not None and last is not None and last < first:
        raise NoReport(f"--to {last} is before --from {first}")
    if first is not None and first > now.astimezone(zone).date():
        raise NoReport(f"--from {first} is in the future")
    unfit = None if asked.picture is None else refused(asked.picture)
    if unfit is not None:
        raise NoReport(unfit)
    if not path.exists():
        raise NoReport(f"no store at {path}: the agent has not run with this site file yet")
    if asked.commissioning:
        show_report(console, _commissioning(path))
        return
    if asked.ab:
        console.print(_trial_line(settings, now, zone))
        return
    now = now if last is None else min(now, _settled_by(last, zone))
    found = _found(settings, now, first, last)
    if not found.entries:
        between = f"from {first or 'the beginning'} to {last or 'now'}"
        raise NoReport(
            f"no hour {between} has load, solar power, battery power, SoC and prices all known, so nothing can be said"
        )
    sums = by_period(found.entries, asked.by, zone)
    title = f"{settings.site.name}: what the battery saved, {settings.site.currency}"
    is_whole = print_table(console, sums, title, asked.wide)
    trip = round_trip_note(path, settings.battery_spec(), now)
    for note in (*column_notes(is_whole), *_notes(found, now, zone), *([] if trip is None else [trip])):
        console.print(f"[dim]{escape(note)}[/]")
    _write(asked, sums, settings)


def _run(settings: Settings, asked: Namespace) -> int:
    try:
        report(settings, asked, datetime.now(UTC), terminal(140))
    except (StoreFailure, NoReport) as error:
        say(str(error), sys.stderr)
        return FAILED
    return GOOD


def _settled_by(last: date, zone: ZoneInfo) -> datetime:
    """When all of ``last`` can be settled: a store that ended long ago is read as it was then."""
    return datetime.combine(min(last, LAST_DAY.date()) + SETTLING, time(1), zone)


def _commissioning(path: Path) -> Commissioning:
    try:
        found = read_kept(path, COMMISSIONING)
    except WireError as error:
        raise NoReport(f"the stored report of commissioning cannot be read: {error}") from error
    if found is None:
        raise NoReport("no device of this site was commissioned with a test yet: run `enalysis-edge commission`")
    return found


def _asked_day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise NoReport(f"{option} {text!r} is no date: write 2026-06-01") from None


def _found(settings: Settings, now: datetime, first: date | None, last: date | None) -> Found:
    try:
        found = entries(settings, now, first, last)
    except PriceFileError as error:
        raise NoReport(str(error)) from error
    except WireError as error:
        raise NoReport(f"the stored end of the ledger cannot be read: {error}") from error
    if found.measured is None and not found.entries and last is None:
        raise NoReport(_nothing_measured(settings, now))
    return found


def _nothing_measured(settings: Settings, now: datetime) -> str:
    """A store of long ago, such as the demo's, is not read to its beginning unless its end is named."""
    newest = newest_minute(Path(settings.store.path))
    if newest is None or now - newest.at < LONGEST:
        return f"the store {settings.store.path} has no finished quarter of an hour yet"
    ended = newest.at.astimezone(ZoneInfo(settings.site.timezone)).date()
    before = f"--to {ended} shows what is before"
    return f"the store {settings.store.path} has nothing of the last {LONGEST.days} days; {before}"


def _notes(found: Found, now: datetime, zone: ZoneInfo) -> list[str]:
    first, last = found.entries[0].at, found.entries[-1].at
    hours = round((last - first).total_seconds() / 3600) + 1
    notes = []
    if hours > len(found.entries):
        notes.append(f"{hours - len(found.entries)} of {hours} hours were not wholly measured and do not count")
    unsolved = sum(entry.amounts.unsolved for entry in found.entries)
    if unsolved:
        notes.append(f"for {unsolved} hours the solver found no hindsight; what was done stands for it")
    if last > now - SETTLING:
        notes.append(
            "the newest three days can still change: hindsight there does not see a whole day, or what follows"
        )
    open_entries = [entry.at for entry in found.entries if found.open_from is None or entry.at >= found.open_from]
    if found.measured is not None and open_entries:
        notes += _without_decisions(found.measured, open_entries[0], zone)
    return notes


def _without_decisions(measured: Metered, first: datetime, zone: ZoneInfo) -> list[str]:
    """Whether what was asked of the battery is known from ``first`` on."""
    times, known = measured.horizon.times(), np.isfinite(measured.commanded_w)
    asked = [at for at, is_known in zip(times, known, strict=True) if is_known and at >= first]
    if asked and asked[0] <= first + timedelta(hours=1):
        return []
    begin = f"before {asked[0].astimezone(zone):%Y-%m-%d %H:%M}" if asked else "here"
    return [f"no decisions are kept {begin}: execution is not told from the forecast there"]


def _write(asked: Namespace, sums: Mapping[str, Amounts], settings: Settings) -> None:
    try:
        if asked.csv is not None:
            _write_csv(asked.csv, sums)
        if asked.picture is not None:
            draw(sums, asked.picture, f"{settings.site.name}: what the battery saved", settings.site.currency)
    except OSError as error:
        raise NoReport(unwritable(Path(error.filename or asked.csv), error)) from error
    except NoPicture as error:
        raise NoReport(str(error)) from error


def _write_csv(path: Path, sums: Mapping[str, Amounts]) -> None:
    names = ("no_battery", "rule", "paid", "hindsight", "saved", "achievable", "forecast", "plan", "execution")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("period", "hours", *names))
        for period, amounts in sums.items():
            writer.writerow((period, amounts.hours, *(_exact(getattr(amounts, name)) for name in names)))


def _exact(micro: int) -> str:
    sign, size = "-" if micro < 0 else "", abs(micro)
    return f"{sign}{size // MICRO}.{size % MICRO:06d}"


def _trial_line(settings: Settings, now: datetime, zone: ZoneInfo) -> str:
    try:
        trial = read_kept(Path(settings.store.path), PAIRED_TRIAL)
    except WireError as error:
        raise NoReport(f"the stored comparison cannot be read: {error}") from error
    if trial is None:
        raise NoReport(
            "no comparison of optimiser and rule has begun on this site; `enalysis-edge ab status` says what is set"
        )
    start, end = (at.astimezone(zone).date() for at in (trial.start.astimezone(UTC), trial.end))
    found = _found(settings, now, start, end)
    price = np.zeros(0) if found.measured is None else found.measured.import_price
    price = price[np.isfinite(price)]
    worth = settings.battery_spec().discharge_efficiency * float(price.mean()) if price.size else 0.0
    try:
        effect = estimate(trial, block_results(trial, found.entries, worth))
    except NoEstimate as error:
        raise NoReport(f"the comparison from {start}: {error}") from error
    currency = settings.site.currency
    told = "" if effect.low > 0 or effect.high < 0 else ", which cannot be told from chance yet"
    return (
        f"the optimiser saves {money(effect.mean, currency, signed=True)} a day against the rule, 95 % interval "
        f"{money(effect.low, signed=True)} to {money(effect.high, signed=True)}, from {effect.blocks} blocks of "
        f"{trial.block_h} h since {start}{told}"
    )
