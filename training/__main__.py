"""``python -m training``: makes the exported models and the detector, and says how good they are."""

import _signal  # type: ignore[import-not-found]  # `signal` would import enum and more first

# Ctrl-C in an import would end in a traceback: until the command listens, it ends the process as it ends any other.
if __name__ == "__main__" and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import argparse
import sys
from pathlib import Path

from rich.console import Console

from agent.backtest.case import Unplayable
from agent.cli.ending import ctrl_c_in_imports, ended
from agent.cli.terminal import terminal
from agent.forecasting.forecaster import ModelUnusable
from site_data.unreadable import SitesUnreadable
from training.anomaly.command import COMMAND as ANOMALY
from training.anomaly.command import add_command, fit_anomaly
from training.evaluation.command import add_arguments, evaluate
from training.fit.command import FitOptions, MlflowMissing, add_fit_options, fit_all, print_scores
from training.nightly.command import COMMAND as NIGHTLY
from training.nightly.command import add_nightly_command, nightly
from training.options import seed
from training.own_site.command import add_site_options, fit_site
from training.parts.part import WorkFailed
from training.paths.command import COMMAND as PATHS
from training.paths.command import add_command as add_paths_command
from training.paths.command import score_all_paths
from training.quantities import FOLDERS
from training.scoring.compare import compare
from training.sites.measured_site import MeasuredSite, read_sites

_MODELS = Path(__file__).parent.parent / "exported_models"


def main() -> int:
    """Run the command. 2 is a wrong command, 1 something that cannot be read or used, said in one sentence."""
    wanted = _arguments()
    console = terminal(100)
    if wanted.command == "evaluate":
        return evaluate(wanted, console)
    if wanted.command == "fit" and wanted.site:
        return fit_site(wanted)
    with ctrl_c_in_imports():
        return nightly(wanted, console) if wanted.command == NIGHTLY else _fitted_or_scored(wanted, console)


def _fitted_or_scored(wanted: argparse.Namespace, console: Console) -> int:
    try:
        if wanted.command == "fit":
            without = tuple(wanted.without.split(",")) if wanted.without else ()
            options = FitOptions(wanted.seed, without, wanted.mlflow, wanted.cluster)
            fit_all(wanted.data, wanted.out or _MODELS, options, console)
        elif wanted.command == ANOMALY:
            fit_anomaly(read_sites(wanted.data), wanted.out, wanted.seed, console)
        elif wanted.command == PATHS:
            score_all_paths(wanted, console)
        else:
            _score(read_sites(wanted.data), wanted.models, console)
    except (SitesUnreadable, ModelUnusable, MlflowMissing, Unplayable, WorkFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if error.filename is None:
            raise  # standard output's
        print(f"{error.filename} cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    about = "Makes the exported models and the detector, and says how good they are."
    parser = argparse.ArgumentParser(prog="python -m training", description=about)
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("fit", help="train the models and write them with their cards")
    fit.add_argument("--out", type=Path, help="folder of the exported models; with --site of the site's own")
    fit.add_argument("--seed", type=seed, default=1)
    score = commands.add_parser("score", help="print errors per site, model beside persistence")
    score.add_argument("--models", type=Path, default=_MODELS, help="folder of the exported models")
    for command in (fit, score):
        command.add_argument("--data", type=Path, help="folder with sites.json and sites/*.csv.gz")
    add_fit_options(fit)
    add_site_options(fit)
    add_command(commands, _MODELS)
    add_paths_command(commands, _MODELS)
    add_nightly_command(commands)
    add_arguments(commands.add_parser("evaluate", help="score models and their peers on every site, to a CSV file"))
    wanted = parser.parse_args()
    if wanted.command in ("fit", "score") and wanted.data is None and not getattr(wanted, "site", False):
        parser.error(f"{wanted.command} needs --data DIR")
    return wanted


def _score(sites: list[MeasuredSite], models: Path, console: Console) -> None:
    for quantity, name in FOLDERS.items():
        print_scores(f"{name}, 48 h, last 40 % of each site", compare(models / name, quantity, sites), console)


if __name__ == "__main__":
    sys.exit(ended(main))
