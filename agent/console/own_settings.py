"""The console's own folder: preferences, keys and the password's hash, each a file that only its user may read."""

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from agent.adapters.host.durable_files import give_to_owner
from agent.console.alerts.outbox import Outbox
from agent.console.alerts.settings import AlertSettings
from agent.console.problem import Problem
from agent.console.security.keys import MOST_KEYS, ApiKey
from agent.console.security.passwords import PasswordHash
from agent.domain.sentence import sentence_of
from agent.domain.sentences import console as say
from agent.domain.sentences import files
from agent.domain.wire import WireError, from_json, to_json

LARGEST_FILE = 200_000
PASSWORD, KEYS, PREFERENCES = "password.json", "keys.json", "preferences.json"
ALERTS, OUTBOX = "alerts.json", "alerts_outbox.json"
USED_AGAIN = timedelta(hours=1)  # how exact the last use of a key is: flash is not worn by every request
THEMES, LANGUAGES = ("auto", "light", "dark"), ("auto", "en", "de")

Kept = TypeVar("Kept")
Keys = tuple[ApiKey, ...]


class OwnFolderFailure(Exception):
    """A file of the folder cannot be read or written. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a value is shown as an alert. None: never."""

    soc_below_pct: float | None = None
    import_above_w: float | None = None
    price_above_per_kwh: float | None = None
    data_older_than_s: float | None = 300.0

    def __post_init__(self) -> None:
        limits = {"soc_below_pct": 100.0, "import_above_w": 2e7, "data_older_than_s": 1e6}
        for name, most in limits.items():
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= most:
                raise ValueError(f"{name} is {value:g}, which is not from 0 to {most:g}")
        if self.price_above_per_kwh is not None and not abs(self.price_above_per_kwh) <= 1000.0:
            raise ValueError("price_above_per_kwh is not from -1000 to 1000")


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the pages look, and of what they tell.

    ``notify`` are words of alarms and events; ``digits`` None: as usual.
    """

    theme: str = "auto"
    language: str = "auto"
    digits: int | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    notify: tuple[str, ...] = ("alarm", "advisory")

    def __post_init__(self) -> None:
        for name, value, known in (("theme", self.theme, THEMES), ("language", self.language, LANGUAGES)):
            if value not in known:
                raise ValueError(f"{name} is {value!r}, which is none of {', '.join(known)}")
        if self.digits is not None and not 0 <= self.digits <= 3:
            raise ValueError("digits is not from 0 to 3")
        if len(self.notify) > 100 or any(not 0 < len(word) <= 60 for word in self.notify):
            raise ValueError("notify names at most 100 kinds, each of 1 to 60 characters")


class OwnSettings:
    """Files are read again when they have changed: the command line writes them, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[tuple[int, int, int], object]] = {}

    def password(self) -> PasswordHash | None:
        """None until one has been set. Raises OwnFolderFailure, and so do the others."""
        return self._found(PASSWORD, PasswordHash)

    def set_password(self, password: PasswordHash) -> None:
        self._write(PASSWORD, to_json(password))

    def api_keys(self) -> Keys:
        return self._found(KEYS, tuple[ApiKey, ...]) or ()

    def add_key(self, key: ApiKey) -> None:
        def added(known: Keys) -> Keys:
            if len(known) >= MOST_KEYS:
                raise OwnFolderFailure(say.too_many_keys(most=MOST_KEYS))
            return (*known, key)

        self._change_keys(added)

    def remove_key(self, key_id: str) -> bool:
        """Whether there was one."""
        before = len(self.api_keys())
        self._change_keys(lambda known: tuple(key for key in known if key.id != key_id))
        return len(self.api_keys()) < before

    def key_was_used(self, key: ApiKey, now: datetime) -> None:
        """Kept once an hour."""
        if key.used_at is None or now - key.used_at >= USED_AGAIN:
            self._change_keys(
                lambda known: tuple(replace(one, used_at=now) if one.id == key.id else one for one in known)
            )

    def preferences(self) -> Preferences:
        return self._found(PREFERENCES, Preferences) or Preferences()

    def set_preferences(self, preferences: Preferences) -> None:
        self._write(PREFERENCES, to_json(preferences))

    def has_alerts(self) -> bool:
        """Whether any were ever set up. True also where that cannot be seen: whoever reads them says why."""
        try:
            return any((self.folder / name).exists() for name in (ALERTS, OUTBOX))
        except OSError:
            return True

    def alerts(self) -> AlertSettings:
        return self._found(ALERTS, AlertSettings) or AlertSettings()

    def set_alerts(self, alerts: AlertSettings) -> None:
        self._write(ALERTS, to_json(alerts))

    def outbox(self) -> Outbox | None:
        """None where no alert has ever been set up."""
        return self._found(OUTBOX, Outbox)

    def set_outbox(self, outbox: Outbox) -> None:
        self._write(OUTBOX, to_json(outbox))

    def _change_keys(self, change: Callable[[Keys], Keys]) -> None:
        """Nobody else changes them in between: the command line and the console may do so at once."""
        try:
            self._make_folder()
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise OwnFolderFailure(
                files.file_not_used(path=str(self.folder), cause=error.strerror or str(error))
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = self.api_keys()
            after = change(before)
            if after != before:
                self._write(KEYS, to_json(after))
        finally:
            os.close(descriptor)

    def _found(self, name: str, kind: type[Kept]) -> Kept | None:
        path = self.folder / name
        try:
            status = path.stat()
            mark = (status.st_mtime_ns, status.st_ino, status.st_size)
            if name not in self._read or self._read[name][0] != mark:
                self._read[name] = mark, from_json(kind, path.read_bytes()[:LARGEST_FILE])
        except FileNotFoundError:
            return None
        except (OSError, WireError, RecursionError) as error:
            raise OwnFolderFailure(files.file_not_used(path=str(path), cause=str(error))) from error
        return self._read[name][1]  # type: ignore[return-value]  # it was read as this kind

    def _make_folder(self) -> None:
        """Of the service's user, also where root sets the password before the first start."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            give_to_owner(self.folder, self.folder.parent)

    def _write(self, name: str, text: str) -> None:
        """Replaced as a whole, for the folder's user alone."""
        final = self.folder / name
        hidden = final.with_name(f".{name}.new")
        try:
            self._make_folder()
            descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            give_to_owner(hidden, self.folder)
            hidden.rename(final)
        except OSError as error:
            raise OwnFolderFailure(
                files.file_not_written(path=str(final), cause=error.strerror or str(error))
            ) from error


def told(failure: OwnFolderFailure) -> Problem:
    """As the API tells it."""
    return Problem("not_possible", sentence_of(failure))
