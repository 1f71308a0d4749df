"""A child of the fleet: a line of JSON in is an order, a line of JSON out its answer. It ends with its input."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class ChildLost(Exception):
    """A process of the fleet ended. ``str()`` says which, and its last words."""


class Child:
    """``ask`` waits for the answer. The child's standard error is in ``log``."""

    def __init__(self, module: str, terms: Mapping[str, object], log: Path) -> None:
        self._name, self._log = module, log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, json.dumps(terms)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )

    def ask(self, order: str, value: object = None) -> Any:
        """The answer to one order. Raises ChildLost."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps([order, value]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ChildLost(self._last_words()) from None
        line = self._process.stdout.readline()
        if not line:
            raise ChildLost(self._last_words())
        return json.loads(line)

    def end(self) -> None:
        """Close its input, and kill it where that does not end it within ten seconds."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(10.0)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        words = self._log.read_text("utf-8", "replace").strip().splitlines()
        return f"{self._name} has ended: {words[-1] if words else 'without a word'}"


def terms() -> dict[str, Any]:
    """What a child was started with."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def answer(said: object) -> None:
    """The answer to the order that came last."""
    print(json.dumps(said), flush=True)
