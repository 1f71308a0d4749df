"""The CSV file of one site: rows by time, strictly read.

Rows may stand in any order. A time that comes twice must say the same twice. An empty cell is missing.
"""

import csv
import gzip
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

COLUMNS = (
    "load_kw",
    "pv_kw",
    "temperature_c",
    "ghi_w_m2",
    "poa_proxy_w_m2",
    "wm_temperature_c",
    "wm_poa_direct_w_m2",
    "wm_poa_diffuse_w_m2",
    "clearsky_ghi_w_m2",
)
Cells = tuple[float | None, ...]


class SitesUnreadable(Exception):
    """The folder does not hold what it should. ``str()`` says what and where in one sentence."""


def read_rows(file: Path) -> dict[datetime, Cells]:
    """One entry a time (UTC) with a value for each of COLUMNS, None where missing. Raises SitesUnreadable."""
    found: dict[datetime, Cells] = {}
    try:
        with _text(file) as lines:
            reader = csv.DictReader(lines)
            heads = set(reader.fieldnames or ())
            if "timestamp" not in heads or not heads & {"load_kw", "pv_kw"}:
                raise SitesUnreadable(f"{file}:1: the header has no timestamp, or neither load_kw nor pv_kw")
            for cells in reader:
                at, row = _row(file, reader.line_num, cells)
                if found.setdefault(at, row) != row:
                    raise SitesUnreadable(
                        f"{file}:{reader.line_num}: {cells['timestamp']} comes twice with other values"
                    )
    except (OSError, EOFError, csv.Error, UnicodeDecodeError) as error:
        raise SitesUnreadable(f"{file} cannot be read: {error}") from error
    if not found:
        raise SitesUnreadable(f"{file} has no rows")
    return found


def utc(at: datetime) -> datetime:
    """A time without a zone is UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _text(file: Path) -> TextIO:
    packed = file.suffix == ".gz"
    return gzip.open(file, "rt", newline="", encoding="utf-8") if packed else file.open(newline="", encoding="utf-8")


def _row(file: Path, line: int, cells: Mapping[str, str | None]) -> tuple[datetime, Cells]:
    try:
        at = datetime.fromisoformat(cells["timestamp"] or "")
        row = tuple(_number(cells.get(column)) for column in COLUMNS)
        return utc(at), row
    except (ValueError, OverflowError) as error:
        raise SitesUnreadable(f"{file}:{line}: {error}") from error


def _number(cell: str | None) -> float | None:
    """A number that is none (``nan``, ``inf``) is missing too."""
    value = float(cell) if cell else None
    return value if value is not None and math.isfinite(value) else None
