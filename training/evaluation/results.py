"""The file of results: rows appended as they are made, whole again after a kill, and a note of what made them."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from training.scoring.measures import Measures

COLUMNS = (
    *("site", "target", "model", "lead", "origins", "n", "mape", "mape_kept"),
    *("wape", "rmse", "r2", "bias", "cover", "width", "pinball"),
)
LEADS = {"0-24": slice(0, 24), "24-48": slice(24, 48), "0-48": slice(0, 48)}
Key = tuple[str, str, str]
"""Site, target and model: what is made, and written, in one go."""


class ResultsUnusable(Exception):
    """The file of results cannot be continued. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file. ``rmse`` and ``bias`` of ``measures`` are kW."""

    site: str
    target: str
    model: str
    lead: str
    origins: int
    measures: Measures

    @property
    def key(self) -> Key:
        return self.site, self.target, self.model


class ResultsFile:
    """The CSV file, and beside it ``FILE.made.json``: with which data and models its rows were made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made_path = path.with_name(path.name + ".made.json")

    def open(self, made: Mapping[str, str], fresh: bool) -> dict[Key, list[Row]]:
        """The rows that are there already. Raises ResultsUnusable.

        What was half written is dropped. ``made`` is what the coming rows are made with, by name; a file with rows made
        otherwise is refused, or begun anew when ``fresh``.
        """
        try:
            kept = {} if fresh or not self.path.exists() else self._read()
            known = self._read_made() if kept else {}
            _refuse_other(self.path, kept, known, made)
            self._replace(self.made_path, json.dumps({**known, **made}, indent=1, sort_keys=True) + "\n")
            self._replace(self.path, _text([COLUMNS]) + "".join(_lines(rows) for rows in kept.values()))
        except OSError as error:
            raise ResultsUnusable(f"{error.filename or self.path} cannot be used: {error.strerror}") from error
        return kept

    def append(self, rows: Iterable[Row]) -> None:
        """Raises ResultsUnusable when the disk takes no more."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_lines(rows))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ResultsUnusable(f"{self.path} cannot be written: {error.strerror}") from error

    def _read(self) -> dict[Key, list[Row]]:
        """Whole groups only: a site, target and model with one row a lead."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ResultsUnusable(f"{self.path} is not a text file") from error
        whole = text[: text.rfind("\n") + 1]
        found: dict[Key, list[Row]] = {}
        reader = csv.reader(io.StringIO(whole))
        if whole and tuple(next(reader)) != COLUMNS:
            raise ResultsUnusable(f"{self.path}:1: these are not the columns of an evaluation")
        for cells in reader:
            try:
                row = _row(cells)
            except ValueError as error:
                raise ResultsUnusable(f"{self.path}:{reader.line_num}: {error}") from error
            found.setdefault(row.key, []).append(row)
        return {key: rows for key, rows in found.items() if [row.lead for row in rows] == list(LEADS)}

    def _read_made(self) -> dict[str, str]:
        try:
            made = json.loads(self.made_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ResultsUnusable(f"{self.made_path} does not say what {self.path.name} was made with") from error
        if not isinstance(made, dict):
            raise ResultsUnusable(f"{self.made_path} does not say what {self.path.name} was made with")
        return {str(name): str(value) for name, value in made.items()}

    @staticmethod
    def _replace(path: Path, text: str) -> None:
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)


def file_hash(path: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _refuse_other(path: Path, kept: Mapping[Key, list[Row]], known: Mapping[str, str], made: Mapping[str, str]) -> None:
    used = {name for site, _, model in kept for name in (f"site {site}", f"model {model}")}
    other = sorted(name for name in used & set(made) if known.get(name) != made[name])
    if other:
        was = "; ".join(f"{name} was {known.get(name, 'unknown')}, is {made[name]}" for name in other[:3])
        raise ResultsUnusable(f"{path} holds rows made otherwise ({was}): name another file, or --fresh to begin anew")


def _lines(rows: Iterable[Row]) -> str:
    return _text(
        [(*row.key, row.lead, str(row.origins), *(_number(value) for value in astuple(row.measures))) for row in rows]
    )


def _text(lines: Iterable[Iterable[str]]) -> str:
    return "".join(",".join(line) + "\n" for line in lines)


def _number(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _row(cells: list[str]) -> Row:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} fields, not {len(COLUMNS)}")
    site, target, model, lead, origins, n, *rest = cells
    mape, kept, wape, rmse, r2, *others = (float(cell) if cell else None for cell in rest)
    needed = (kept, wape, rmse, *others)
    if any(value is None for value in needed):
        raise ValueError("a figure is missing")
    bias, cover, width, pinball = (value or 0.0 for value in others)
    measures = Measures(int(n), mape, kept or 0.0, wape or 0.0, rmse or 0.0, r2, bias, cover, width, pinball)
    return Row(site, target, model, lead, int(origins), measures)
