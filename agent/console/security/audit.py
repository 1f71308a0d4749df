"""Who logged in, who changed what: one JSON line each in the console's own folder. No secret, no body, no query."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

NAME = "audit.log"
LARGEST = 1_000_000  # then it is kept as audit.log.1, in place of the one before
LONGEST_TEXT = 200
NOBODY = "nobody"
MOST_OF_NOBODY = 60  # lines a minute

log = structlog.get_logger("console")


class Audit:
    """A line that cannot be written is told in the journal; nothing else fails for it.

    Of those who have not said who they are, so many lines a minute are written: a flood wears no flash. The next line
    of theirs says how many were left out.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._path, self._now = folder / NAME, now
        self._minute: datetime | None = None
        self._written = self._left_out = 0

    def write(self, what: str, who: str, address: str, **more: str | int) -> None:
        """``what`` happened is a word such as login, login_failed, key_added, request."""
        if who == NOBODY:
            if self._is_flood():
                self._left_out += 1
                return
            if self._left_out:
                more, self._left_out = {**more, "left_out": self._left_out}, 0
        short = {name: value[:LONGEST_TEXT] if isinstance(value, str) else value for name, value in more.items()}
        line = json.dumps({"at": self._now().isoformat(), "what": what, "who": who, "from": address, **short})
        try:
            self._turn_over()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            log.warning("not_audited", what=what, who=who, error=error.strerror)

    def _is_flood(self) -> bool:
        minute = self._now().replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._written = minute, 0
        self._written += 1
        return self._written > MOST_OF_NOBODY

    def _turn_over(self) -> None:
        if self._path.exists() and self._path.stat().st_size >= LARGEST:
            self._path.replace(self._path.with_name(f"{NAME}.1"))
