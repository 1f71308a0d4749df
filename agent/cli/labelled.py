"""Lines of a label and words: what is too long for one line goes on under the words, not under the label."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

LABEL_WIDTH = 9


def say(console: Console, label: str, words: str, style: str = "") -> None:
    """One line, of which no word is lost at any width; ``words`` are plain text."""
    line = Table.grid(padding=(0, 1))
    line.add_column(width=LABEL_WIDTH, style="bold", no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(label, Text(words, style=style))
    console.print(line)
