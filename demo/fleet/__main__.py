"""Plays a fleet and prints what became of it: 0 when nothing was lost or came twice and all were back in time."""

import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from agent.cli.ending import FAILED, INTERRUPTED, WRONG, ended
from agent.cli.terminal import terminal
from demo.fleet.answering import ChildLost
from demo.fleet.asked import NotPossible, read
from demo.fleet.conductor import Conductor, NotReached
from demo.fleet.report import print_outcome


def _done(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, style="dim", highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        asked = read(arguments)
    except NotPossible as reason:
        print(f"fleet: {reason}", file=sys.stderr)
        return WRONG
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the broker and the sites end with it
    console = terminal()
    hurried = "" if asked.speed == 1.0 else f"; rows and plans {asked.speed:g} times as fast as in life"
    console.print(f"{asked.sites} sites in {asked.processes} processes{hurried}", highlight=False)
    try:
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder, console.status("begins") as status:
            outcome = Conductor(asked, Path(folder), status.update, _done(console)).play()
    except (NotReached, ChildLost, RuntimeError) as reason:
        print(f"fleet: {reason}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    print_outcome(console, asked, outcome)
    return 0 if outcome.good else FAILED


if __name__ == "__main__":
    sys.exit(ended(main))
