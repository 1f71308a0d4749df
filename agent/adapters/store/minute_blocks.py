"""Where in the store a time is: the earliest and the latest of every block of minutes that were written together.

Minutes are in the order of their seq; they are in the order of time only where no clock was set. An index by time
would change one more page with every commit. Blocks are brought up to date by the hourly upkeep and are exact in any
order: what is not in a block yet is looked at row by row.
"""

import sqlite3

from agent.adapters.store.transaction import Transaction

# Seqs that may hold a minute of the times ``:first`` to ``:last`` (seconds since 1970), for a CROSS JOIN with minute.
REACH = """
WITH reach (low, high) AS (
  SELECT first_seq, last_seq FROM minute_block WHERE first_at <= :last AND until > :first
  UNION ALL
  SELECT (SELECT coalesce(max(last_seq), 0) FROM minute_block) + 1, 9223372036854775807
)
"""
_SUM_UP = """
INSERT INTO minute_block (first_seq, last_seq, first_at, until)
SELECT min(seq), max(seq), min(at), max(at + span_s) FROM minute
  WHERE seq > (SELECT coalesce(max(last_seq), 0) FROM minute_block) GROUP BY seq / 64
"""


def sum_up(connection: sqlite3.Connection) -> None:
    """Put the minutes that are new into blocks, and forget blocks of which no row is left."""
    with Transaction(connection):
        connection.execute(_SUM_UP)
        connection.execute("DELETE FROM minute_block WHERE last_seq < (SELECT min(seq) FROM minute)")


def forget_blocks(connection: sqlite3.Connection, after: int) -> None:
    """Rows above the seq ``after`` were moved in time or taken back. Inside the caller's transaction."""
    connection.execute("DELETE FROM minute_block WHERE last_seq > ?", (after,))
