"""The platform's keys as models need them: the file is read anew each time, beside the event loop."""

import asyncio
import json
from collections.abc import Collection
from pathlib import Path

from agent.adapters.host.signing_keys import KeysRefused, NotSigned, Purpose, SigningKeys, read_signing_keys
from agent.delivery_ports import KeysUnusable
from agent.domain.model_delivery import ModelManifest


class FileModelKeys:
    """Implements ``agent.delivery_ports.ModelKeys``. The library that verifies is loaded with the first manifest."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def revoked(self, known: Collection[str]) -> frozenset[str]:
        keys = await asyncio.to_thread(self._read, known)
        return keys.revoked

    async def refusal(self, manifest: ModelManifest, known: Collection[str]) -> str | None:
        return await asyncio.to_thread(self._refusal, manifest, known)

    def _read(self, known: Collection[str]) -> SigningKeys:
        try:
            return read_signing_keys(self._path).without(known)
        except KeysRefused as error:
            raise KeysUnusable(str(error)) from error
        except OSError as error:
            raise KeysUnusable(f"{self._path} cannot be read: {error.strerror}") from error

    def _refusal(self, manifest: ModelManifest, known: Collection[str]) -> str | None:
        keys = self._read(known)
        try:
            keys.verify(Purpose.MODEL, json.loads(manifest.signed))
        except NotSigned as error:
            return str(error)
        return None
