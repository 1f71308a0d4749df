"""``python -m training nightly``: fit on all sites, compare with what is deployed, deploy what is better."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from agent.adapters.models.model_archive import fingerprint_of
from agent.adapters.models.model_card import ModelCard, read_card
from agent.adapters.models.model_check import check_model
from agent.adapters.models.model_file import read_files
from agent.backtest.case import Unplayable
from agent.forecasting.forecaster import ModelUnusable
from site_data.unreadable import SitesUnreadable
from training.fit.command import FitOptions, MlflowMissing, fit_all
from training.nightly.deployment import AtWork, Night, alone, deploy, note
from training.nightly.verdict import verdict
from training.options import seed
from training.parts.engines import add_cluster_option
from training.parts.part import WorkFailed
from training.quantities import FOLDERS

COMMAND = "nightly"
DEPLOYED, FAILED, KEPT = 0, 1, 3
"""Exit codes: a model was deployed, something failed and nothing was made worse, what was deployed stays."""


def add_nightly_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    nightly = commands.add_parser(COMMAND, help="fit, compare with what is deployed, deploy what is better")
    nightly.add_argument("--data", type=Path, required=True, help="folder with sites.json and sites/*.csv.gz")
    nightly.add_argument(
        "--deployed", type=Path, required=True, metavar="DIR", help="folder of the models in charge; empty at first"
    )
    nightly.add_argument("--to", type=Path, metavar="DIR", help="folder where a better one is put; else --deployed")
    nightly.add_argument("--seed", type=seed, default=1)
    nightly.add_argument("--mlflow", metavar="URI", help="log parameters, metrics and files to this MLflow server")
    add_cluster_option(nightly)


def nightly(wanted: argparse.Namespace, console: Console) -> int:
    """Run the command; one sentence a model says what became of it, and why."""
    to = wanted.to or wanted.deployed
    for folder in (wanted.data, wanted.deployed):
        if not folder.is_dir():
            return _failed(f"there is no folder {folder}")
    try:
        with alone(to), tempfile.TemporaryDirectory() as scratch:
            before = {name: _card(wanted.deployed / name) for name in FOLDERS.values()}
            versions = {name: _next(card) for name, card in before.items() if card is not None}
            options = FitOptions(wanted.seed, (), wanted.mlflow, wanted.cluster, versions)
            cards = fit_all(wanted.data, Path(scratch), options, console)
            deployed = [_concluded(card, before[card.name], Path(scratch), to, console) for card in cards]
    except (SitesUnreadable, ModelUnusable, MlflowMissing, Unplayable, WorkFailed, AtWork) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{error.filename or to} cannot be used: {error.strerror}")
    return DEPLOYED if any(deployed) else KEPT


def _failed(reason: str) -> int:
    print(f"nothing more is deployed tonight: {reason}", file=sys.stderr)
    return FAILED


def _card(folder: Path) -> ModelCard | None:
    """None where nothing is deployed. Raises ModelUnusable for what is there and cannot be read."""
    return read_card(folder) if folder.exists() else None


def _next(card: ModelCard) -> str:
    """The version after that of a card. Raises ModelUnusable where it is not a.b.c."""
    try:
        major, minor, patch = (int(number) for number in card.version.split("."))
    except ValueError as error:
        raise ModelUnusable(card.name, f"its version {card.version} is not a.b.c") from error
    return f"{major}.{minor}.{patch + 1}"


def _concluded(fitted: ModelCard, before: ModelCard | None, made: Path, to: Path, console: Console) -> bool:
    """Whether the new fit is now in charge. Raises ModelUnusable when a gateway would refuse it, and OSError."""
    found = verdict(fitted, before)
    was = now = fingerprint_of(to / fitted.name)
    if found.better:
        check_model(made / fitted.name)
        now = deploy(to, read_files(made / fitted.name))
        said = f"{fitted.name} {fitted.version} is deployed" + (f" instead of {before.version}" if before else "")
    else:
        said = f"{before.name} {before.version} stays" if before else f"{fitted.name} is not deployed"
    sentence = f"{said}: {found.reason}"
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    note(to, Night(at, fitted.name, found.better, sentence, was, now, found.gain))
    return found.better
