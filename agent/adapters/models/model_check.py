"""Opens a model from elsewhere in a process of its own, so that whatever it does ends there. `python -m` runs it."""

import subprocess
import sys
from pathlib import Path

from agent.adapters.models.model_card import ModelCard, read_card
from agent.adapters.models.model_file import read_files
from agent.adapters.processes.memory_limit import limit_memory
from agent.domain.request import Place
from agent.forecasting.forecaster import ModelUnusable

DEADLINE_S = 30.0
MEMORY_MB = 400


def check_model(folder: Path, deadline_s: float = DEADLINE_S, memory_mb: int = MEMORY_MB) -> ModelCard:
    """The card of the model in ``folder``, which has passed every check up to its self-test. Raises ModelUnusable."""
    read_files(folder)
    card = read_card(folder)
    command = [sys.executable, "-P", "-m", "agent.adapters.models.model_check", str(folder), str(memory_mb)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=deadline_s, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        raise ModelUnusable(card.name, f"it did not pass its self-test within {deadline_s:g} s") from None
    except OSError as error:
        raise ModelUnusable(card.name, f"the process to check it could not be started: {error.strerror}") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1][:300] if said else f"the process that opened it ended with code {done.returncode}"
        raise ModelUnusable(card.name, reason)
    return card


def main() -> int:
    from agent.adapters.models.onnx_models import open_model

    folder = Path(sys.argv[1])
    limit_memory(int(sys.argv[2]))
    try:
        card = read_card(folder)
        open_model(folder, card.quantity, Place(0.0, 0.0, "UTC"), 1.0)
    except ModelUnusable as refusal:
        print(refusal.reason, file=sys.stderr)
        return 1
    except MemoryError:
        print("it needs more memory than a plan may have", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
