"""What the platform had said, out of the store's documents. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.domain.documents import INPUTS
from agent.domain.inputs import MESSAGES, Inputs, PlatformInput
from agent.domain.sentence import sentence_of
from agent.domain.wire import WireError
from agent.ports import PayloadRefused

# Name (``tariff``) and text of a message to what it says. Raises PayloadRefused.
ParseMessage = Callable[[str, str], PlatformInput]
KEPT_INPUTS = (INPUTS.name, *(f"input/{name}" for name in MESSAGES))


@dataclass(frozen=True, slots=True)
class KeptInputs:
    """``said`` is all that was taken, None where nothing of it can be read; ``messages`` are the last of each kind.

    ``unreadable`` has a name (``inputs``, ``tariff``) and the reason for each document that cannot be read.
    """

    said: Inputs | None
    messages: tuple[tuple[str, PlatformInput], ...]
    unreadable: tuple[tuple[str, str], ...]

    @property
    def together(self) -> Inputs:
        """Everything that was said, by its own time of issue."""
        whole = self.said or Inputs()
        for _, message in self.messages:
            whole = whole.joined_by(message)
        return whole


def read_kept_inputs(documents: Mapping[str, str], parse: ParseMessage) -> KeptInputs:
    """``documents`` are kept texts by name; those that are no inputs are passed over, those of KEPT_INPUTS may lack."""
    said: Inputs | None = None
    messages: list[tuple[str, PlatformInput]] = []
    unreadable: list[tuple[str, str]] = []
    if INPUTS.name in documents:
        try:
            said = INPUTS.read(documents[INPUTS.name])
        except WireError as error:
            unreadable.append((INPUTS.name, str(error)))
    for name in MESSAGES:
        text = documents.get(f"input/{name}")
        if text is None:
            continue
        try:
            messages.append((name, parse(name, text)))
        except PayloadRefused as error:
            unreadable.append((name, sentence_of(error)))
    return KeptInputs(said, tuple(messages), tuple(unreadable))
