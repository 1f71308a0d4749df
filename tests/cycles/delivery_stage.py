"""A site to which models are delivered: keys and source are scripted, the clock is the test's."""

import random
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from agent.adapters.host.clock import VirtualClock
from agent.cycles.model_delivery import ModelDelivery, Recipient
from agent.delivery_ports import KeysUnusable
from agent.domain.documents import MODEL_DELIVERIES
from agent.domain.model_delivery import ModelManifest
from agent.ports import StoreFailure
from tests.cycles.hearing import Hearing

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST = ModelManifest(
    "own", 3, "https://models.example.org/own", 1000, 100, "a" * 64, "0.1.0", 1, "platform-1", None, "text"
)
AWAITED = "model own, delivery 3, is fetched within 10 minutes"


class ScriptedKeys:
    """Nothing is forged unless its text says so."""

    def __init__(self) -> None:
        self.in_file: set[str] = set()
        self._before: frozenset[str] = frozenset()
        self.trouble: str | None = None
        self.asked = 0

    def recall(self, revoked: Collection[str]) -> None:
        self._before = frozenset(revoked)

    async def revoked(self) -> frozenset[str]:
        if self.trouble is not None:
            raise KeysUnusable(self.trouble)
        return self._before | self.in_file

    async def refusal(self, manifest: ModelManifest) -> str | None:
        self.asked += 1
        if manifest.key in await self.revoked():
            return "its key was revoked"
        return "the signature is not that of the key" if manifest.signed == "forged" else None


class ScriptedSource:
    """``answers`` are raised one after the other; then all goes well."""

    def __init__(self) -> None:
        self.answers: list[Exception | None] = []
        self.fetched: list[tuple[str, int]] = []
        self.admitted: list[tuple[str, int]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def fetch(self, manifest: ModelManifest, awaited: Sequence[str]) -> None:
        assert manifest.sha256 in awaited
        self.fetched.append((manifest.name, manifest.version))
        self.meanwhile()
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer

    async def admit(self, manifest: ModelManifest) -> None:
        self.admitted.append((manifest.name, manifest.version))


class DeliveryStage:
    def __init__(self, seed: int = 1) -> None:
        self.clock = VirtualClock(NOON)
        self.hearing, self.keys, self.source = Hearing(self.clock), ScriptedKeys(), ScriptedSource()
        self.kept: dict[str, str] = {}
        self.store_works = True
        self._chance = random.Random(seed)
        self.start()

    def start(self, document: str | None = None) -> None:
        here = Recipient("home-1", "0.2.0")
        self.delivery = ModelDelivery(
            self.clock, self.hearing.alarms, self._keep, self.keys, self.source, here, self._chance
        )
        self.delivery.recall(document)

    def restart(self) -> None:
        self.start(self.kept.get(MODEL_DELIVERIES.name))

    async def hear(self, *manifests: ModelManifest) -> None:
        for manifest in manifests:
            assert self.delivery.take(manifest) is None
        await self.delivery.step()

    async def pass_s(self, seconds: float, step_s: float = 5.0) -> None:
        for _ in range(int(seconds // step_s)):
            self.clock.advance_to(self.clock.now() + timedelta(seconds=step_s))
            await self.delivery.step()

    def told(self) -> list[str]:
        return [text for _, _, text in self.hearing.told]

    async def _keep(self, name: str, document: str) -> None:
        if not self.store_works:
            raise StoreFailure("the disk is full")
        self.kept[name] = document
