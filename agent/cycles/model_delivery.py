"""Models that the platform delivers: which manifest counts, when its file is fetched, and what has become of it."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from agent.cycles.alarms import Alarms
from agent.cycles.retry import Retry
from agent.delivery_ports import FetchFailure, KeysUnusable, ModelKeys, ModelRefused, ModelSource
from agent.domain.alarms import EventKind, Severity
from agent.domain.documents import MODEL_DELIVERIES
from agent.domain.model_delivery import Deliveries, Delivery, DeliveryState, ModelManifest, refusal_here
from agent.domain.sentence import sentence_of
from agent.domain.sentences import models as say
from agent.domain.wire import to_json
from agent.ports import Clock, StoreFailure

DELAY_S = 600.0
"""A fleet that hears of a model at the same time fetches it within this time (Electric Vehicles (Smart Charge Points)
Regulations 2021, UK: a random delay of 0 to 600 s)."""

FETCH_RESTS_S = (60.0, 300.0, 1800.0, 7200.0, 21600.0, 86400.0)
MOST_WAITING = 8
TOLD_EVERY_S = 60.0
LOOK_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Recipient:
    """The site that models are delivered to."""

    site_id: str
    agent_version: str


@dataclass(slots=True)
class _Pace:
    """When the file of one manifest may be fetched (monotonic, s)."""

    from_s: float
    retry: Retry = field(default_factory=lambda: Retry(FETCH_RESTS_S))
    told: str = ""

    def rests(self, now_s: float) -> bool:
        return now_s < self.from_s or self.retry.rests(now_s)


class ModelDelivery:
    """``take`` every manifest that comes, ``recall`` once the store is open, then run ``step`` every few seconds.

    A manifest waits for the next step, the newest ``MOST_WAITING`` of them: a flood of forged ones costs one look at
    each of these. What is known of every name, and which keys were revoked, is kept in the store before anything is
    fetched: ``keep`` writes a document and returns when it is durable. ``step`` does not raise.
    """

    def __init__(
        self,
        clock: Clock,
        alarms: Alarms,
        keep: Callable[[str, str], Awaitable[None]],
        keys: ModelKeys,
        source: ModelSource,
        here: Recipient,
        chance: random.Random,
    ) -> None:
        self._clock, self._alarms, self._keep = clock, alarms, keep
        self._keys, self._source, self._here, self._chance = keys, source, here, chance
        self._waiting: list[ModelManifest] = []
        self._paces: dict[str, _Pace] = {}
        self._recalled = False
        self._is_kept, self._look_at = True, clock.monotonic()
        self._told_at, self._untold, self._keys_told = -TOLD_EVERY_S, 0, ""
        self.deliveries = Deliveries()

    def recall(self, document: str | None) -> None:
        """Go on with what was known before the start. One that cannot be read counts as none."""
        known = self._alarms.read_kept(MODEL_DELIVERIES, document, "deliveries of models")
        self.deliveries = known or Deliveries()
        self._keys.recall(self.deliveries.revoked)
        self._recalled = True

    def take(self, manifest: ModelManifest) -> str | None:
        """Never refused at once: the next step judges it, and tells what it refuses."""
        self._waiting = [*(one for one in self._waiting if one != manifest), manifest][-MOST_WAITING:]
        return None

    async def step(self) -> None:
        """Judge what has come, and fetch what is due."""
        if not self._recalled:
            return  # nobody knows yet which versions were here before
        await self._look_at_keys_again()
        waiting, self._waiting = self._waiting, []
        for manifest in waiting:
            await self._judge(manifest)
        if not await self._is_durable():
            return
        due = [one for one in self.deliveries.awaited() if not self._pace(one).rests(self._clock.monotonic())]
        if due:
            await self._deliver(min(due, key=lambda one: self._pace(one).retry.failures))

    def facts(self) -> list[Mapping[str, object]]:
        """The newest delivery of every name, as plain JSON values."""
        return [
            {
                "name": one.manifest.name,
                "version": one.manifest.version,
                "sha256": one.manifest.sha256,
                "state": one.state.value,
                "reason": one.reason,
            }
            for one in self.deliveries.newest
        ]

    async def _judge(self, manifest: ModelManifest) -> None:
        known = self.deliveries.of(manifest.name)
        if known is not None and known.manifest.is_of(manifest):
            return  # the one that the broker keeps, which comes again with every connection
        try:
            refusal = refusal_here(manifest, self._here.site_id, self._here.agent_version, self.deliveries)
            refusal = refusal or await self._not_signed(manifest)
        except KeysUnusable as error:
            self._wait_for_keys(manifest, sentence_of(error))
            return
        if refusal is not None:
            self._tell_refused(manifest, refusal)
            return
        accepted = Delivery(manifest, DeliveryState.AWAITED, self._clock.now())
        self._note(accepted)
        self._paces.pop(manifest.name, None)
        self._pace(accepted)
        told = say.model_awaited(model=manifest.name, release=manifest.version, delay_s=DELAY_S)
        self._alarms.note(EventKind.MODEL_DELIVERY, told)

    async def _not_signed(self, manifest: ModelManifest) -> str | None:
        """Why the manifest is not to be believed. Raises KeysUnusable. What is revoked by now stays so."""
        await self._look_at_keys()
        return await self._keys.refusal(manifest)

    async def _look_at_keys(self) -> None:
        """Raises KeysUnusable."""
        revoked = await self._keys.revoked()
        self._keys_told = ""
        if revoked != set(self.deliveries.revoked):
            self.deliveries, self._is_kept = self.deliveries.with_revoked(revoked), False

    def _wait_for_keys(self, manifest: ModelManifest, why: str) -> None:
        """It is judged again with the next step."""
        self._waiting = [*self._waiting, manifest][-MOST_WAITING:]
        self._tell_keys(why)

    def _tell_keys(self, why: str) -> None:
        if why != self._keys_told:
            self._keys_told = why
            told = say.model_keys_unusable(cause=why)
            self._alarms.note(EventKind.MODEL_DELIVERY, told, severity=Severity.WARNING)

    async def _look_at_keys_again(self) -> None:
        """A key that is revoked now is not believed later, also after a start, when an older file has come back."""
        if self._clock.monotonic() >= self._look_at:
            try:
                await self._look_at_keys()
                self._look_at = self._clock.monotonic() + LOOK_EVERY_S
            except KeysUnusable as error:
                self._tell_keys(sentence_of(error))

    async def _is_durable(self) -> bool:
        if self._is_kept:
            return True
        try:
            await self._keep(MODEL_DELIVERIES.name, to_json(self.deliveries))
        except StoreFailure:
            return False  # the recording of minutes says so
        self._is_kept = True
        return True

    async def _deliver(self, delivery: Delivery) -> None:
        manifest, pace, began_s = delivery.manifest, self._pace(delivery), self._clock.monotonic()
        try:
            refusal = await self._not_signed(manifest)  # its key may have been revoked since
            if refusal is not None:
                raise ModelRefused(refusal)
            await self._source.fetch(manifest, [one.manifest.sha256 for one in self.deliveries.awaited()])
            await self._source.admit(manifest)
        except (FetchFailure, KeysUnusable) as failure:
            pace.retry.failed(began_s, self._clock.monotonic())
            self._not_yet(delivery, pace, sentence_of(failure))
        except ModelRefused as refused:
            self._end(delivery, DeliveryState.REFUSED, str(refused))
            told = say.model_refused(model=manifest.name, release=manifest.version, cause=refused.args[0])
            self._alarms.note(EventKind.MODEL_REFUSED, told)
        else:
            self._end(delivery, DeliveryState.DELIVERED)
            told = say.model_delivered(model=manifest.name, release=manifest.version)
            self._alarms.note(EventKind.MODEL_DELIVERY, told)
        await self._is_durable()

    def _end(self, delivery: Delivery, state: DeliveryState, reason: str = "") -> None:
        self._paces.pop(delivery.manifest.name, None)
        self._note(replace(delivery, state=state, at=self._clock.now(), reason=reason))

    def _not_yet(self, delivery: Delivery, pace: _Pace, why: str) -> None:
        """Told once for as long as the reason stays the same."""
        if why != delivery.reason:
            self._note(replace(delivery, reason=why))
        if why != pace.told:
            pace.told = why
            told = say.model_not_fetched(model=delivery.manifest.name, release=delivery.manifest.version, cause=why)
            self._alarms.note(EventKind.MODEL_DELIVERY, told, severity=Severity.WARNING)

    def _note(self, delivery: Delivery) -> None:
        self.deliveries, self._is_kept = self.deliveries.joined_by(delivery), False

    def _pace(self, delivery: Delivery) -> _Pace:
        """After a start, too, its time is drawn anew: a fleet that comes back at once does not fetch at once."""
        name = delivery.manifest.name
        if name not in self._paces:
            self._paces[name] = _Pace(self._clock.monotonic() + self._chance.uniform(0.0, DELAY_S))
        return self._paces[name]

    def _tell_refused(self, manifest: ModelManifest, why: str) -> None:
        """Once a minute: a flood of forged manifests is no flood of events."""
        now = self._clock.monotonic()
        if now - self._told_at < TOLD_EVERY_S:
            self._untold += 1
            return
        cause = why + (f" (and {self._untold} more before it)" if self._untold else "")
        self._told_at, self._untold = now, 0
        told = say.model_refused(model=manifest.name, release=manifest.version, cause=cause)
        self._alarms.note(EventKind.MODEL_REFUSED, told)
