"""A console as a process of its own, looking often. What it connects to goes to standard error, a JSON line each."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
HOUSE = Path(__file__).parents[3]


@contextmanager
def console_process(site_file: Path) -> Iterator["subprocess.Popen[str]"]:
    """Killed in the end, where it still runs."""
    command = [sys.executable, "-m", "tests.console.alerts.console_process", str(site_file)]
    process = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def _seen(event: str, args: tuple[object, ...]) -> None:
    if event in CONNECTING:
        sys.stderr.write(json.dumps({"connects": str(args[1])}) + "\n")
        sys.stderr.flush()


def _main() -> int:
    from agent.__main__ import main
    from agent.console.alerts import follower

    follower.LOOK_EVERY_S = 0.05
    sys.addaudithook(_seen)
    sys.argv = ["enalysis-edge", "console", "--config", sys.argv[1]]
    return main() or 0


if __name__ == "__main__":
    sys.exit(_main())
