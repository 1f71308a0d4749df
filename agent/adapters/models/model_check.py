"""Opens a model from elsewhere in a process of its own, so that whatever it does ends there. `python -m` runs it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.models.model_card import ModelCard, read_card
from agent.adapters.models.model_file import read_files
from agent.adapters.processes.memory_limit import limit_memory
from agent.domain.request import Place
from agent.domain.sentences import model_faults as say
from agent.domain.wire import WireError, from_json, to_json
from agent.forecasting.forecaster import ModelUnusable

DEADLINE_S = 30.0
MEMORY_MB = 400
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class _Refused:
    """How the process tells why, on its last line."""

    reason: str


def check_model(folder: Path, deadline_s: float = DEADLINE_S, memory_mb: int = MEMORY_MB) -> ModelCard:
    """The card of the model in ``folder``, which has passed every check up to its self-test. Raises ModelUnusable."""
    read_files(folder)
    card = read_card(folder)
    command = [sys.executable, "-P", "-m", "agent.adapters.models.model_check", str(folder), str(memory_mb)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=deadline_s, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        raise ModelUnusable(card.name, say.self_test_late(within_s=deadline_s)) from None
    except OSError as error:
        raise ModelUnusable(card.name, say.self_test_not_started(cause=error.strerror or str(error))) from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ModelUnusable(card.name, _reason(said[-1]) if said else say.self_test_ended(ending=done.returncode))
    return card


def _reason(line: str) -> str:
    """What the process says last: why it refuses, or the words of whatever ended it."""
    try:
        reason = from_json(_Refused, line).reason
    except WireError:
        reason = line
    return reason if len(reason) <= LONGEST_REASON else reason[:LONGEST_REASON]


def main() -> int:
    from agent.adapters.models.onnx_models import open_model

    folder = Path(sys.argv[1])
    limit_memory(int(sys.argv[2]))
    try:
        card = read_card(folder)
        open_model(folder, card.quantity, Place(0.0, 0.0, "UTC"), 1.0)
    except ModelUnusable as refusal:
        print(to_json(_Refused(refusal.reason)), file=sys.stderr)
        return 1
    except MemoryError:
        print(to_json(_Refused(say.model_needs_memory())), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
