"""No seq is given twice, though the file may be older than what was given: the platform knows each row by it."""

import sqlite3
from collections.abc import Mapping

from agent.adapters.store.minute_blocks import forget_blocks
from agent.adapters.store.store_file import Marks
from agent.adapters.store.transaction import Transaction


def above(found: dict[str, Marks], given: Mapping[str, Marks]) -> dict[str, Marks]:
    """The marks of a file that has taken another one's place: numbering goes on above what was ``given``."""
    for name, marks in given.items():
        found[name].last = max(found[name].last, marks.last)
    return found


def number_above(connection: sqlite3.Connection, stream: str, marks: Marks, seq: int) -> int:
    """Give all rows above ``marks.acked`` numbers above ``seq``, in their order. Returns how many there are.

    None of the new numbers was given before, so that no row meets another one on its way.
    """
    highest = connection.execute(f"SELECT max(seq) FROM {stream}").fetchone()[0]  # noqa: S608 - our own stream names
    start = max(seq, marks.last)
    by = start - marks.acked
    # First: what is above it after a commit that failed is taken for rows of that commit.
    marks.last = max(start, start + (highest or 0) - marks.acked)
    with Transaction(connection):
        move = f"UPDATE {stream} SET seq = seq + ? WHERE seq > ?"  # noqa: S608 - our own stream names
        rows = connection.execute(move, (by, marks.acked)).rowcount
        if stream == "minute":
            forget_blocks(connection, marks.acked)
        rolled = "UPDATE stream SET last = ?, rolled = rolled + iif(rolled > ?, ?, 0) WHERE name = ?"
        connection.execute(rolled, (marks.last, marks.acked, by, stream))
    return rows
