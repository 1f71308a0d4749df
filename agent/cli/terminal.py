"""The terminal that tables are printed on."""

import sys

from rich.console import Console

from agent.cli.folded import NARROWEST, USUAL

WIDTH_OF_A_FILE = 80


class Terminal(Console):
    """A console that leaves it to the command line what a reader means that has gone."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def terminal(width_of_a_file: int | None = None) -> Terminal:
    """Standard output; ``width_of_a_file`` columns where that is no terminal.

    A width at which nothing can be read, as COLUMNS=0 of a serial console, is not believed.
    """
    made = Terminal() if width_of_a_file is None or sys.stdout.isatty() else Terminal(width=width_of_a_file)
    if made.width < NARROWEST:
        made.width = USUAL
    return made
