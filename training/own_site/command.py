"""``python -m training fit --site``: models of one site's own, from its store or from a folder of CSV files."""

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from agent.adapters.host.durable_files import make_folder
from agent.adapters.models.model_card import read_card
from agent.adapters.models.registry_file import models_beside
from agent.adapters.store.store_reader import history
from agent.cli.ending import FAILED, GOOD, INTERRUPTED, WRONG, ctrl_c_in_imports
from agent.forecasting.forecaster import ModelUnusable
from agent.ports import StoreFailure
from agent.settings.load import SettingsError, load
from site_data.unreadable import SitesUnreadable
from training.own_site.own_model import TooLittleHistory, make_own, own_name
from training.quantities import FOLDERS
from training.sites.measured_site import MeasuredSite, read_site

TOO_LITTLE = 3
LONGEST = timedelta(days=800)
_EXPORTED = Path(__file__).parents[2] / "exported_models"


class NotFitted(Exception):
    """The models cannot be made. ``str()`` says why in one sentence."""

    def __init__(self, reason: str, code: int = FAILED) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Task:
    """One site, the folder its models go to, and per quantity the model to build on."""

    site: MeasuredSite
    until: datetime
    out: Path
    bases: dict[str, Path]


def add_site_options(parser: argparse.ArgumentParser) -> None:
    """The options that ``fit`` has for a site's own models."""
    own = parser.add_argument_group("models of one site's own")
    own.add_argument("--site", action="store_true", help="build on the exported models with the history of one site")
    own.add_argument(
        "--config", type=Path, metavar="FILE", help="the site file: its store is read, its candidates made"
    )
    own.add_argument("--sites", metavar="NAME", help="the site of --data")
    own.add_argument("--base", type=Path, metavar="DIR", help="folder of the models to build on")
    own.add_argument(
        "--renew-after", type=float, default=0.0, metavar="DAYS", help="leave a model that is younger than this alone"
    )


def fit_site(wanted: argparse.Namespace) -> int:
    """Make the models and say where they lie, a line a quantity.

    0 is good, 1 something that cannot be read, used or written, 2 a wrong command, 3 too little history for any model.
    """
    try:
        with ctrl_c_in_imports():
            task = _task(wanted)
            make_folder(task.out)
            made = sum([_fit(task, quantity, wanted) for quantity in task.bases])
    except NotFitted as refusal:
        print(refusal, file=sys.stderr)
        return refusal.code
    except (SettingsError, SitesUnreadable, StoreFailure, ModelUnusable) as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:
        print(error if error.filename is None else f"{error.filename}: {error.strerror}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return GOOD if made else TOO_LITTLE


def _task(wanted: argparse.Namespace) -> _Task:
    if (wanted.config is None) == (wanted.data is None):
        raise NotFitted("--site needs either --config FILE or --data DIR with --sites NAME", WRONG)
    if not wanted.renew_after >= 0:
        raise NotFitted(f"--renew-after is {wanted.renew_after}, not a number of days", WRONG)
    missing = next((name for name in ("lightgbm", "onnx") if find_spec(name) is None), None)
    if missing is not None:
        raise NotFitted(f"{missing} is not installed: training needs the extra `train` of enalysis-edge")
    return _task_of_store(wanted) if wanted.config is not None else _task_of_folder(wanted)


def _task_of_store(wanted: argparse.Namespace) -> _Task:
    settings = load(wanted.config)
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    store = Path(settings.store.path)
    measured = history(store, until - LONGEST, until, 3600)
    site = MeasuredSite(settings.site.id, settings.place(), settings.solar_rated_w, measured, None)
    names = {"load_w": settings.planning.load_model, "pv_w": settings.planning.solar_model}
    if site.rated_w <= 0:
        del names["pv_w"]
    folder = wanted.base or settings.models_folder
    bases = {quantity: folder / name for quantity, name in names.items() if name is not None}
    if not bases:
        raise NotFitted(f"{wanted.config} asks for no model, so that none is made")
    return _Task(site, until, wanted.out or models_beside(store), bases)


def _task_of_folder(wanted: argparse.Namespace) -> _Task:
    if not wanted.sites or wanted.out is None:
        raise NotFitted("--site with --data needs --sites NAME and --out DIR", WRONG)
    site = read_site(wanted.data, wanted.sites)
    folder = wanted.base or _EXPORTED
    measured = {"load_w": site.history.load_w, "pv_w": site.history.pv_w if site.rated_w > 0 else ()}
    bases = {
        quantity: folder / FOLDERS[quantity]
        for quantity, values in measured.items()
        if any(value is not None for value in values)
    }
    if not bases:
        raise NotFitted(f"{wanted.data} has no measured value of {site.name}")
    return _Task(site, site.history.horizon.end, wanted.out, bases)


def _fit(task: _Task, quantity: str, wanted: argparse.Namespace) -> bool:
    """Make one model unless it is young; whether it is there now."""
    folder = task.out / own_name(quantity)
    born = _born(folder)
    if born is not None and 0 <= (task.until.date() - born).days < wanted.renew_after:
        print(f"{folder} knows the site up to {born} and is left as it is")
        return True
    try:
        card = make_own(task.site, quantity, task.until, folder, wanted.seed, task.bases[quantity])
    except TooLittleHistory as reason:
        print(reason)
        return False
    print(f"{folder}: {card.name} {card.version}, {card.size_bytes / 1e6:.2f} MB, {card.trained_on[0]}")
    return True


def _born(folder: Path) -> date | None:
    try:
        return date.fromisoformat(read_card(folder).trained_at)
    except (ModelUnusable, ValueError):
        return None
