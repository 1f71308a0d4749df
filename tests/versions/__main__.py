"""``make check-versions``: the lowest and the newest release of every direct dependency, each tried, in one table."""

import argparse
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.versions.environment import ENDS, PLACE, Environment, NotInstalled, install
from tests.versions.proofs import COMMANDS, TESTS, WHOLE
from tests.versions.verdict import Verdict, judge

WIDTH = 110  # of the table where the output is no terminal
Tried = dict[str, tuple[Environment, Verdict]]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every package that was tried works at every end that was asked for, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description="Tries the ends of the ranges.")
    parser.add_argument("--only", choices=ENDS, help="try this end alone")
    asked = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    tried: Tried = {}
    for end in [asked.only] if asked.only else ENDS:
        began = time.monotonic()
        try:
            environment = install(end)
        except NotInstalled as failure:
            console.print(f"[red]The {end} releases cannot be installed:[/] {failure}", highlight=False)
            return 1
        tried[end] = environment, judge(end, environment)
        console.print(
            f"{end}: {time.monotonic() - began:.0f} s, log in {PLACE / end}.log", style="dim", highlight=False
        )
    console.print(table(tried))
    return 1 if any(verdict.failures for _, verdict in tried.values()) else 0


def table(tried: Tried) -> Table:
    """A row a package: its release at each end, and what became of it."""
    shown = Table("package", *tried)
    shown.add_column("result", overflow="fold")
    for package in (*TESTS, *COMMANDS, *WHOLE):
        releases = [environment.releases.get(package, "-") for environment, _ in tried.values()]
        said = [result(end, verdict, package) for end, (_, verdict) in tried.items()]
        shown.add_row(package, *releases, "\n".join(filter(None, said)) or "good")
    return shown


def result(end: str, verdict: Verdict, package: str) -> str:
    """Nothing where it is good."""
    if package in verdict.failures:
        return f"{end} fails: {verdict.failures[package]}"
    return f"{end} left out: {verdict.left_out[package]}" if package in verdict.left_out else ""


if __name__ == "__main__":
    sys.exit(main())
