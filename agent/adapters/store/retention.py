"""What is kept for how long: roll-ups are brought up to date, old rows leave, space is given back."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.adapters.store import schema_sql as sql
from agent.adapters.store.dating import countable
from agent.adapters.store.minute_blocks import sum_up
from agent.adapters.store.side_tables import prune_flags, prune_weather
from agent.adapters.store.store_file import Marks
from agent.adapters.store.transaction import Transaction
from agent.domain.records import MinuteRow
from agent.domain.sentences import store as say
from agent.recording.rollups import SPANS, Rollup, merge, merge_minutes
from agent.recording.weather_log import KEPT_DAYS

ROLL_ROWS = 1440
TRUNCATE_WAL_BYTES = 8_192_000  # a WAL that is merely reused costs the flash less than one that is cut and grown again
PRUNE_SHARE = 20
DROP_SHARE = 5
ENOUGH_FREE_BYTES = 128_000  # in the file: hours of minutes
SMALL_BYTES = 1_000_000  # a file of about a day is not what fills a disk
FUTURE = timedelta(days=1)
QUARTER_DAYS = 800  # and flags, which tell which quarters not to believe


@dataclass(frozen=True, slots=True)
class Retention:
    """Acknowledged rows stay ``keep_days``, others ``ring_days``; both leave sooner above ``max_bytes``.

    Without a platform that ``waits`` for them, rows that become too old are missing nowhere.
    """

    keep_days: float = 30.0
    ring_days: float = 30.0
    max_bytes: int = 500_000_000
    waits: bool = True


def tidy(
    connection: sqlite3.Connection,
    marks: dict[str, Marks],
    zone: ZoneInfo,
    retention: Retention,
    now: datetime | None,
    dated: bool = True,
) -> list[str]:
    """Roll up, prune, sum up in blocks, give space back. Returns a sentence for every gap at the platform that stays.

    ``now`` None: nothing is pruned by its age. Without ``dated`` nothing is rolled up: its date is not known yet.
    """
    while dated and _roll_up(connection, zone):
        pass
    lost: list[str] = []
    if now is not None:
        for stream in sql.STREAMS:
            lost += _prune_by_age(connection, stream, marks[stream], retention, now)
    lost += _prune_by_size(connection, marks, retention)
    if now is not None:
        _prune_quarters(connection, now)
        prune_weather(connection, now - timedelta(days=KEPT_DAYS))
        prune_flags(connection, now - timedelta(days=QUARTER_DAYS))
    sum_up(connection)
    _give_back(connection)
    return lost


def _roll_up(connection: sqlite3.Connection, zone: ZoneInfo) -> bool:
    """Merge the next minutes into every span. True when there may be more."""
    rolled = connection.execute("SELECT rolled FROM stream WHERE name = 'minute'").fetchone()[0]
    select = f"SELECT seq, {', '.join(sql.MINUTE_COLUMNS)} FROM minute WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - own names
    found = connection.execute(select, (rolled, ROLL_ROWS)).fetchall()
    if not found:
        return False
    minutes = countable(connection, rolled, [sql.minute_row(row[1:]) for row in found])
    with Transaction(connection):
        for span in SPANS:
            _merge_span(connection, span, minutes, zone)
        connection.execute("UPDATE stream SET rolled = ? WHERE name = 'minute'", (found[-1][0],))
    return len(found) == ROLL_ROWS


def _merge_span(connection: sqlite3.Connection, span: str, minutes: Sequence[MinuteRow], zone: ZoneInfo) -> None:
    replace = sql.insert_sql("rollup", ("span", *sql.ROLLUP_COLUMNS), "REPLACE")
    for start, new in merge_minutes(minutes, span, zone).items():
        old = _rollup(connection, span, start)
        whole = new if old is None else merge((old, new), start)
        connection.execute(replace, (span, *sql.rollup_values(whole)))


def _rollup(connection: sqlite3.Connection, span: str, at: datetime) -> Rollup | None:
    select = f"SELECT {', '.join(sql.ROLLUP_COLUMNS)} FROM rollup WHERE span = ? AND at = ?"  # noqa: S608 - own names
    row = connection.execute(select, (span, int(at.timestamp()))).fetchone()
    return None if row is None else sql.rollup_row(row)


def _prune_by_age(
    connection: sqlite3.Connection, stream: str, marks: Marks, retention: Retention, now: datetime
) -> list[str]:
    kept_from, ring_from = (
        _first_since(connection, stream, now - timedelta(days=days), now)
        for days in (retention.keep_days, max(retention.ring_days, retention.keep_days))
    )
    lost = _prune(connection, stream, marks, max(min(kept_from, marks.acked + 1), ring_from), say.too_old())
    return lost if retention.waits else []


def _first_since(connection: sqlite3.Connection, stream: str, at: datetime, now: datetime) -> int:
    """The seq of the oldest row not before ``at``; rows are in order of time, so only older ones are looked at.

    Rows that a wrong clock has dated into the future would hold up all that follow them until then.
    """
    select = f"SELECT seq, at > ? FROM {stream} WHERE at >= ? ORDER BY seq LIMIT 1"  # noqa: S608 - own stream names
    row = connection.execute(select, ((now + FUTURE).timestamp(), at.timestamp())).fetchone()
    if row is not None and stream == "minute" and row[1]:
        return max(int(row[0]), _last_before(connection, at) + 1)
    if row is not None:
        return int(row[0])
    highest = connection.execute(f"SELECT max(seq) FROM {stream}").fetchone()[0]  # noqa: S608 - our own stream names
    return 0 if highest is None else int(highest) + 1


def _last_before(connection: sqlite3.Connection, at: datetime) -> int:
    """The seq of the newest minute that was surely measured before ``at``, and with it all that stand before it."""
    select = "SELECT max(seq) FROM minute WHERE time_trusted AND at < ?"
    return int(connection.execute(select, (at.timestamp(),)).fetchone()[0] or 0)


def _prune(connection: sqlite3.Connection, stream: str, marks: Marks, before: int, why: str) -> list[str]:
    """Delete rows below ``before`` and remember the highest seq. Returns a sentence if unacknowledged rows went."""
    select = f"SELECT count(*), min(at), max(at) FROM {stream} WHERE seq < ? AND seq > ?"  # noqa: S608 - own names
    lost, first, until = connection.execute(select, (before, marks.acked)).fetchone()
    oldest = connection.execute(f"SELECT min(seq) FROM {stream}").fetchone()[0]  # noqa: S608 - our own stream names
    if oldest is None or oldest >= before:
        return []
    with Transaction(connection):
        connection.execute(f"DELETE FROM {stream} WHERE seq < ?", (before,))  # noqa: S608 - our own stream names
        connection.execute("UPDATE stream SET last = ? WHERE name = ?", (marks.last, stream))
    if not lost:
        return []
    from_at, to_at = sql.moment(first), sql.moment(until)
    return [say.rows_dropped(rows=lost, stream=stream, from_at=from_at, to_at=to_at, why=why)]


def _prune_by_size(connection: sqlite3.Connection, marks: dict[str, Marks], retention: Retention) -> list[str]:
    """Drop the oldest minutes, a share at a time, until the file's content fits."""
    lost: list[str] = []
    while _used_bytes(connection) > retention.max_bytes:
        oldest, newest = connection.execute("SELECT min(seq), max(seq) FROM minute").fetchone()
        if oldest is None:
            break
        before = oldest + max(1, (newest + 1 - oldest) // PRUNE_SHARE)
        lost += _prune(connection, "minute", marks["minute"], before, say.beyond_size())
    return lost


def let_go(connection: sqlite3.Connection, marks: dict[str, Marks], retention: Retention) -> bool:
    """On a full disk: drop the oldest share of what is elsewhere. False where there is none, or where none is needed.

    Elsewhere is what the platform has. On a site without one it is the minutes that the roll-ups know; with them go
    decisions, while events stay, which are few. What is free in the file already needs nothing of the disk.
    """
    free_bytes = _pragma(connection, "freelist_count") * _pragma(connection, "page_size")
    if free_bytes >= ENOUGH_FREE_BYTES or (not retention.waits and _used_bytes(connection) < SMALL_BYTES):
        return False
    rolled = int(connection.execute("SELECT rolled FROM stream WHERE name = 'minute'").fetchone()[0])
    dropped = False
    for stream in sql.STREAMS:
        oldest = connection.execute(f"SELECT min(seq) FROM {stream}").fetchone()[0]  # noqa: S608 - own stream names
        until = marks[stream].acked if retention.waits or stream == "event" else marks[stream].last
        until = min(until, rolled) if stream == "minute" else until
        if oldest is not None and oldest <= until:
            _prune(
                connection, stream, marks[stream], oldest + 1 + (until - oldest) // DROP_SHARE, say.elsewhere_already()
            )
            dropped = True
    return dropped


def _prune_quarters(connection: sqlite3.Connection, now: datetime) -> None:
    before = (now - timedelta(days=QUARTER_DAYS)).timestamp()
    if connection.execute("SELECT 1 FROM rollup WHERE span = 'quarter' AND at < ? LIMIT 1", (before,)).fetchone():
        connection.execute("DELETE FROM rollup WHERE span = 'quarter' AND at < ?", (before,))


def _give_back(connection: sqlite3.Connection) -> None:
    """Free pages are reused, so the file is only made smaller when a quarter of it is free."""
    pages, free = (_pragma(connection, name) for name in ("page_count", "freelist_count"))
    if free * 4 > pages:
        connection.executescript("PRAGMA incremental_vacuum")  # execute() would stop after the first page
    in_wal = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
    if in_wal * _pragma(connection, "page_size") > TRUNCATE_WAL_BYTES:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _minute(at: float) -> str:
    return sql.moment(at).strftime("%Y-%m-%d %H:%M UTC")
