"""Which model forecasts each quantity, by its hash, for the platform. Without numpy."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from agent.adapters.models.fingerprint import fingerprint_of_bytes
from agent.adapters.models.registry_file import read_registry
from agent.ports import Clock

EVERY_S = 60.0
WITHIN_S = 1.0


class DeployedModels:
    """``found`` has, by quantity, the name of the model, its version once one was promoted, and its fingerprint.

    ``models`` is the folder of candidates and champions, ``installed`` the folder of the installed model by quantity.
    """

    def __init__(self, clock: Clock, models: Path, installed: Mapping[str, Path]) -> None:
        self._clock, self._models, self._installed = clock, models, installed
        self._factory: dict[str, dict[str, str]] = {}
        self._looked_s: float | None = None
        self.found: Mapping[str, Mapping[str, str]] = {}

    async def look(self, connected: bool) -> None:
        """Once, and then now and then while there is no connection: the platform is told with the next one."""
        now = self._clock.monotonic()
        if self._looked_s is None or (not connected and now - self._looked_s >= EVERY_S):
            self._looked_s = now
            with suppress(TimeoutError):  # a disk that hangs: what else is to be sent does not wait for it
                async with asyncio.timeout(WITHIN_S):
                    self.found = await asyncio.to_thread(self._read)

    def _read(self) -> Mapping[str, Mapping[str, str]]:
        registry, _ = read_registry(self._models)
        found = {}
        for quantity, folder in self._installed.items():
            champion = registry.post(quantity).champion
            if champion is None:
                found[quantity] = self._of_factory(quantity, folder)
            else:
                words = {"name": champion.name, "version": champion.version, "fingerprint": champion.fingerprint}
                found[quantity] = words
        return found

    def _of_factory(self, quantity: str, folder: Path) -> Mapping[str, str]:
        """Read once: it changes with the program alone."""
        if quantity not in self._factory:
            words = {"name": folder.name}
            with suppress(OSError):
                card, model = ((folder / file).read_bytes() for file in ("card.json", "model.onnx"))
                words["fingerprint"] = fingerprint_of_bytes(card, model)
            self._factory[quantity] = words
        return self._factory[quantity]
