"""The audit trail of commands: the last state of each, the newest ``MOST_COMMANDS`` of them."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from agent.adapters.store import schema_sql as sql
from agent.domain.command_record import CommandRecord, CommandState, Door

MOST_COMMANDS = 10_000
_NOTE = (
    sql.insert_sql("command", sql.COMMAND_COLUMNS)
    + " ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in sql.COMMAND_COLUMNS[1:])
)
_CAP = f"DELETE FROM command WHERE rowid <= (SELECT max(rowid) FROM command) - {MOST_COMMANDS}"  # noqa: S608 - own number
_READ = f"SELECT {', '.join(sql.COMMAND_COLUMNS)} FROM command"  # noqa: S608 - own names


def note_commands(connection: sqlite3.Connection, records: Sequence[CommandRecord]) -> None:
    """Write down what became of commands, inside the caller's transaction."""
    if records:
        connection.executemany(_NOTE, [_values(record) for record in records])
        connection.execute(_CAP)


def read_command(connection: sqlite3.Connection, command_id: str) -> CommandRecord | None:
    row = connection.execute(f"{_READ} WHERE id = ?", (command_id,)).fetchone()
    return None if row is None else _record(row)


def read_commands(connection: sqlite3.Connection, most: int) -> list[CommandRecord]:
    """The ``most`` newest, the newest first."""
    return [_record(row) for row in connection.execute(f"{_READ} ORDER BY rowid DESC LIMIT ?", (most,))]


def _values(record: CommandRecord) -> tuple[object, ...]:
    came_at, at = record.came_at.timestamp(), record.at.timestamp()
    head = record.id, record.name, record.door.value, record.key, record.counter, came_at
    return (*head, record.state.value, str(record.reason), at, int(record.trusted), int(record.told))


def _record(row: Sequence[Any]) -> CommandRecord:
    """Of a later release, whose words are not all known here, as one that came to no end."""
    command_id, name, door, key, counter, came_at, state, reason, at, trusted, told = row
    first, last = sql.moment(came_at), sql.moment(at)
    head = command_id, name, Door.PLATFORM if door == Door.PLATFORM.value else Door.SITE, key, counter, first
    found = next((one for one in CommandState if one.value == state), CommandState.EXECUTING)
    return CommandRecord(*head, found, reason, last, bool(trusted), bool(told))
