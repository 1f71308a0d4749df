"""``python -m training fit``: fits both exported models, prints how good they are, and notes it in MLflow if asked."""

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from agent.adapters.models.model_card import ModelCard, SiteScore
from site_data.sites_json import site_file
from site_data.unreadable import SitesUnreadable
from training.fit.mlflow_log import MlflowMissing, log_fit, open_mlflow
from training.parts.engines import add_cluster_option, engine_at
from training.parts.part import Engine
from training.quantities import FOLDERS
from training.sites.measured_site import MeasuredSite, read_sites

LIBRARIES = ("numpy", "lightgbm", "onnx", "onnxruntime")
"""Whose releases make the bytes of a model."""

__all__ = ["MlflowMissing", "add_fit_options", "fit_all", "print_scores"]


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mlflow", metavar="URI", help="log parameters, metrics and files to this MLflow server")
    parser.add_argument("--without", metavar="A,B", help="learn nothing from these sites, so that they may be scored")
    add_cluster_option(parser)


@dataclass(frozen=True, slots=True)
class FitOptions:
    """``mlflow`` and ``cluster`` are addresses; None: nothing is logged, and the work is done in this process.

    ``versions``: by the name of a model, what its card says; else that of this release.
    """

    seed: int = 1
    without: Sequence[str] = ()
    mlflow: str | None = None
    cluster: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


def fit_all(data: Path, out: Path, options: FitOptions, console: Console) -> list[ModelCard]:
    """Write both models below ``out``, fitted on all sites that allow it but those left out. Their cards.

    Raises SitesUnreadable, ModelUnusable, WorkFailed and OSError, and MlflowMissing before any work.
    """
    mlflow = open_mlflow(options.mlflow) if options.mlflow else None
    with engine_at(options.cluster, LIBRARIES, console) as engine:
        cards = _fitted(data, out, options, engine, console)
    for card in cards:
        print_scores(f"{card.name}, sites and period not seen in the fit that is scored", card.metrics, console)
        for sentence in card.targets:
            console.print(sentence, highlight=False)
        if mlflow is not None:
            log_fit(mlflow, card, out / card.name)
    return cards


def _fitted(data: Path, out: Path, options: FitOptions, engine: Engine, console: Console) -> list[ModelCard]:
    from training.fit.export import VERSION
    from training.fit.fit import STEPS_OF_A_FIT, FitData, fit_and_export  # LightGBM is needed to train, not to score

    measured = _but(read_sites(data, "measured"), options.without)
    known = FitData(measured, read_sites(data, "model"), data_sha256(data, [site.name for site in measured]))
    out.mkdir(parents=True, exist_ok=True)  # or hours pass before it is known that it cannot be
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    cards: list[ModelCard] = []
    with Progress(*columns, console=console) as progress:
        for quantity, name in FOLDERS.items():
            task = progress.add_task(name, total=STEPS_OF_A_FIT)

            def advance(done: str, name: str = name, task: TaskID = task) -> None:
                progress.update(task, advance=1, description=f"{name}: {done}")

            version = options.versions.get(name, VERSION)
            card = fit_and_export(known, quantity, out, options.seed, advance, engine=engine, version=version)
            progress.update(task, description=f"{card.name} {card.version}, {card.size_bytes / 1e6:.2f} MB")
            cards.append(card)
    return cards


def _but(sites: Sequence[MeasuredSite], without: Sequence[str]) -> list[MeasuredSite]:
    """Those not named in ``without``. Raises SitesUnreadable for a name that no site has."""
    unknown = sorted(set(without) - {site.name for site in sites})
    if unknown:
        raise SitesUnreadable(f"there is no site {', '.join(unknown)} to leave out")
    return [site for site in sites if site.name not in without]


def data_sha256(folder: Path, names: Sequence[str]) -> str:
    """SHA-256 over ``sites.json`` and the files of ``names`` in order. Raises SitesUnreadable."""
    digest = hashlib.sha256()
    try:
        for path in (folder / "sites.json", *(site_file(folder, name) for name in sorted(names))):
            digest.update(path.read_bytes())
    except OSError as error:
        raise SitesUnreadable(f"{folder} cannot be read: {error}") from error
    return digest.hexdigest()


def print_scores(title: str, scores: Sequence[SiteScore], console: Console) -> None:
    """A table, one row a site, raster and forecaster."""
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
