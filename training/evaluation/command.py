"""``python -m training evaluate``: every model on every site, by definitions that can be laid beside anybody's.

Hourly means, forecasts of 48 h every 30 h through each site's test period, walking forward with what was known then.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from agent.adapters.models.model_card import read_card
from agent.cli.ending import INTERRUPTED, ctrl_c_in_imports
from agent.forecasting.forecaster import ModelUnusable
from site_data.sites_json import described_sites, site_file
from site_data.unreadable import SitesUnreadable
from training.evaluation.models import MODELS, TARGETS
from training.evaluation.results import ResultsFile, ResultsUnusable, file_hash
from training.evaluation.run import Work, run
from training.evaluation.table import markdown, print_summary
from training.parts.engines import add_cluster_option, engine_at
from training.parts.part import Engine, WorkFailed
from training.quantities import FOLDERS

_EXPORTED = Path(__file__).parents[2] / "exported_models"


class NothingToRun(Exception):
    """What was asked for cannot be run. ``str()`` says why in one sentence."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``evaluate``."""
    parser.add_argument("--data", type=Path, required=True, help="folder with sites.json and sites/*.csv.gz")
    parser.add_argument("--out", type=Path, required=True, help="CSV file of results; continued where it is there")
    parser.add_argument("--sites", type=_names, help="some sites only, by name, with commas between")
    parser.add_argument("--models", type=_names, help=f"some models only, of {', '.join(MODELS)}")
    parser.add_argument("--targets", type=_names, default=tuple(TARGETS), help="load,pv")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes work beside each other")
    add_cluster_option(parser)
    parser.add_argument("--exported", type=Path, default=_EXPORTED, help="folder of the exported models to score")
    parser.add_argument("--table", type=Path, help="also write a plain table in Markdown to this file")
    parser.add_argument("--fresh", action="store_true", help="begin the file of results anew")


def evaluate(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command: 0 done, 1 something cannot be read, run or written (said in one sentence), 130 interrupted."""
    try:
        with ctrl_c_in_imports():
            return _evaluate(arguments, console)
    except (SitesUnreadable, ModelUnusable, ResultsUnusable, NothingToRun, WorkFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenProcessPool:
        print("a worker process was killed, by lack of memory perhaps: what was done is kept", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _evaluate(arguments: argparse.Namespace, console: Console) -> int:
    sites = _chosen("site", arguments.sites, described_sites(arguments.data))
    targets = _chosen("target", arguments.targets, TARGETS)
    models = _able(_chosen("model", arguments.models, MODELS), arguments.models is not None, console)
    if arguments.jobs < 1:
        raise NothingToRun(f"--jobs {arguments.jobs}: at least one process is needed")
    if arguments.cluster and arguments.jobs > 1:
        raise NothingToRun(f"--jobs {arguments.jobs} and --cluster: one of the two")
    with _engine(arguments, models, console) as engine:
        return _scored(arguments, (sites, targets, models), engine, console)


def _scored(
    arguments: argparse.Namespace,
    chosen: tuple[list[str], list[str], list[str]],
    engine: Engine | None,
    console: Console,
) -> int:
    sites, targets, models = chosen
    results = ResultsFile(arguments.out)
    done = results.open(_made_with(arguments, sites, models), arguments.fresh)
    work = [
        Work(arguments.data, arguments.exported, site, target, model)
        for site in sites
        for target in targets
        for model in models
        if target in MODELS[model].targets and (site, target, model) not in done
    ]
    seen = _seen_in_training(arguments.exported)
    run(work, arguments.jobs, results, done, console, engine)
    shown = [row for rows in done.values() for row in rows if row.site in sites and row.model in models]
    print_summary(shown, seen, console)
    if arguments.table:
        _write(arguments.table, markdown(shown, seen))
    return 0


@contextmanager
def _engine(arguments: argparse.Namespace, models: Sequence[str], console: Console) -> Iterator[Engine | None]:
    """The cluster; None where the work is done here. Raises WorkFailed."""
    if arguments.cluster is None:
        yield None
        return
    libraries = {library for name in models for library in MODELS[name].libraries}
    with engine_at(arguments.cluster, ("numpy", "onnxruntime", *sorted(libraries)), console) as engine:
        yield engine


def _names(text: str) -> tuple[str, ...]:
    """Raises ArgumentTypeError where there is none."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return names


def _chosen(kind: str, wanted: Sequence[str] | None, there: Mapping[str, object]) -> list[str]:
    unknown = [name for name in wanted or () if name not in there]
    if unknown:
        raise NothingToRun(f"there is no {kind} {', '.join(unknown)}; there are {', '.join(there)}")
    return [name for name in there if wanted is None or name in wanted]


def _able(models: Sequence[str], asked_for: bool, console: Console) -> list[str]:
    """Those whose libraries are installed. One that was asked for by name is not left out in silence."""
    able = []
    for name in models:
        missing, extra = MODELS[name].missing, MODELS[name].extra
        why = f"{name} needs {' and '.join(missing)}, not installed here: pip install 'enalysis-edge[{extra}]'"
        if not missing:
            able.append(name)
        elif asked_for:
            raise NothingToRun(why)
        else:
            console.print(f"left out: {why}", highlight=False, markup=False)
    return able


def _made_with(arguments: argparse.Namespace, sites: Sequence[str], models: Sequence[str]) -> dict[str, str]:
    try:
        made = {f"model {name}": MODELS[name].identity(arguments.exported) for name in models}
        return made | {f"site {name}": file_hash(site_file(arguments.data, name)) for name in sites}
    except OSError as error:
        raise SitesUnreadable(f"{error.filename} cannot be read: {error.strerror}") from error


def _seen_in_training(exported: Path) -> frozenset[str]:
    """Sites that a shipped model has learnt from, so that its figures there flatter."""
    cards = [read_card(exported / folder) for folder in FOLDERS.values()]
    return frozenset(source.split(":")[0] for card in cards for source in card.trained_on)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsUnusable(f"{path} cannot be written: {error.strerror}") from error
