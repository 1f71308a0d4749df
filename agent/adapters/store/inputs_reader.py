"""What the platform has said, for commands that read the store."""

from contextlib import suppress
from pathlib import Path

from agent.adapters.mqtt.payloads import JsonPayloads
from agent.adapters.store.store_reader import kept
from agent.domain.inputs import DOCUMENT, MESSAGES, Inputs
from agent.domain.wire import WireError, from_json
from agent.ports import PayloadRefused


def inputs_of(path: Path, payloads: JsonPayloads) -> Inputs:
    """All that was said and still counts. What cannot be used is left out, as the agent does without it.

    Raises StoreFailure.
    """
    said, document = Inputs(), kept(path, DOCUMENT)
    if document is not None:
        with suppress(WireError):
            said = from_json(Inputs, document)
    for name in MESSAGES:
        message = kept(path, f"input/{name}")
        if message is not None:
            with suppress(PayloadRefused):
                said = said.joined_by(payloads.parse(f"down/input/{name}", message.encode()))  # type: ignore[arg-type]
    return said
