"""What `status` says of the newest commands: when, what, from where, and what became of them."""

from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from agent.adapters.store.command_table import read_commands
from agent.adapters.store.store_reader import reading
from agent.cli.labelled import say
from agent.domain.command_record import CommandRecord, Door

MOST_SHOWN = 3


def show_commands(console: Console, path: Path, zone: ZoneInfo) -> None:
    """The newest, a line each; nothing where there was none. Raises StoreFailure."""
    with reading(path) as connection:
        found = read_commands(connection, MOST_SHOWN)
    for record in found:
        say(console, "command", _line(record, zone))


def _line(record: CommandRecord, zone: ZoneInfo) -> str:
    doubt = "" if record.trusted else " (the clock was not trusted)"
    at = f"{record.at.astimezone(zone):%d %b %H:%M:%S}{doubt}"
    if record.door is Door.SITE:
        by = "at the site"
    else:
        by = f"by the platform, key {record.key}, {record.id}" if record.key else "by the platform, unsigned"
    return f"{at} {record.name} {by}: {record.state.value}, {record.reason}"
