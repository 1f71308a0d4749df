"""Which model is in charge of each quantity on this site, and what the trials of others have shown so far.

Beside the store lies a folder ``models``: candidates are dropped into it as folders, ``champions.json`` says who is in
charge, and ``kept`` holds a copy of every model that is in charge, was, or is on trial, by the hash of its files. So a
candidate may be overwritten or removed at any moment. Without a word here the installed model is in charge.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from agent.adapters.models.model_archive import clear_shelf, fingerprint_of, folder_of, make_folder, write_whole
from agent.adapters.models.model_card import read_card
from agent.domain.model_comparison import DayScore
from agent.domain.wire import WireError, from_json, to_json
from agent.forecasting.forecaster import ModelUnusable
from agent.ports import StoreFailure

FILE = "champions.json"
FORMAT = 1
WATCHED = "the one in charge"
FACTORY = {"load_w": "consumption", "pv_w": "solar"}
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model that was put in charge. ``fingerprint`` names its copy on the shelf; ``since`` is aware UTC."""

    name: str
    version: str
    fingerprint: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A model that is compared with the one in charge, whose fingerprint is ``against``; WATCHED for the one before.

    ``since`` is when it came (aware UTC). ``attempts`` counts starts that have not come to an end; ``said`` is the last
    verdict.
    """

    name: str
    version: str
    fingerprint: str
    against: str
    since: datetime
    attempts: int = 0
    said: str = ""
    days: tuple[DayScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A candidate that will not be tried (again) while its files are those of ``fingerprint``."""

    name: str
    fingerprint: str
    why: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who forecasts one quantity. ``champion`` None is the installed model, and so is ``previous``.

    ``watch`` compares the one in charge, once promoted, with the one before it.
    """

    quantity: str
    champion: Deployment | None = None
    previous: Deployment | None = None
    trials: tuple[Trial, ...] = ()
    watch: Trial | None = None

    def trial(self, name: str) -> Trial | None:
        return next((trial for trial in self.trials if trial.name == name), None)

    def with_trial(self, trial: Trial) -> "Assignment":
        """The same with ``trial`` in the place of that of the same name."""
        others = tuple(other for other in self.trials if other.name != trial.name)
        return replace(self, trials=(*others, trial))

    def promoted(self, seat: Deployment) -> "Assignment":
        """``seat`` in charge, watched against the one before it."""
        before = self.champion
        name, version, copy = (FACTORY[self.quantity], "", "") if before is None else _identity(before)
        watch = Trial(name, version, copy, WATCHED, seat.since)
        trials = tuple(trial for trial in self.trials if trial.name != seat.name)
        return Assignment(self.quantity, seat, before, trials, watch)

    def rolled_back(self) -> "Assignment":
        """The one before in charge again. Trials of others start again, since they were against another."""
        return Assignment(self.quantity, self.previous, None, self.trials)


@dataclass(frozen=True, slots=True)
class ModelRegistry:
    """All posts. A quantity without a post has its installed model in charge and no candidate."""

    format: int = FORMAT
    posts: tuple[Assignment, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def post(self, quantity: str) -> Assignment:
        return next((post for post in self.posts if post.quantity == quantity), Assignment(quantity))

    def with_post(self, post: Assignment) -> "ModelRegistry":
        others = tuple(other for other in self.posts if other.quantity != post.quantity)
        return replace(self, posts=tuple(sorted((*others, post), key=lambda post: post.quantity)))

    def refusal(self, name: str, fingerprint: str) -> Refusal | None:
        return next((old for old in self.refused if (old.name, old.fingerprint) == (name, fingerprint)), None)

    def with_refusal(self, refusal: Refusal) -> "ModelRegistry":
        """Noted, and the trial of that model ended."""
        others = tuple(old for old in self.refused if old.name != refusal.name)
        posts = tuple(
            replace(post, trials=tuple(t for t in post.trials if t.fingerprint != refusal.fingerprint))
            for post in self.posts
        )
        return replace(self, posts=posts, refused=(*others, refusal))

    def without_refusal(self, name: str) -> "ModelRegistry":
        return replace(self, refused=tuple(old for old in self.refused if old.name != name))

    def copies(self) -> set[str]:
        """The fingerprints of all models that must stay on the shelf."""
        seats = [seat for post in self.posts for seat in (post.champion, post.previous) if seat is not None]
        trials = [trial for post in self.posts for trial in post.trials]
        return {seat.fingerprint for seat in seats} | {trial.fingerprint for trial in trials}


@dataclass(frozen=True, slots=True)
class Choice:
    """The folder of the model in charge; ``note`` is a sentence when it is not the one that should be."""

    folder: Path
    note: str | None = None


def models_beside(store: Path) -> Path:
    """The folder of candidates and champions that belongs to a store."""
    return store.parent / "models"


def in_charge(state: Path, installed: Path, quantity: str, wanted: str | None) -> Choice:
    """The model that forecasts ``quantity``: the champion, else the one before it, else the installed one.

    ``state`` is the folder of the store, ``installed`` that of the installed models and ``wanted`` the site file's name
    of one of them; None is the usual one. A copy counts only while its files are those that were promoted and this
    version of the program can use it.
    """
    factory = installed / (wanted or FACTORY[quantity])
    registry, damage = read_registry(state / "models")
    post = registry.post(quantity)
    troubles = [] if damage is None else [damage]
    for seat in (post.champion, post.previous):
        if seat is None:
            break
        folder = folder_of(state / "models", seat.fingerprint, seat.name)
        trouble = _trouble(seat, folder)
        if trouble is None:
            said = "; ".join((*troubles, f"{seat.name} {seat.version}, promoted before it, forecasts {quantity}"))
            return Choice(folder, said if troubles else None)
        troubles.append(trouble)
    if not troubles:
        return Choice(factory)
    return Choice(factory, "; ".join((*troubles, f"the installed model {factory.name} forecasts {quantity}")))


def _trouble(seat: Deployment, folder: Path) -> str | None:
    """Why the copy of a promoted model cannot be in charge."""
    if fingerprint_of(folder) != seat.fingerprint:
        return f"the copy of model {seat.name} {seat.version} in {folder.parent} is gone or was changed"
    try:
        read_card(folder)
    except ModelUnusable as refusal:
        return str(refusal)
    return None


def _identity(seat: Deployment) -> tuple[str, str, str]:
    return seat.name, seat.version, seat.fingerprint


def read_registry(models: Path) -> tuple[ModelRegistry, str | None]:
    """What ``champions.json`` says, and a sentence when it cannot be believed; then nobody was promoted."""
    path = models / FILE
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ModelRegistry(), None
    except OSError as error:
        return ModelRegistry(), f"{path} cannot be read ({error.strerror})"
    try:
        if len(content) > _LARGEST:
            raise WireError(f"it has more than {_LARGEST} bytes")
        registry = from_json(ModelRegistry, content)
        if registry.format != FORMAT:
            raise WireError(f"it has format {registry.format}, this version reads {FORMAT}")
    except (WireError, RecursionError) as error:
        return ModelRegistry(), f"{path} is damaged ({error})"
    return registry, None


def change_registry(models: Path, change: Callable[[ModelRegistry], ModelRegistry]) -> ModelRegistry:
    """Read, change and write ``champions.json`` while nobody else does; durable on return. Raises StoreFailure.

    A damaged file is kept beside as ``champions.damaged.json``.
    """
    try:
        with _alone(models):
            found, damage = read_registry(models)
            if damage is not None:
                (models / FILE).replace(models / "champions.damaged.json")
            changed = change(found)
            if damage is None:
                clear_shelf(models, changed.copies() | found.copies())
            if changed != found or damage is not None:
                write_whole(models / FILE, to_json(changed, digits=7).encode())
            return changed
    except OSError as error:
        raise StoreFailure(f"{models / FILE} cannot be written: {error.strerror}") from error


@contextmanager
def _alone(models: Path) -> Iterator[None]:
    """The folder itself is locked, so that no lock file of one user keeps another out."""
    make_folder(models)
    descriptor = os.open(models, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
