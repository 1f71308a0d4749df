"""``python -m training anomaly``: fits the anomaly detector, says how often it is right and writes it with its card."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from training.options import seed
from training.sites.measured_site import MeasuredSite

COMMAND = "anomaly"


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", models: Path) -> None:
    """Add ``anomaly`` to the commands of ``python -m training``; ``models`` is where exported models live."""
    command = commands.add_parser(COMMAND, help="train the anomaly detector and measure how often it is right")
    command.add_argument("--data", type=Path, required=True, help="folder with sites.json and sites/*.csv.gz")
    command.add_argument("--out", type=Path, default=models, help="folder of the exported models")
    command.add_argument("--seed", type=seed, default=1)


def fit_anomaly(sites: Sequence[MeasuredSite], out: Path, seed: int, console: Console) -> None:
    """Do what the command asks for. Raises SitesUnreadable when no site may be learnt from, ModelUnusable, OSError."""
    from training.anomaly.fit import fit_detector  # scikit-learn is needed to train, not to score

    fit_detector(sites, out, seed, console)
