"""``python -m tests.fuzz``: a million damaged inputs, half a million signed commands, and a hundred thousand plans and
readings against the guard.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from random import Random

from rich.console import Console
from rich.table import Table

from tests.fuzz import commands, documents, guard, payloads, registers, site_files
from tests.fuzz.tally import Tally, Tick

CASES = 1_000_000
GUARD_SHARE = 0.1  # on top of the cases
COMMANDS_SHARE = 0.5  # on top of them: with the payloads a million envelopes and commands
Part = Callable[[Random, int, Tick], Tally]
PARTS: dict[str, tuple[Part, float]] = {
    "payloads": (payloads.run, 0.50),
    "registers": (registers.words, 0.34),
    "devices": (registers.devices, 0.02),
    "site_files": (site_files.run, 0.10),
    "documents": (documents.run, 0.04),
    "guard": (guard.run, GUARD_SHARE),
    "commands": (commands.run, COMMANDS_SHARE),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing escaped and no limit was broken, else 1."""
    asked = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table(title=f"seed {asked.seed}", title_justify="left")
    for heading in ("what", "cases", "refused", "taken", "uncaught", "s"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    bad = 0
    for name in asked.only or PARTS:
        began = time.monotonic()
        tally = _play(name, asked.cases, asked.seed, console)
        seconds = f"{time.monotonic() - began:.0f}"
        table.add_row(
            tally.name, *(f"{n:,}" for n in (tally.cases, tally.refused, tally.taken, tally.uncaught)), seconds
        )
        for line in tally.shown:
            console.print(line, markup=False, highlight=False)
        bad += tally.uncaught
    console.print(table)
    return 1 if bad else 0


def play(name: str, cases: int, seed: int, tick: Tick = lambda number: None) -> Tally:
    """The share of ``cases`` that the part ``name`` has, at least a few."""
    part, share = PARTS[name]
    return part(Random(f"{name} {seed}"), max(20, round(share * cases)), tick)


def _play(name: str, cases: int, seed: int, console: Console) -> Tally:
    with console.status(name) as status:

        def tick(number: int) -> None:
            if number % 1000 == 0:
                status.update(f"{name}: {number:,} of {round(PARTS[name][1] * cases):,}")

        return play(name, cases, seed, tick)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="damaged inputs; a tenth as many for the guard")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=tuple(PARTS), help="only this part; may be given again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
