"""Sentences on a terminal: what is wider than it goes on in the next line, between two words.

In a file or a pipe a sentence stays one line. A word that is wider than the terminal, such as a path, is left whole.
"""

import os
import sys
from typing import TextIO

INDENT = "  "
USUAL, NARROWEST = 80, 20


def say(text: str, stream: TextIO | None = None) -> None:
    """Print ``text``, of one line or several, to ``stream`` or to standard output."""
    out = sys.stdout if stream is None else stream
    print(folded(text, _width(out)) if out.isatty() else text, file=out)


def folded(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` characters; what goes on is indented."""
    from textwrap import wrap

    return "\n".join(
        "\n".join(
            wrap(
                line,
                max(width, NARROWEST),
                subsequent_indent=" " * (len(line) - len(line.lstrip())) + INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        for line in text.split("\n")
    )


def _width(terminal: TextIO) -> int:
    """As ``COLUMNS`` says, else as the terminal does; ``shutil`` would ask the same and load three archivers."""
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(terminal.fileno()).columns) or USUAL
    except (OSError, ValueError):
        return USUAL
