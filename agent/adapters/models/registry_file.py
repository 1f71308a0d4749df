"""The file that says which models are in charge. Without numpy."""

from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.sentences.models import registry_damaged, registry_unreadable
from agent.domain.wire import WireError, from_json

if TYPE_CHECKING:
    from agent.domain.model_registry import ModelRegistry

FILE = "champions.json"
_LARGEST = 1_000_000


def models_beside(store: Path) -> Path:
    """The folder of candidates and champions that belongs to a store."""
    return store.parent / "models"


def nobody_promoted(models: Path) -> bool:
    """Whether there is no ``champions.json``, so that a planner need not load what reads it."""
    try:
        (models / FILE).lstat()
    except FileNotFoundError:
        return True
    except OSError:  # ``read_registry`` says it
        return False
    return False


def read_registry(models: Path) -> "tuple[ModelRegistry, str | None]":
    """What ``champions.json`` says, and a sentence when it cannot be believed; then nobody was promoted."""
    from agent.domain.model_registry import FORMAT, ModelRegistry

    path = models / FILE
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ModelRegistry(), None
    except OSError as error:
        return ModelRegistry(), registry_unreadable(path=str(path), cause=error.strerror or str(error))
    try:
        if len(content) > _LARGEST:
            raise WireError(f"it has more than {_LARGEST} bytes")
        registry = from_json(ModelRegistry, content, newer=True)
        if registry.format != FORMAT:
            raise WireError(f"it has format {registry.format}, this version reads {FORMAT}")
    except (WireError, RecursionError) as error:
        return ModelRegistry(), registry_damaged(path=str(path), cause=str(error))
    return registry, None
