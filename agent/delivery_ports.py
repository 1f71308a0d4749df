"""The seams of model delivery. A port's exceptions live with the port."""

from collections.abc import Collection, Sequence
from typing import Protocol

from agent.domain.model_delivery import ModelManifest


class KeysUnusable(Exception):
    """The file of keys cannot be read now. ``str()`` says why in one sentence."""


class ModelKeys(Protocol):
    """The keys by which the platform signs models, read anew where the file has changed."""

    def recall(self, revoked: Collection[str]) -> None:
        """These ids were revoked before the start; they stay so."""
        ...

    async def revoked(self) -> frozenset[str]:
        """The ids of all keys that are, or were once, revoked. Raises KeysUnusable."""
        ...

    async def refusal(self, manifest: ModelManifest) -> str | None:
        """Why no key that may sign it has signed it; None when one has. Raises KeysUnusable."""
        ...


class FetchFailure(Exception):
    """A model is not here; another time it may be. ``str()`` says why in one sentence."""


class ModelRefused(Exception):
    """The file is here, and it is not what was signed or not what may run. ``str()`` says why in one sentence."""


class ModelSource(Protocol):
    """Where models come from. Each of the two may be interrupted at any instant and asked again."""

    async def fetch(self, manifest: ModelManifest, awaited: Sequence[str]) -> None:
        """Return when the file is on the disk, whole and the one that was signed. Raises FetchFailure, ModelRefused.

        What is there of other files goes, unless their hash is ``awaited``.
        """
        ...

    async def admit(self, manifest: ModelManifest) -> None:
        """Check the fetched model and put it among the candidates. Raises FetchFailure, ModelRefused."""
        ...
