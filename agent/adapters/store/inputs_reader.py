"""What the platform has said, for commands that read the store."""

from functools import partial
from pathlib import Path

from agent.adapters.mqtt.incoming_messages import parse_input
from agent.adapters.store.store_reader import kept_documents
from agent.domain.inputs import Inputs
from agent.site_conditions.kept_inputs import read_kept_inputs


def inputs_of(path: Path, currency: str) -> Inputs:
    """All that was said and still counts, prices in ``currency``. What cannot be used is left out, as the agent does.

    Raises StoreFailure.
    """
    return read_kept_inputs(kept_documents(path), partial(parse_input, currency=currency)).together
