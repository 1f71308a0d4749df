"""A model that the platform delivers: the signed manifest, how far it has come here, and what is asked of a download.

The file of a model is its ``card.json`` and then its ``model.onnx``, one behind the other: there is no archive to
open. ``card_size`` of the manifest says where the first ends.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

MODEL_SCHEMA = 1
"""The format of card.json that this version reads; ``adapters.models.model_card.CARD_FORMAT``."""

MOST_BYTES = 20_000_000
"""Of the file of a model."""

MOST_NAMES = 32
"""Names of models that a site knows the newest version of."""


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """What the platform signed. ``version`` grows with every delivery of ``name``; sizes are in bytes.

    ``sha256`` is over the whole file, in hexadecimal. ``audience`` is the one site it is for, None: any. ``signed`` is
    the JSON text as it came, which ``key`` has signed.
    """

    name: str
    version: int
    url: str
    size: int
    card_size: int
    sha256: str
    min_agent: str
    model_schema: int
    key: str
    audience: str | None
    signed: str

    def is_of(self, other: "ModelManifest") -> bool:
        """Whether both deliver the same file as the same version."""
        mine = (self.name, self.version, self.size, self.card_size, self.sha256)
        return mine == (other.name, other.version, other.size, other.card_size, other.sha256)


class DeliveryState(Enum):
    """How far a delivery has come."""

    AWAITED = "awaited"
    DELIVERED = "delivered"  # it lies among the candidates, and the nightly trial looks at it
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The newest manifest of a name. ``reason``: why it is refused, or was not fetched yet. ``at`` is UTC."""

    manifest: ModelManifest
    state: DeliveryState
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """One a name, which stays when its model has gone: no older version comes after it.

    ``revoked`` are the ids of keys that were once revoked, so that an older file of keys does not bring them back.
    """

    newest: tuple[Delivery, ...] = ()
    revoked: tuple[str, ...] = ()

    def of(self, name: str) -> Delivery | None:
        return next((one for one in self.newest if one.manifest.name == name), None)

    def awaited(self) -> tuple[Delivery, ...]:
        return tuple(one for one in self.newest if one.state is DeliveryState.AWAITED)

    def joined_by(self, delivery: Delivery) -> "Deliveries":
        """With ``delivery`` in the place of the one of its name."""
        others = tuple(one for one in self.newest if one.manifest.name != delivery.manifest.name)
        return replace(self, newest=(*others, delivery))

    def with_revoked(self, ids: frozenset[str]) -> "Deliveries":
        return replace(self, revoked=tuple(sorted(ids | set(self.revoked))))


@dataclass(frozen=True, slots=True)
class Fetch:
    """What a process is asked for. ``models`` is the folder of candidates; ``awaited`` are the hashes of all files that
    are still wanted. ``ca_file`` None: the system's authorities. ``spare_bytes`` stay free on the disk.
    """

    manifest: ModelManifest
    models: str
    awaited: tuple[str, ...] = ()
    ca_file: str | None = None
    plain_http: bool = False
    spare_bytes: int = 0


class FetchState(Enum):
    """How it ended: done, to be tried again, or never to be taken."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a process. ``reason`` is one sentence unless it is done."""

    state: FetchState
    reason: str = ""


def refusal_here(manifest: ModelManifest, site_id: str, agent_version: str, known: Deliveries) -> str | None:
    """Why this site does not take the manifest, whoever signed it; None when it may."""
    if manifest.audience not in (None, site_id):
        return "it is for another site"
    if manifest.model_schema != MODEL_SCHEMA:
        return f"its model is of schema {manifest.model_schema}, this version reads {MODEL_SCHEMA}"
    if release(manifest.min_agent) > release(agent_version):
        return f"its model needs version {manifest.min_agent} of the agent, this is {agent_version}"
    before = known.of(manifest.name)
    if before is None:
        return None if len(known.newest) < MOST_NAMES else f"this site knows {MOST_NAMES} names of models already"
    if manifest.version <= before.manifest.version:
        return f"version {manifest.version} is not newer than {before.manifest.version}, which was here before"
    return None


def release(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with, to compare by: 0.10.1 is after 0.9."""
    found = re.match(r"\d{1,9}(?:\.\d{1,9}){0,2}", version)
    numbers = [int(number) for number in found[0].split(".")] if found else []
    return tuple((*numbers, 0, 0, 0)[:3])
