"""What the platform may say of a model: a manifest, as a strict model with limits."""

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from agent.adapters.mqtt.input_messages import Message
from agent.domain.model_delivery import MOST_BYTES, ModelManifest
from agent.domain.wire import WireError

LONGEST_MANIFEST = 8 * 1024
LONGEST_KEY = 40


def _of_a_server(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname or "@" in parts.netloc or parts.fragment or parts.port == 0:
        raise ValueError("it names no server, or a user, a fragment or port 0")
    return url


class ManifestMessage(Message):
    """A manifest. All of its members are signed, also those that are not known here."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    version: Annotated[int, Field(ge=1, le=2**53)]
    url: Annotated[str, Field(pattern=r"^https?://[!-~]{1,1000}$"), AfterValidator(_of_a_server)]
    size: Annotated[int, Field(ge=2, le=MOST_BYTES)]
    card_size: Annotated[int, Field(ge=1, le=MOST_BYTES)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    min_agent: Annotated[str, Field(pattern=r"^\d{1,4}(\.\d{1,4}){0,2}$")]
    model_schema: Annotated[int, Field(ge=1, le=1000)]
    key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]
    signature: Annotated[str, Field(min_length=1, max_length=100)]
    id: Annotated[str, Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _has_both_parts(self) -> "ManifestMessage":
        if self.card_size >= self.size:
            raise ValueError("card_size is not less than size")
        if self.name == "kept":
            raise ValueError("a model cannot be named kept")
        return self

    def frozen(self, text: str) -> ModelManifest:
        return ModelManifest(
            self.name, self.version, self.url, self.size, self.card_size, self.sha256, self.min_agent,
            self.model_schema, self.key, self.id, text,
        )  # fmt: skip


def said_once(text: str) -> str:
    """``text``, in which no member stands twice: what is read here is what the key has signed. Raises WireError."""
    if len(text) > LONGEST_MANIFEST:
        raise WireError(f"{len(text)} characters are more than the {LONGEST_MANIFEST} that are allowed")

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(members)
        if len(found) < len(members):
            raise WireError("a member stands there twice")
        return found

    json.loads(text, object_pairs_hook=once)
    return text
