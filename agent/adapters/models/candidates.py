"""Models that were dropped into the models folder, and how they come to a trial."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from agent.adapters.models.model_archive import fingerprint, keep
from agent.adapters.models.model_card import ModelCard
from agent.adapters.models.model_check import check_model
from agent.adapters.models.model_file import ModelFiles, read_files
from agent.adapters.models.model_registry import change_registry
from agent.domain.model_registry import ModelRegistry, Refusal, Trial
from agent.domain.sentences import model_trials as say
from agent.forecasting.forecaster import ModelUnusable
from agent.ports import StoreFailure

MOST_TRIALS = 4
FAIR_TRIAL = timedelta(days=16)
"""A newer model of the same name waits this long: two weeks of live days, and two more until those have passed."""


def candidate_folders(models: Path) -> list[Path]:
    """What lies in the models folder as a model would, by name. Raises StoreFailure when it cannot be read."""
    try:
        with os.scandir(models) as entries:
            found = [entry for entry in entries if entry.is_symlink() or entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreFailure(f"the models folder {models} cannot be read: {error.strerror}") from error
    return sorted(models / entry.name for entry in found if entry.name != "kept" and not entry.name.startswith("."))


def enrol(models: Path, now: datetime) -> list[str]:
    """Check what is new in the models folder and put it on trial; a sentence for each that came or was refused.

    Trials end whose folder is gone. Raises StoreFailure.
    """
    folders = candidate_folders(models)
    if not folders and not (models / "champions.json").exists():
        return []
    sentences: list[str] = []

    def look(registry: ModelRegistry) -> ModelRegistry:
        registry = _without_absent(registry, {folder.name for folder in folders})
        for folder in folders:
            registry = _enrolled(registry, models, folder, now, sentences)
        return registry

    change_registry(models, look)
    return sentences


def _without_absent(registry: ModelRegistry, names: set[str]) -> ModelRegistry:
    posts = tuple(replace(post, trials=tuple(t for t in post.trials if t.name in names)) for post in registry.posts)
    return replace(registry, posts=posts)


def _enrolled(
    registry: ModelRegistry, models: Path, folder: Path, now: datetime, sentences: list[str]
) -> ModelRegistry:
    digest = ""
    try:
        files = read_files(folder)
        digest = fingerprint(files)
        if registry.refusal(folder.name, digest) or _waits(registry, folder.name, digest, now):
            return registry
        card = _checked_copy(models, files)
    except ModelUnusable as refusal:
        if registry.refusal(folder.name, digest):
            return registry
        sentences.append(say.candidate_refused(model=folder.name, cause=refusal.reason))
        return registry.with_refusal(Refusal(folder.name, digest, refusal.reason))
    post = registry.post(card.quantity)
    if post.trial(card.name) is None and len(post.trials) >= MOST_TRIALS:
        return registry  # it waits for a place
    sentences.append(say.model_on_trial(model=f"{card.name} {card.version}", quantity=card.quantity))
    return registry.with_post(post.with_trial(Trial(card.name, card.version, digest, "", now)))


def _waits(registry: ModelRegistry, name: str, digest: str, now: datetime) -> bool:
    """Whether it is in charge or on trial already, or an older one of its name is and has not had a fair trial yet."""
    if digest in registry.copies():
        return True
    older = [trial for post in registry.posts for trial in post.trials if trial.name == name]
    return any(now - trial.since < FAIR_TRIAL for trial in older)


def _checked_copy(models: Path, files: ModelFiles) -> ModelCard:
    """The card of a whole copy on the shelf, which no one writes to while it is checked. Raises ModelUnusable."""
    try:
        return check_model(keep(models, files))
    except OSError as error:
        raise StoreFailure(f"a copy of model {files.name} cannot be kept: {error.strerror}") from error
