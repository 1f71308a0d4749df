"""A log line for a person at a terminal: local time, level, the event in words, and the rest dimmed."""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

RESET, DIM = "\x1b[0m", "\x1b[2m"
STYLES = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
LEVEL_WIDTH = 7


def terminal_line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """Exactly one line; line breaks and control characters within a value are shown as their escapes."""
    fields = dict(event)
    level, what = str(fields.pop("level", "")), _plain(fields.pop("event", "")).replace("_", " ")
    text = fields.pop("text", None)
    if text is not None:
        what = f"{what}: {_plain(text)}"
    at = datetime.now().astimezone()
    rest = " ".join(f"{key}={_plain(value)}" for key, value in fields.items() if value is not None)
    style = STYLES.get(level, "")
    line = f"{DIM}{at:%H:%M:%S}{RESET} {style}{level:{LEVEL_WIDTH}}{RESET if style else ''} {what}"
    return f"{line} {DIM}{rest}{RESET}" if rest else line


def _plain(value: Any) -> str:
    """What a terminal must not obey is written out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(value))
