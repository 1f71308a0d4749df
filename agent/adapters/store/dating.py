"""When the rows of the store were measured: what a wrong clock has dated, and what may be counted."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.adapters.store.minute_blocks import forget_blocks
from agent.domain.records import MinuteRow, Redate
from agent.domain.time_trust import EARLIEST

_MOVE_MINUTES = """
UPDATE minute SET at = at + :by_s, time_trusted = :trusted
WHERE seq > :after AND at BETWEEN :since AND :until AND NOT time_trusted
"""


def newest_trusted(connection: sqlite3.Connection) -> datetime | None:
    """The start of the newest minute whose time was trusted, in a roll-up or not yet."""
    minute = connection.execute("SELECT max(at) FROM minute WHERE time_trusted").fetchone()[0]
    return None if minute is None else datetime.fromtimestamp(int(minute), UTC)


def redate(connection: sqlite3.Connection, orders: Sequence[Redate]) -> None:
    """Move the rows of each order in turn. Inside the caller's transaction."""
    for order in orders:
        after = dict(order.after)
        span = {"since": order.since.timestamp(), "until": order.until.timestamp()}
        minutes = {"after": after.get("minute", 0), "by_s": order.minutes_s, "trusted": order.trusted}
        if connection.execute(_MOVE_MINUTES, span | minutes).rowcount:
            forget_blocks(connection, after.get("minute", 0))
        for stream in ("decision", "event") if order.by_s else ():
            move = f"UPDATE {stream} SET at = at + :by_s WHERE seq > :after AND at BETWEEN :since - 60 AND :until"  # noqa: S608
            connection.execute(move, span | {"after": after.get(stream, 0), "by_s": order.by_s})


def countable(connection: sqlite3.Connection, rolled: int, minutes: Sequence[MinuteRow]) -> list[MinuteRow]:
    """Those of ``minutes``, the next after the seq ``rolled``, that count: each minute once.

    A minute whose time was not trusted does not where another one before it was there already.
    """
    newest = connection.execute("SELECT max(at) FROM minute WHERE seq <= ?", (rolled,)).fetchone()[0]
    latest = EARLIEST if newest is None else datetime.fromtimestamp(int(newest), UTC)
    found = []
    for row in minutes:
        if row.time_trusted or row.at > latest:
            found.append(row)
            latest = max(latest, row.at)
    return found
