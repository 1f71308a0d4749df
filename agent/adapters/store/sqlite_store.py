"""The store: one SQLite file, one writer connection on one thread, durable when ``write`` returns.

WAL with synchronous FULL costs one fdatasync a commit; NORMAL would lose every commit since the last checkpoint in a
power cut. A row of a stream is its own outbox entry, so that nothing is written twice.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from agent.adapters.store import schema_sql as sql
from agent.adapters.store.command_table import note_commands, read_command, read_commands
from agent.adapters.store.dating import newest_trusted, redate
from agent.adapters.store.energy_imports import Import, read_imports
from agent.adapters.store.numbering import number_above
from agent.adapters.store.points_blob import from_blob, to_blob
from agent.adapters.store.retention import Retention, tidy
from agent.adapters.store.side_reader import read_flags
from agent.adapters.store.side_tables import note_flags, note_ledger, note_predicted, note_weather
from agent.adapters.store.store_connection import StoreConnection, is_full
from agent.adapters.store.transaction import Transaction
from agent.domain.command_record import CommandRecord
from agent.domain.records import Batch, MinuteRow, OutboxRow
from agent.domain.suspect import Suspect
from agent.ports import StoreFailure

Answer = TypeVar("Answer")
Connection = sqlite3.Connection


class SqliteStore:
    """Implements ``agent.ports.Store``. Call ``open`` first and ``close`` last.

    ``zone`` is the site's time zone, in which roll-ups of days and months begin; ``now`` is the wall clock (UTC).
    """

    def __init__(
        self, path: Path, zone: ZoneInfo, now: Callable[[], datetime], retention: Retention | None = None
    ) -> None:
        self.path = path
        self._zone = zone
        self._now = now
        self._retention = retention or Retention()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._file = StoreConnection(path, now)
        self._names: tuple[str, ...] | None = None

    async def open(self) -> list[str]:
        """Open or make the file. Returns sentences about a file that was moved aside.

        Raises StoreFailure for a folder that cannot be used; the next ``write`` tries again.
        """

        await self._on_thread(self._file.writing)
        return self.remarks()

    async def close(self) -> None:
        """Close the file. What was written stays written; later calls raise StoreFailure."""

        with suppress(StoreFailure):  # it was closed already
            await self._on_thread(self._file.close)
        self._thread.shutdown(wait=False)

    async def write(self, batch: Batch) -> None:
        await self._on_thread(lambda: self._write(batch))

    def remarks(self) -> list[str]:
        found = []
        while self._file.sentences:  # the thread may add to it at any moment
            found.append(self._file.sentences.pop(0))
        return found

    @property
    def shortage(self) -> str | None:
        return self._file.shortage

    async def kept(self, name: str) -> str | None:
        def work() -> str | None:
            row = self._file.reading().execute("SELECT body FROM kept WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

        return await self._on_thread(work)

    async def command(self, command_id: str) -> CommandRecord | None:
        """What became of it; None where nobody has heard of it, or long ago."""
        return await self._on_thread(lambda: read_command(self._file.reading(), command_id))

    async def commands(self, most: int) -> Sequence[CommandRecord]:
        """What became of the ``most`` newest, the newest first."""
        return await self._on_thread(lambda: read_commands(self._file.reading(), most))

    async def flags(self) -> Sequence[Suspect]:
        return await self._on_thread(lambda: read_flags(self._file.reading()))

    async def imports(self, since: datetime) -> Sequence[Import]:
        """What was imported from ``since`` (UTC) on, as ``read_imports`` has it."""
        return await self._on_thread(lambda: read_imports(self._file.reading(), since))

    async def pending(self, stream: str, after: int, limit: int) -> Sequence[OutboxRow]:
        _known(stream)
        return await self._on_thread(lambda: self._pending(stream, after, limit))

    async def backlog(self) -> dict[str, tuple[int, int]]:
        def work() -> dict[str, tuple[int, int]]:
            self._file.reading()
            return {name: (marks.acked, marks.last) for name, marks in self._file.marks.items()}

        return await self._on_thread(work)

    async def before_start(self) -> dict[str, int]:
        def work() -> dict[str, int]:
            self._file.reading()
            return dict(self._file.before_start)

        return await self._on_thread(work)

    async def number_above(self, stream: str, seq: int) -> int:
        _known(stream)
        return await self._on_thread(lambda: number_above(self._file.writing(), stream, self._file.marks[stream], seq))

    async def newest(self) -> datetime | None:
        return await self._on_thread(lambda: newest_trusted(self._file.reading()))

    async def tidy(self, now: datetime | None, dated: bool = True) -> list[str]:
        def work() -> list[str]:
            connection = self._file.writing()
            lost = tidy(connection, self._file.marks, self._zone, self._retention, now, dated)
            self._file.look_after_disk(connection, self._retention)
            return lost

        return await self._on_thread(work)

    async def _on_thread(self, work: Callable[[], Answer]) -> Answer:
        def guarded() -> Answer:
            try:
                return work()
            except sqlite3.Error as error:
                raise self._file.failed(error) from error

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)
        except RuntimeError as error:
            raise StoreFailure(f"the store {self.path} is closed") from error

    def _write(self, batch: Batch) -> None:
        connection = self._file.writing()
        if batch == Batch():
            return
        try:
            self._commit(connection, batch)
        except sqlite3.Error as error:
            if not is_full(error):
                raise
            self._file.make_room(connection, self._retention)
            self._commit(connection, batch)
        self._file.worked()

    def _commit(self, connection: Connection, batch: Batch) -> None:
        catalogue = self._next_catalogue(batch.catalogue)
        last = {name: marks.last for name, marks in self._file.marks.items()}
        with Transaction(connection):
            redate(connection, batch.redates)
            if catalogue != self._file.catalogue:
                connection.execute("INSERT INTO catalogue VALUES (?, ?)", (catalogue[0], json.dumps(catalogue[1])))
            minutes = [(*sql.minute_values(row), catalogue[0], _points(row, catalogue[1])) for row in batch.minutes]
            columns = (*sql.MINUTE_COLUMNS, "catalogue", "points")
            last["minute"] = _append(connection, "minute", columns, last["minute"], minutes)
            decisions = [sql.decision_values(row) for row in batch.decisions]
            last["decision"] = _append(connection, "decision", sql.DECISION_COLUMNS, last["decision"], decisions)
            events = [sql.event_values(row) for row in batch.events]
            last["event"] = _append(connection, "event", sql.EVENT_COLUMNS, last["event"], events)
            _keep(connection, batch, self._now())
            note_weather(connection, batch.weather)
            note_flags(connection, batch.flags)
            note_ledger(connection, batch.ledger)
            note_predicted(connection, batch.predicted)
            note_commands(connection, batch.commands)
            acked = self._acknowledge(connection, batch, last)
        self._file.catalogue = catalogue
        for name, marks in self._file.marks.items():
            marks.last, marks.acked = last[name], acked[name]

    def _next_catalogue(self, names: tuple[str, ...] | None) -> tuple[int, tuple[str, ...]]:
        """The catalogue in force; it outlives a damaged file that is replaced while we run."""
        version, latest = self._file.catalogue
        self._names = self._names if names is None else names
        return self._file.catalogue if self._names is None or self._names == latest else (version + 1, self._names)

    def _acknowledge(self, connection: Connection, batch: Batch, last: dict[str, int]) -> dict[str, int]:
        """The new marks. They only rise.

        An acknowledgement above our last seq means that the platform remembers a file that we have lost: numbering
        goes on above it, or the platform would take new rows for ones it already has.
        """
        acked = {name: marks.acked for name, marks in self._file.marks.items()}
        for name, seq in batch.acknowledged:
            _known(name)
            if seq > acked[name]:
                acked[name], last[name] = seq, max(last[name], seq)
                update = "UPDATE stream SET acked = ?, last = ? WHERE name = ?"
                connection.execute(update, (acked[name], last[name], name))
        return acked

    def _pending(self, stream: str, after: int, limit: int) -> list[OutboxRow]:
        connection, columns = self._file.reading(), sql.SENT_COLUMNS[stream]
        with_points = ", catalogue, points" if stream == "minute" else ""
        select = f"SELECT seq, {', '.join(columns)}{with_points} FROM {stream} WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - own names
        end, names, found = 1 + len(columns), cache(self._point_names), []
        for row in connection.execute(select, (after, limit)).fetchall():
            points = (names(row[end]), tuple(from_blob(row[end + 1]))) if with_points else ((), ())
            found.append(OutboxRow(row[0], columns, sql.sent_values(stream, row[1:end]), *points))
        return found

    def _point_names(self, version: int) -> tuple[str, ...]:
        row = self._file.reading().execute("SELECT names FROM catalogue WHERE version = ?", (version,)).fetchone()
        return () if row is None else tuple(json.loads(row[0]))


def _append(
    connection: Connection, table: str, columns: Sequence[str], last: int, rows: Sequence[tuple[object, ...]]
) -> int:
    """Append ``rows`` with the seqs after ``last``. Returns the last seq given."""
    insert = sql.insert_sql(table, ("seq", *columns))
    connection.executemany(insert, [(last + 1 + index, *row) for index, row in enumerate(rows)])
    return last + len(rows)


def _keep(connection: Connection, batch: Batch, now: datetime) -> None:
    at = int(now.timestamp())
    replace = (
        "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at, body = excluded.body"
    )
    connection.executemany(replace, [(name, at, body) for name, body in batch.kept])


def _points(row: MinuteRow, names: tuple[str, ...]) -> bytes:
    if len(row.points) > len(names):
        at = row.at.isoformat(timespec="minutes")
        raise StoreFailure(f"the minute {at} has {len(row.points)} points, but the catalogue names {len(names)}")
    return to_blob(row.points, len(names))


def _known(stream: str) -> None:
    if stream not in sql.STREAMS:
        raise StoreFailure(f"there is no stream called {stream!r}")
