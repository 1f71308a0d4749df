"""``python -m training fit`` makes the exported models, ``python -m training score`` says how good they are."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from agent.edges.model_card import SiteScore
from agent.forecasting.forecaster import LEVELS, ModelUnusable
from training.compare import compare
from training.export import FOLDERS
from training.sites import MeasuredSite, SitesUnreadable, read_sites

_MODELS = Path(__file__).parent.parent / "exported_models"
_STEPS_OF_A_FIT = 2 * len(LEVELS) + 1


def main() -> int:
    """Run the command. 2 is a wrong command, 1 something that cannot be read or used, said in one sentence."""
    wanted = _arguments()
    console = Console() if sys.stdout.isatty() else Console(width=100)
    try:
        sites = read_sites(wanted.data)
        if wanted.command == "fit":
            _fit(sites, wanted.out, wanted.seed, console)
        else:
            _score(sites, wanted.models, console)
    except (SitesUnreadable, ModelUnusable) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("fit", help="train the models and write them with their cards")
    fit.add_argument("--out", type=Path, default=_MODELS, help="folder of the exported models")
    fit.add_argument("--seed", type=int, default=1)
    score = commands.add_parser("score", help="print errors per site, model beside persistence")
    score.add_argument("--models", type=Path, default=_MODELS, help="folder of the exported models")
    for command in (fit, score):
        command.add_argument("--data", type=Path, required=True, help="folder with sites.json and sites/*.csv.gz")
    return parser.parse_args()


def _fit(sites: list[MeasuredSite], out: Path, seed: int, console: Console) -> None:
    from training.fit import fit_and_export  # LightGBM is needed to train, not to score

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for quantity, name in FOLDERS.items():
            task = progress.add_task(name, total=_STEPS_OF_A_FIT)

            def advance(done: str, name: str = name, task: TaskID = task) -> None:
                progress.update(task, advance=1, description=f"{name}: {done}")

            card = fit_and_export(sites, quantity, out, seed, advance)
            progress.update(task, description=f"{card.name} {card.version}, {card.size_bytes / 1e6:.2f} MB")
            _print(f"{card.name}, sites and period not seen in the fit that is scored", card.metrics, console)


def _score(sites: list[MeasuredSite], models: Path, console: Console) -> None:
    for quantity, name in FOLDERS.items():
        _print(f"{name}, 48 h, last 40 % of each site", compare(models / name, quantity, sites), console)


def _print(title: str, scores: Sequence[SiteScore], console: Console) -> None:
    table = Table(title=title, caption="* learnt from: flatters", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for heading in ("site", "forecaster"):
        table.add_column(heading, no_wrap=True)
    for heading in ("step s", "WAPE %", "MAPE %", "R2", "cover %", "pinball %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for made in scores:
        table.add_row(
            made.site,
            made.forecaster + (" *" if made.seen_in_training else ""),
            str(made.step_s),
            _percent(made.wape),
            _percent(made.mape),
            "-" if made.r2 is None else f"{made.r2:.2f}",
            _percent(made.cover_90),
            f"{made.pinball * 100:.2f}",
        )
    console.print(table)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f}"


if __name__ == "__main__":
    sys.exit(main())
