"""The daemon with its control steps timed: ``watched_steps.py FILE run --config SITE``.

At its end it writes FILE: a JSON list of when each step began (monotonic, s) and how long it took (s).
"""

import json
import sys
import time
from pathlib import Path

from agent.__main__ import main
from agent.cycles.control import Control


def watched(target: Path, arguments: list[str]) -> int:
    """Exit code of the daemon."""
    found: list[tuple[float, float]] = []
    step = Control.step

    async def timed(self: Control) -> None:
        began = time.monotonic()
        await step(self)
        found.append((began, time.monotonic() - began))

    Control.step = timed  # type: ignore[method-assign]
    try:
        return main(arguments)
    finally:
        target.write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    sys.exit(watched(Path(sys.argv[1]), sys.argv[2:]))
