"""`enalysis-edge frontier`: what less carbon costs on a measured site, and what less money emits."""

import math
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from agent.adapters.host.picture_file import refused, unwritable
from agent.backtest.case import Unplayable
from agent.backtest.frontier import Point, frontier
from agent.backtest.frontier_picture import draw
from agent.backtest.picture import NoPictures
from agent.backtest.policies import AS_CONTROLLED, SELF_CONSUMPTION
from agent.backtest.site_run import Rules, SiteTask, forecasters
from agent.cli.ending import FAILED, GOOD, WRONG, load_pictures
from agent.cli.play_sites import WrongArguments, models_folder, weighed
from agent.cli.play_summary import in_days
from agent.cli.terminal import terminal
from agent.domain.in_words import price
from agent.domain.request import Objective
from site_data.sites_json import described_sites
from site_data.unreadable import SitesUnreadable

STEP_S = 3600
EXPORT_PRICE = 0.0


def add_arguments(parser: ArgumentParser) -> None:
    """The site to play, the weights, and where the picture goes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with sites.json and sites")
    parser.add_argument("--site", required=True, metavar="S", help="one site of the folder")
    parser.add_argument("--out", type=Path, required=True, metavar="PICTURE.png", help="cost over CO2")
    parser.add_argument("--weights", default="0,0.3,0.5,0.7,0.8,0.9", metavar="W,...", help="of carbon, 0 to below 1")
    parser.add_argument("--carbon-value", type=float, default=0.1, metavar="V", help="what a kg CO2 is worth")
    parser.add_argument("--days", type=float, default=30.0, metavar="N", help="the last N days of the test period")
    expected = "carbon ahead: learnt from what was measured, or published and true"
    parser.add_argument("--carbon-forecast", choices=("learnt", "published"), default="learnt", help=expected)
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of exported models")


def run(asked: Namespace) -> int:
    """Play and draw."""
    load_pictures()
    return show(asked, terminal(120))


def show(asked: Namespace, console: Console) -> int:
    """Play one site at every weight, hourly and with nothing paid for exports: a table, and a picture of it.

    0 is good, 1 a site or a picture that failed, 2 a wrong command line or folder.
    """
    try:
        objectives = _objectives(asked.weights, asked.carbon_value)
        task = _task(asked)
        case, currency = task.case()
        case = replace(case, carbon_published=asked.carbon_forecast == "published")
    except (WrongArguments, SitesUnreadable, Unplayable) as error:
        print(error, file=sys.stderr)
        return WRONG
    notes: list[str] = [*case.doubts]
    load, solar = forecasters(case, task.rules, notes)
    with Progress(console=console) as progress:
        line = progress.add_task(case.name, total=case.steps)
        points = frontier(case, objectives, load, solar, lambda steps: progress.advance(line, steps))
    for note in notes:
        print(f"{case.name}: {note}", file=sys.stderr)
    days = in_days(case.steps * STEP_S / 86_400)
    console.print(_table(points, f"{case.name}, {days}: cost against carbon dioxide", currency))
    try:
        draw(f"{case.name}: what less carbon costs, {days}", points, asked.out, currency)
    except OSError as error:
        print(unwritable(asked.out, error), file=sys.stderr)
        return FAILED
    except NoPictures as error:
        print(error, file=sys.stderr)
        return FAILED
    return GOOD


def _objectives(weights: str, value_per_kg: float) -> list[Objective]:
    try:
        numbers = [float(word) for word in weights.split(",")]
    except ValueError:
        raise WrongArguments(f"--weights is {weights}, not numbers with commas between them") from None
    return [weighed(weight, value_per_kg) for weight in sorted(set(numbers))]


def _task(asked: Namespace) -> SiteTask:
    if not 0 < asked.days < math.inf:
        raise WrongArguments(f"--days is {asked.days}, not a number above zero")
    unfit = refused(asked.out)
    if unfit is not None:
        raise WrongArguments(unfit)
    found = described_sites(asked.data)
    if asked.site not in found:
        raise WrongArguments(f"there is no site {asked.site}; there are {', '.join(found)}")
    rules = Rules((AS_CONTROLLED,), STEP_S, EXPORT_PRICE, 0.0, asked.days, models_folder(asked.models))
    return SiteTask(Path(asked.data), asked.site, found[asked.site], rules, None)


def _table(points: Sequence[Point], title: str, currency: str) -> Table:
    table = Table(title=escape(title), box=box.SIMPLE, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    headings = (
        "weight\nof carbon",
        f"{escape(currency)}\nper kg",
        f"cost,\n{escape(currency)}",
        "CO2,\nkg",
        "cost to\nthe rule",
        "CO2\nto it",
    )
    for heading in ("", *headings):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    rule = next(point for point in points if point.policy == SELF_CONSUMPTION)
    for point in points:
        aim = point.objective
        weight = ("", "") if aim is None else (f"{aim.carbon_weight:g}", price(aim.carbon_price_per_kg))
        compared = _change(point.cost, rule.cost), _change(point.co2_kg, rule.co2_kg)
        name = point.policy.replace("_", " ")
        table.add_row(name, *weight, f"{point.cost:z,.2f}", f"{point.co2_kg:z,.1f}", *compared)
    return table


def _change(value: float, against: float) -> str:
    return "-" if against == 0 else f"{100 * (value / against - 1):+z.2f} %"
