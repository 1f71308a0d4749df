"""`enalysis-edge models`: which models are in charge, on trial or refused, and how to change that by hand.

All of it works while the daemon runs: the next plan uses what is in charge then.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.adapters.models.candidates import candidate_folders
from agent.adapters.models.model_archive import fingerprint, folder_of, keep
from agent.adapters.models.model_card import ModelCard, read_card
from agent.adapters.models.model_check import check_model
from agent.adapters.models.model_file import read_files
from agent.adapters.models.model_registry import change_registry, in_charge
from agent.adapters.models.registry_file import models_beside, read_registry
from agent.cli.ending import FAILED, GOOD
from agent.cli.folded import say
from agent.cli.model_deliveries import delivery_lines
from agent.cli.model_packing import add_pack_arguments, run_pack
from agent.cli.site_command import add_config, add_config_again, by_settings_at_hand
from agent.cli.terminal import terminal
from agent.domain.model_registry import FACTORY, Assignment, Deployment, ModelRegistry, Refusal, Trial
from agent.domain.sentences import model_trials as told
from agent.forecasting.forecaster import ModelUnusable
from agent.ports import StoreFailure
from agent.settings.schema import Settings

Row = tuple[str, str, str, str, str, str, str]
COLUMNS = ("quantity", "model", "version", "place", "size", "trained")  # the verdict is said below the table


class NotDone(Exception):
    """A command that could not be obeyed. ``str()`` says why in one sentence."""


def add_arguments(parser: ArgumentParser) -> None:
    """Look at the models, or change by hand which are in charge."""
    add_config(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, argument, what in (
        ("list", None, "show the models of this site"),
        ("verify", "folder", "check the model in FOLDER without using it"),
        ("promote", "name", "put the candidate NAME of the models folder in charge"),
        ("rollback", "quantity", "put the model before back in charge"),
    ):
        action = actions.add_parser(name, help=what)
        if argument == "quantity":
            action.add_argument(argument, choices=("load_w", "pv_w"))
        elif argument is not None:
            action.add_argument(argument, metavar=argument.upper())
        add_config_again(action)
    pack = actions.add_parser("pack", help="make the file and the signed manifest that deliver a model")
    add_config_again(pack)
    add_pack_arguments(pack)


def run(asked: Namespace) -> int:
    """0, or 1 where it was not done. To verify or pack needs no site: a model is good or bad anywhere."""
    if asked.action == "pack":
        return run_pack(asked)
    return _verify(asked.folder) if asked.action == "verify" else by_settings_at_hand(asked, _run)


def show(settings: Settings, console: Console) -> int:
    """Print the table of models; 0, or 1 when the installed ones cannot be found or a file is damaged."""
    installed = _installed(settings)
    models = _beside(settings)
    registry, damage = read_registry(models)
    folders = candidate_folders(models)
    rows: list[Row] = []
    notes = []
    for quantity, wanted in _wanted(settings):
        choice = in_charge(models.parent, installed, quantity, wanted)
        if choice.note is not None:
            notes.append(choice.note)
        rows += _post_rows(registry.post(quantity), models, choice.folder, installed / wanted)
    rows += _other_rows(registry, folders)
    console.print(f"models of {settings.site.name}, candidates in {models}", markup=False, highlight=False)
    if rows:
        console.print(_table(rows))
    else:
        nothing = "no model is named under [planning] and none lies there: forecasts go by the days before"
        console.print(nothing, markup=False, highlight=False)
    for row in rows:
        if row[-1]:
            console.print(f"{row[1]} {row[2]}, {row[3]}: {row[-1]}", markup=False, highlight=False)
    for line in delivery_lines(Path(settings.store.path)):
        console.print(line, markup=False, highlight=False)
    for note in notes:
        console.print(f"[yellow]! {escape(note)}[/]")
    return 0 if damage is None else 1


def verify(folder: Path) -> str:
    """A sentence when the model in ``folder`` passes every check. Raises NotDone with the first that it fails."""
    try:
        card = check_model(folder.resolve() if folder.name in ("", "..") else folder)
    except ModelUnusable as refusal:
        raise NotDone(str(refusal)) from refusal
    return f"good: {card.name} {card.version} forecasts {card.quantity}, {card.size_bytes} bytes, SHA-256 {card.sha256}"


def promote(settings: Settings, name: str) -> str:
    """Put the candidate ``name`` in charge, once it has passed every check. Raises NotDone or StoreFailure."""
    models = _beside(settings)
    if name not in {folder.name for folder in candidate_folders(models)}:
        raise NotDone(f"there is no candidate {name!r} in {models}")
    promoted: list[Deployment] = []

    def put_in_charge(registry: ModelRegistry) -> ModelRegistry:
        files = read_files(models / name)
        digest = fingerprint(files)
        card = check_model(keep(models, files))
        post = registry.post(card.quantity)
        if post.champion is not None and post.champion.fingerprint == digest:
            raise NotDone(f"model {name} {card.version} forecasts {card.quantity} already")
        if card.quantity not in dict(_wanted(settings)):
            raise NotDone(f"model {name} forecasts {card.quantity}, for which this site uses no model")
        promoted.append(Deployment(name, card.version, digest, datetime.now(UTC), told.promoted_by_hand()))
        return registry.without_refusal(name).with_post(post.promoted(promoted[0]))

    try:
        change_registry(models, put_in_charge)
    except ModelUnusable as refusal:
        raise NotDone(str(refusal)) from refusal
    return f"model {name} {promoted[0].version} is in charge from the next plan on"


def roll_back(settings: Settings, quantity: str) -> str:
    """Put the model before back in charge of ``quantity``. Raises NotDone or StoreFailure."""
    models = _beside(settings)
    at = datetime.now(UTC)
    fallen: list[Deployment] = []

    def put_back(registry: ModelRegistry) -> ModelRegistry:
        post = registry.post(quantity)
        if post.champion is None:
            raise NotDone(f"the installed model forecasts {quantity}; there is none before it")
        fallen.append(post.champion)
        refusal = Refusal(post.champion.name, post.champion.fingerprint, told.rolled_back_by_hand(back_at=at))
        return registry.with_post(post.rolled_back()).with_refusal(refusal)

    if not models.is_dir():
        raise NotDone(f"the installed model forecasts {quantity}; there is none before it")
    before = change_registry(models, put_back).post(quantity).champion
    name = f"{before.name} {before.version}" if before is not None else f"the installed {FACTORY[quantity]}"
    return f"model {fallen[0].name} {fallen[0].version} is out; {name} forecasts {quantity} from the next plan on"


def _verify(folder: str) -> int:
    try:
        say(verify(Path(folder)))
    except NotDone as refusal:
        say(str(refusal), sys.stderr)
        return FAILED
    return GOOD


def _run(settings: Settings, asked: Namespace) -> int:
    try:
        if asked.action == "list":
            return show(settings, terminal())
        sentence = promote(settings, asked.name) if asked.action == "promote" else roll_back(settings, asked.quantity)
    except (StoreFailure, NotDone) as error:
        say(str(error), sys.stderr)
        return FAILED
    say(sentence)
    return GOOD


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for column in COLUMNS:
        folds = column == "model"
        table.add_column(column, justify="right" if column == "size" else "left", no_wrap=not folds, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row[: len(COLUMNS)]))
    return table


def _post_rows(post: Assignment, models: Path, in_use: Path, factory: Path) -> Iterator[Row]:
    yield _row(post.quantity, factory, "in charge" if in_use == factory else "installed", "")
    for seat, place in ((post.champion, "promoted"), (post.previous, "before it")):
        if seat is not None:
            folder = folder_of(models, seat.fingerprint, seat.name)
            watched = post.watch.said if post.watch is not None and place == "promoted" else ""
            said = f"{seat.since:%Y-%m-%d}: {seat.reason}" + (
                f"; the one before against it: {watched}" if watched else ""
            )
            yield _row(post.quantity, folder, "in charge" if in_use == folder else place, said)
    for trial in post.trials:
        yield _row(post.quantity, folder_of(models, trial.fingerprint, trial.name), "on trial", _said(trial))


def _other_rows(registry: ModelRegistry, folders: list[Path]) -> Iterator[Row]:
    """Candidates that are refused, and those that the next trial looks at."""
    refused = {refusal.name: refusal for refusal in registry.refused}
    known = {trial.name for post in registry.posts for trial in post.trials} | {
        seat.name for post in registry.posts for seat in (post.champion, post.previous) if seat is not None
    }
    for folder in folders:
        if folder.name in refused:
            yield _row("", folder, "refused", refused[folder.name].why)
        elif folder.name not in known:
            yield _row("", folder, "candidate", "the next daily trial looks at it")


def _said(trial: Trial) -> str:
    return f"since {trial.since:%Y-%m-%d}: {trial.said or told.nothing_compared()}"


def _row(quantity: str, folder: Path, place: str, said: str) -> Row:
    """Not a whole check: just what the card says."""
    try:
        read_files(folder)
        card = read_card(folder)
    except ModelUnusable as refusal:
        return quantity, folder.name, "", place, "", "", said or str(refusal)
    size = f"{card.size_bytes / 1000:z.0f} kB"
    return quantity or card.quantity, card.name, card.version, place, size, card.trained_at, said or _figures(card)


def _figures(card: ModelCard) -> str:
    """How much lower its pinball loss was than persistence's, on the sites of its card that it had not seen."""
    ours = [score for score in card.metrics if not score.seen_in_training and score.forecaster != "persistence"]
    theirs = {(score.site, score.step_s): score.pinball for score in card.metrics if score.forecaster == "persistence"}
    shares = [score.pinball / theirs[key] for score in ours if theirs.get(key := (score.site, score.step_s))]
    if not shares:
        return ""
    return (
        f"pinball loss {1 - sum(shares) / len(shares):z.0%} below persistence on {len(shares)} unseen sites and steps"
    )


def _wanted(settings: Settings) -> list[tuple[str, str]]:
    wanted: list[tuple[str, str | None]] = [("load_w", settings.planning.load_model)]
    if settings.solar_rated_w > 0:
        wanted.append(("pv_w", settings.planning.solar_model))
    return [(quantity, name) for quantity, name in wanted if name is not None]


def _installed(settings: Settings) -> Path:
    try:
        return settings.models_folder
    except FileNotFoundError as error:
        raise NotDone(str(error)) from error


def _beside(settings: Settings) -> Path:
    store = Path(settings.store.path)
    if not store.parent.is_dir():
        raise StoreFailure(f"there is no folder {store.parent}: the agent has not run with this site file yet")
    return models_beside(store)
