"""The one connection that writes to the store's file: kept open, opened again after a failure, and brought back."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from agent.adapters.store.ballast import Ballast
from agent.adapters.store.moved_file import Identity, bring_back, identity, log_identity, take_in_log
from agent.adapters.store.numbering import above
from agent.adapters.store.retention import Retention, let_go
from agent.adapters.store.store_file import Marks, Opened, drop_unconfirmed, open_file
from agent.domain.sentence import sentence_of
from agent.domain.sentences import store as say
from agent.ports import StoreFailure

Connection = sqlite3.Connection
FAILURES_BEFORE_SETTING_ASIDE = 3


class StoreConnection:
    """Used on the store's thread alone, but for ``shortage``. ``now`` is the wall clock (UTC).

    ``sentences`` tells what befell the file; ``shortage`` why there will soon be no room for more, while that is so.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path = path
        self._now = now
        self.connection: Connection | None = None
        self.marks: dict[str, Marks] = {}
        self.before_start: dict[str, int] = {}  # the highest seq of each stream when the file was first opened
        self.catalogue: tuple[int, tuple[str, ...]] = (0, ())
        self.sentences: list[str] = []
        self.shortage: str | None = None
        self._identity: Identity | None = None
        self._log: tuple[Identity | None, ...] = ()
        self._ballast = Ballast(path)
        self._failures = 0
        self._failing: str | None = None
        self._trouble: str | None = None

    def reading(self) -> Connection:
        """The connection, for what only reads. After a failure the next write opens the file again; till then this
        raises StoreFailure with the reason.
        """
        if self.connection is not None:
            return self.connection
        if self._trouble is not None:
            raise StoreFailure(self._trouble)
        return self.writing()

    def writing(self) -> Connection:
        """The connection, for a write; opened again, with all its checks, after a failure that was not a full disk, and
        when the file or its log is no longer at its place. Raises StoreFailure.
        """
        if self.connection is not None and identity(self.path) != self._identity:
            self.sentences.append(bring_back(self.connection, self.path))
            self.connection = None
        elif self.connection is not None and log_identity(self.path) != self._log:
            self.sentences.append(take_in_log(self.connection, self.path))
            self.connection = None
        if self.connection is None:
            self._open()
        assert self.connection is not None
        return self.connection

    def _open(self) -> None:
        try:
            opened = self._open_file()
        except StoreFailure as failure:
            self._trouble, self._failing = sentence_of(failure), None
            self._count_failure(failure.__cause__)
            raise
        is_ours = opened.identity == self._identity or opened.salvaged
        self._identity = opened.identity
        self.sentences += opened.sentences
        marks = self._without_unconfirmed(opened.connection) if is_ours else above(opened.marks, self.marks)
        self.before_start = self.before_start or {name: found.last for name, found in marks.items()}
        self.connection, self.marks, self.catalogue = opened.connection, marks, opened.catalogue
        self._log = log_identity(self.path)
        self._failing = self._trouble = None
        self.lay_ballast()

    def _without_unconfirmed(self, connection: Connection) -> dict[str, Marks]:
        """Of a file that we have written to. What is left in it by a commit that failed goes before another is made."""
        try:
            return drop_unconfirmed(connection, self.marks)
        except sqlite3.Error:
            connection.close()
            raise

    def _open_file(self) -> Opened:
        try:
            return open_file(self.path, self._now(), self._failing)
        except StoreFailure:
            if not (self._ballast.is_needed() and self._ballast.release()):
                raise
            return open_file(self.path, self._now(), self._failing)

    def lay_ballast(self) -> None:
        short = self.shortage or say.disk_of_store_nearly_full(path=str(self.path))
        self.shortage = None if self._ballast.lay() else short

    def failed(self, error: sqlite3.Error) -> StoreFailure:
        """The sentence for an error of SQLite. Anything that may leave a connection in doubt closes it."""
        if is_full(error):
            return StoreFailure(say.disk_of_store_full(path=str(self.path)))
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self._trouble = say.store_not_written(path=str(self.path), cause=str(error))
        self._count_failure(error)
        return StoreFailure(self._trouble)

    def _count_failure(self, error: BaseException | None) -> None:
        """At every third time in a row that the disk refuses the file it is to be replaced, which leaves it where it is
        as long as no new one can be made."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_IOERR or self._ballast.is_needed():
            return
        self._failures += 1
        if self._failures % FAILURES_BEFORE_SETTING_ASIDE == 0:
            self._failing = say.failed_in_a_row(times=self._failures, cause=str(error))

    def make_room(self, connection: Connection, retention: Retention) -> None:
        """Give the ballast up, empty the log, and let go of the oldest of what is elsewhere."""
        if self._ballast.is_needed():
            self._ballast.release()
            self.shortage = say.disk_reserve_used(path=str(self.path))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._let_go(connection, retention)

    def look_after_disk(self, connection: Connection, retention: Retention) -> None:
        """Lay the ballast, or where that was given up see in good time that the file need not grow."""
        self.lay_ballast()
        if self.shortage is not None and self._ballast.is_needed():
            self._let_go(connection, retention)

    def _let_go(self, connection: Connection, retention: Retention) -> None:
        if let_go(connection, self.marks, retention) and not retention.waits:
            self.shortage = (
                f"the disk of {self.path} is full: the oldest minutes, whose quarters of an hour stay, and the oldest "
                "decisions were given up; make room on it"
            )

    def worked(self) -> None:
        """A commit has worked: failures are counted from the beginning."""
        self._failures = 0

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk had no room, after which the connection is as good as before."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
