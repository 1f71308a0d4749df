"""Which model is in charge of each quantity on this site, and what the trials of others have shown so far.

Beside the store lies a folder ``models``: candidates are dropped into it as folders, ``champions.json`` says who is in
charge, and ``kept`` holds a copy of every model that is in charge, was, or is on trial, by the hash of its files. So a
candidate may be overwritten or removed at any moment. Without a word here the installed model is in charge.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.host.durable_files import make_folder, write_whole
from agent.adapters.models.model_archive import clear_shelf, fingerprint_of, folder_of
from agent.adapters.models.model_card import read_card
from agent.adapters.models.registry_file import FILE, read_registry
from agent.domain.model_registry import FACTORY, Deployment, ModelRegistry
from agent.domain.sentences import models as say
from agent.domain.sentences.joined import joined
from agent.domain.wire import to_json
from agent.forecasting.forecaster import ModelUnusable
from agent.ports import StoreFailure


@dataclass(frozen=True, slots=True)
class Choice:
    """The folder of the model in charge; ``note`` is a sentence when it is not the one that should be."""

    folder: Path
    note: str | None = None


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
            if not troubles:
                return Choice(folder)
            said = say.earlier_model_forecasts(
                told=joined(troubles), model=f"{seat.name} {seat.version}", quantity=quantity
            )
            return Choice(folder, said)
        troubles.append(trouble)
    if not troubles:
        return Choice(factory)
    told = joined(troubles)
    return Choice(factory, say.installed_model_forecasts(told=told, model=factory.name, quantity=quantity))


def _trouble(seat: Deployment, folder: Path) -> str | None:
    """Why the copy of a promoted model cannot be in charge."""
    if fingerprint_of(folder) != seat.fingerprint:
        return say.model_copy_gone(model=f"{seat.name} {seat.version}", path=str(folder.parent))
    try:
        read_card(folder)
    except ModelUnusable as refusal:
        return refusal.said
    return None


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
