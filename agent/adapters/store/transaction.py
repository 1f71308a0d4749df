"""One transaction of SQLite: all of it or nothing."""

import sqlite3


class Transaction:
    """BEGIN IMMEDIATE, then COMMIT, or ROLLBACK when anything in between, or the commit itself, fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
