"""What the battery would have saved on measured sites, policy beside policy: played, written down and summed up."""

import multiprocessing
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from agent.adapters.models.model_card import read_card
from agent.backtest.figures import Row
from agent.backtest.figures_file import FiguresFile, FiguresMismatch
from agent.backtest.own_site import OwnTask
from agent.backtest.policies import NAMES
from agent.backtest.site_run import LOAD_MODEL, SOLAR_MODEL, Rules, SiteDone, SiteTask, run
from agent.backtest.sites import usual_export_price
from agent.cli.ending import FAILED, GOOD, INTERRUPTED, WRONG
from agent.cli.play_summary import summarise
from agent.domain.money import unlikely
from agent.domain.request import Objective
from agent.forecasting.forecaster import ModelUnusable
from agent.settings.schema import Settings
from site_data.sites_json import described_sites
from site_data.unreadable import SitesUnreadable

HOUR_S = 3600
LARGEST = 1e6  # a price of a kWh, a kW or a kg; days
FEW_UNSOLVED = 0.05  # of the schedules: more are worth a word

Task = SiteTask | OwnTask
USUAL = Objective()


class WrongArguments(Exception):
    """The command line asks for something that is not there. ``str()`` says what in one sentence."""


def backtest(asked: Namespace, settings: Settings | None, console: Console) -> int:
    """Play the sites of a folder, or with ``settings`` the user's own, and print a summary.

    0 is good, 1 a site that could not be played or a solver that never answered, 2 a wrong command line or file, 130
    stopped; the file of figures is whole in all cases, and the same command goes on where it was stopped.
    """
    try:
        rules = _rules(asked, settings)
        found = {} if settings is not None else _chosen(described_sites(asked.data), asked.sites)
        currencies = _currencies(found, settings)
        _judge(rules.export_price, currencies)
        file = FiguresFile(asked.out, _made(rules))
        there = file.open()
        tasks = (
            _own_tasks(settings, asked, rules, there) if settings is not None else _tasks(asked, rules, found, there)
        )
    except (WrongArguments, SitesUnreadable, FiguresMismatch) as error:
        print(error, file=sys.stderr)
        return WRONG
    except OSError as error:
        print(f"{asked.out} cannot be written: {error.strerror}", file=sys.stderr)
        return FAILED
    played: list[SiteDone] = []
    try:
        for done in _play(tasks, asked.jobs, console):
            file.add(done.rows)
            played.append(done)
            _tell(done)
    except KeyboardInterrupt:
        print(f"interrupted; {asked.out} holds what is done, the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    summarise([*there, *(row for done in played for row in done.rows)], rules, currencies, console)
    planned, said = judged(played)
    if said is not None:
        console.print(said, highlight=False)
    return GOOD if planned and not any(done.trouble for done in played) else FAILED


def judged(played: Sequence[SiteDone]) -> tuple[bool, str | None]:
    """Whether anything was planned, and what is to be said of schedules made without the solver, as markup."""
    schedules, unsolved = sum(done.schedules for done in played), sum(done.unsolved for done in played)
    if played and all(done.trouble for done in played):
        return False, "[bold red]nothing was planned: not one site could be played[/]"
    if schedules and unsolved == schedules:
        return False, f"[bold red]nothing was planned: the solver answered none of {schedules} times[/]"
    if unsolved > FEW_UNSOLVED * schedules:
        return True, f"[yellow]the solver did not answer {unsolved} of {schedules} times; a value table took over[/]"
    return True, None


def _rules(asked: Namespace, settings: Settings | None) -> Rules:
    policies = tuple(asked.policies.split(",")) if asked.policies else NAMES
    unknown = [name for name in policies if name not in NAMES]
    if unknown:
        raise WrongArguments(f"there is no policy {unknown[0]}; there are {', '.join(NAMES)}")
    for name in ("export_price", "demand_charge", "days"):
        value = getattr(asked, name)
        if value is not None and not abs(value) <= LARGEST:  # nor NaN
            raise WrongArguments(f"--{name.replace('_', '-')} is {value}, not a number of at most {LARGEST:z,.0f}")
    if asked.demand_charge < 0 or asked.jobs < 1 or (asked.days is not None and asked.days <= 0):
        raise WrongArguments("--demand-charge must not be negative, --days and --jobs must be above zero")
    interval_s = 60 * asked.demand_interval
    if interval_s % asked.step:
        raise WrongArguments(f"--demand-interval {asked.demand_interval} is no whole number of steps of {asked.step} s")
    if asked.settle is not None and asked.settle > asked.step:
        raise WrongArguments(f"--settle {asked.settle} is longer than a step of {asked.step} s")
    models, objective = models_folder(asked.models, settings), _objective(asked)
    return Rules(
        policies,
        asked.step,
        asked.export_price,
        asked.demand_charge,
        asked.days,
        models,
        interval_s,
        objective,
        asked.settle,
    )


def _currencies(found: dict[str, dict[str, Any]], settings: Settings | None) -> dict[str, str]:
    """By site, where one is known."""
    if settings is not None:
        return {settings.site.id: settings.site.currency}
    return {name: str(described["currency"]) for name, described in found.items() if described.get("currency")}


def _judge(export_price: float | None, currencies: Mapping[str, str]) -> None:
    """Cents are not taken for euros, as for the prices of a site's file. Raises WrongArguments."""
    for currency in dict.fromkeys(currencies.values()):
        wrong = None if export_price is None else unlikely(export_price, currency)
        if wrong is not None:
            raise WrongArguments(f"--export-price is {wrong[0]}; {wrong[1]}")


def _objective(asked: Namespace) -> Objective | None:
    """Money and carbon as asked for; None where neither is named."""
    if asked.carbon_weight is None and asked.carbon_value is None:
        return None
    weight = USUAL.carbon_weight if asked.carbon_weight is None else asked.carbon_weight
    value = USUAL.carbon_value_per_kg if asked.carbon_value is None else asked.carbon_value
    return weighed(weight, value)


def weighed(weight: float, value_per_kg: float) -> Objective:
    """Carbon counts ``weight``, money the rest of 1. Raises WrongArguments."""
    if not 0 <= weight < 1:
        raise WrongArguments(f"the weight of carbon is {weight}, not a fraction from 0 to below 1")
    if not 0 <= value_per_kg <= LARGEST:
        raise WrongArguments(f"--carbon-value is {value_per_kg}, not money from 0 to {LARGEST:z,.0f} per kg")
    return Objective(1.0 - weight, weight, value_per_kg)


def models_folder(asked: Path | None, settings: Settings | None = None) -> Path:
    """The folder of models: as asked for, as the site file has it, or the one installed with the program."""
    if asked is not None:
        return asked
    if settings is not None:
        return settings.models_folder
    installed = find_spec("exported_models")
    places = installed.submodule_search_locations if installed is not None else None
    if not places:
        raise WrongArguments("the exported_models package is not installed; name a folder with --models")
    return Path(places[0])


def _made(rules: Rules) -> dict[str, object]:
    """What rows must have in common to stand in one file."""
    price = None if rules.objective is None else round(rules.objective.carbon_price_per_kg, 9)
    made: dict[str, object] = {"days": rules.days, "carbon_price_per_kg": price}
    if rules.demand_interval_s != HOUR_S:
        made["demand_interval_s"] = rules.demand_interval_s
    for name in (LOAD_MODEL, SOLAR_MODEL):
        try:
            card = read_card(rules.models / name)
            made[name] = f"{card.name} {card.version} {card.sha256[:12]}"
        except ModelUnusable:
            made[name] = None
    return made


def _chosen(described: dict[str, dict[str, Any]], wanted: str | None) -> dict[str, dict[str, Any]]:
    if wanted is None:
        return described
    names = wanted.split(",")
    unknown = [name for name in names if name not in described]
    if unknown:
        raise WrongArguments(f"there is no site {unknown[0]}; there are {', '.join(described)}")
    return {name: described[name] for name in names}


def _tasks(asked: Namespace, rules: Rules, found: dict[str, dict[str, Any]], there: Sequence[Row]) -> list[Task]:
    """The sites that still have something to play, each with the policies that are missing."""
    done = {row.key for row in there}
    tasks: list[Task] = []
    for name, described in found.items():
        sold = usual_export_price(asked.data, name, described) if rules.export_price is None else rules.export_price
        played = name, sold, rules.demand_charge, rules.step_s, rules.settled_s
        missing = tuple(policy for policy in rules.policies if (*played, policy) not in done)
        if missing:
            picture = _picture(asked, played, there) if missing == rules.policies else None
            tasks.append(SiteTask(asked.data, name, described, rules.with_policies(missing), picture))
    return tasks


def _own_tasks(settings: Settings, asked: Namespace, rules: Rules, there: Sequence[Row]) -> list[Task]:
    """The user's own history grows, so that it is always played anew; its rows must not stand there twice."""
    if there:
        raise WrongArguments(f"{asked.out} has rows already; give the site's own history a file of its own")
    return [OwnTask(settings, rules, _picture(asked, (settings.site.id,), ()))]


def _picture(asked: Namespace, played: tuple[str | float, ...], there: Sequence[Row]) -> Path | None:
    """Named by the site, and by what sets it apart from rows of the site that are there: none is drawn over another's.

    ``played`` is the site, the export price, the demand charge, and the lengths of a plan's step and of a settled one.
    """
    if asked.no_pictures:
        return None
    others = [row.key for row in there if row.site == played[0]]
    named = "".join(
        f"-{word}-{value:g}"
        for place, (word, value) in enumerate(zip(("export", "demand", "step", "settle"), played[1:], strict=False), 1)
        if any(other[place] != value for other in others)
    )
    return Path(asked.out).with_name(f"{asked.out.stem}-{played[0]}{named}.png")


def _play(tasks: Sequence[Task], jobs: int, console: Console) -> Iterator[SiteDone]:
    """Each site as it is done, with a line of progress a site or, in several processes, one for all."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        if jobs == 1 or len(tasks) < 2:
            for task in tasks:
                line = progress.add_task(task.name, total=None)

                def tell(done: int, steps: int, line: Any = line) -> None:
                    progress.update(line, completed=done, total=steps)

                yield run(task, tell)
            return
        line = progress.add_task(f"{len(tasks)} sites", total=len(tasks))
        # Spawned, since a runtime's threads do not survive a fork; Ctrl-C is for the parent, which ends the pool.
        with multiprocessing.get_context("spawn").Pool(min(jobs, len(tasks)), _leave_interrupts) as pool:
            for done in pool.imap_unordered(run, tasks):
                progress.advance(line)
                yield done


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _tell(done: SiteDone) -> None:
    """What a site had to do without, and why it could not be played."""
    for note in done.notes:
        print(f"{done.name}: {note}", file=sys.stderr)
    if done.trouble is not None:
        print(done.trouble, file=sys.stderr)
