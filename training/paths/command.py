"""``python -m training paths``: whether the paths of a plan agree with now, and how wide they ought to be."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from agent.backtest.case import Unplayable
from agent.backtest.planner_view import Agent
from agent.backtest.policies import AS_CONTROLLED
from agent.backtest.site_run import Rules, SiteTask, forecasters
from site_data.sites_json import described_sites
from site_data.unreadable import SitesUnreadable
from training.options import at_least_one
from training.paths.score_paths import PathScore, score_paths

COMMAND = "paths"


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", models: Path) -> None:
    """Add ``paths`` to the commands of ``python -m training``; ``models`` is where exported models live."""
    command = commands.add_parser(COMMAND, help="score the net-load paths of the next hours by lead")
    command.add_argument("--data", type=Path, required=True, help="folder with sites.json and sites/*.csv.gz")
    command.add_argument("--sites", required=True, metavar="A,B", help="these sites of the folder")
    command.add_argument("--models", type=Path, default=models, help="folder of the exported models")
    command.add_argument("--days", type=float, default=60.0, help="the last days of the test period")
    command.add_argument("--step", type=int, choices=(3600, 900), default=3600, help="seconds a step")
    command.add_argument("--leads", type=at_least_one, default=6, help="steps after the running one")
    command.add_argument("--every", type=at_least_one, default=1, help="steps from one plan to the next that is scored")


def score_all_paths(asked: argparse.Namespace, console: Console) -> None:
    """Score every site that is asked for and print a table. Raises SitesUnreadable and Unplayable."""
    scores: list[PathScore] = []
    with Progress(console=console) as progress:
        for name in asked.sites.split(","):
            scores += _scored(asked, name, progress)
    _print(scores, asked.leads, console)


def _scored(asked: argparse.Namespace, name: str, progress: Progress) -> list[PathScore]:
    described = described_sites(asked.data)
    if name not in described:
        raise SitesUnreadable(f"there is no site {name}; there are {', '.join(described)}")
    rules = Rules((AS_CONTROLLED,), asked.step, 0.0, 0.0, asked.days, asked.models)
    case, _ = SiteTask(asked.data, name, described[name], rules, None).case()
    if case.steps <= asked.leads:
        raise Unplayable(f"{name} has {case.steps} steps to play, too few for --leads {asked.leads}")
    notes: list[str] = []
    load, solar = forecasters(case, rules, notes)
    for note in notes:
        progress.console.print(note, highlight=False, markup=False)
    task = progress.add_task(name, total=-(-(case.steps - asked.leads) // asked.every))
    agent = Agent(case, load, solar)
    return score_paths(case, agent, asked.leads, asked.every, lambda: progress.advance(task))


def _print(scores: Sequence[PathScore], leads: int, console: Console) -> None:
    caption = (
        "energy score over the mean net load, % (less is better); share inside the 90 % interval of paths and noise, %"
    )
    known = list(dict.fromkeys(one.known for one in scores))
    table = Table(title="Paths by steps ahead", caption=caption, box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("site", no_wrap=True)
    table.add_column("ahead", justify="right", no_wrap=True)
    for name in known:
        table.add_column(f"{name}:\nenergy", justify="right")
        table.add_column("\ninside", justify="right")
    for site in dict.fromkeys(one.site for one in scores):
        mine = [one for one in scores if one.site == site]
        for lead in range(leads):
            cells = (
                f"{100 * x:.{digits}f}" for one in mine for x, digits in ((one.energy[lead], 1), (one.cover[lead], 0))
            )
            table.add_row("" if lead else site, f"+{lead + 1}", *cells)
        table.add_row("", "all", *(cell for one in mine for cell in (f"{100 * one.together:.1f}", "")))
    console.print(table)
