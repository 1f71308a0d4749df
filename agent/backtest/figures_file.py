"""The file that figures are collected in. It grows by a site at a time and can be taken up again."""

import csv
import io
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from agent.backtest.figures import COLUMNS, OPTIONAL, Row

WHOLE = ("step_s", "settle_s")
HEADER = (",".join(COLUMNS) + "\n").encode()


class FiguresMismatch(Exception):
    """The file holds figures of another kind. ``str()`` says which in one sentence."""


class FiguresFile:
    """A CSV file that grows by a site at a time. Beside it stands how it was made, so that unlike rows never mix."""

    def __init__(self, path: Path, made: dict[str, object]) -> None:
        self._path = path
        self._made = made
        self._note = path.with_name(path.name + ".made.json")

    def open(self) -> list[Row]:
        """The rows that are there; a last line that was cut short is dropped. Raises FiguresMismatch and OSError.

        A file that no backtest has made is left as it is.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        content = self._content()
        whole = content[: content.rfind(b"\n") + 1]
        if whole:
            rows = self._rows(whole)
            self._cut(content, whole)
            return rows
        if not HEADER.startswith(content):
            raise FiguresMismatch(f"{self._path} is no file of a backtest; choose another file")
        self._cut(content, whole)
        self._note.write_text(json.dumps(self._made, indent=1) + "\n", encoding="utf-8")
        self._append(io.StringIO(newline=""), [COLUMNS])
        return []

    def add(self, rows: Iterable[Row]) -> None:
        """Append, all in one write, and put it on the disk."""
        cells = [["" if value is None else value for value in asdict(row).values()] for row in rows]
        self._append(io.StringIO(newline=""), cells)

    def _content(self) -> bytes:
        """Nothing where there is no file. A device or a pipe may have no end, so that neither is read."""
        if not self._path.exists():
            return b""
        if not self._path.is_file() and not self._path.is_dir():
            raise FiguresMismatch(f"{self._path} is no plain file; choose another")
        return self._path.read_bytes()

    def _rows(self, whole: bytes) -> list[Row]:
        try:
            reader = csv.DictReader(io.StringIO(whole.decode("utf-8")))
        except UnicodeDecodeError as error:
            raise FiguresMismatch(f"{self._path} is no text: {error}") from error
        self._refuse_other_making()
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise FiguresMismatch(f"{self._path}:1: these are not the columns of a backtest; choose another file")
        return [self._row(cells, reader.line_num) for cells in reader]

    def _cut(self, content: bytes, whole: bytes) -> None:
        if len(whole) < len(content):
            with self._path.open("r+b") as file:
                file.truncate(len(whole))

    def _refuse_other_making(self) -> None:
        try:
            made = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise FiguresMismatch(f"{self._path} does not say how it was made; choose another file") from None
        made = made if isinstance(made, dict) else {}
        for name in {**self._made, **made}:  # also what was asked for then and is not now
            was, value = made.get(name), self._made.get(name)
            if was != value:
                raise FiguresMismatch(f"{self._path} was made {_not_alike(name, was, value)}; choose another file")

    def _row(self, cells: dict[str, str], line: int) -> Row:
        try:
            text = {name: cells[name] for name in ("site", "policy")}
            optional = {name: float(cells[name]) if cells[name] else None for name in OPTIONAL}
            whole = {name: int(cells[name]) for name in WHOLE}
            numbers = {name: float(cells[name]) for name in COLUMNS if name not in (*text, *OPTIONAL, *WHOLE)}
        except (TypeError, ValueError) as error:
            raise FiguresMismatch(f"{self._path}:{line}: {error}") from error
        return Row(**text, **optional, **whole, **numbers)  # type: ignore[arg-type]

    def _append(self, text: io.StringIO, cells: Iterable[Iterable[object]]) -> None:
        csv.writer(text, lineterminator="\n").writerows(cells)
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())


def _not_alike(name: str, was: object, value: object) -> str:
    """``with days 30, not 60``; None is what was not asked for."""
    if was is None:
        return f"without {name}, not with {value}"
    return f"with {name} {was}, not {'without' if value is None else value}"
