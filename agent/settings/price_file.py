"""A list of prices in a CSV file.

Two columns, ``start,price_per_kwh`` or, as power exchanges have it, ``start,price_per_mwh``: the start of each step in
ISO 8601 with its offset from UTC, and money.
The steps are equal and without gaps.
"""

import csv
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.domain.sentences import price_files as say
from agent.domain.tariff import PriceList

KWH_OF = {"price_per_kwh": 1.0, "price_per_mwh": 1000.0}  # of the second column, after "start"
COLUMNS = 2
LARGEST_FILE = 16 * 1024 * 1024
LARGEST_PRICE = 1000.0


class PriceFileError(ValueError):
    """The file is no list of prices. ``why`` says where and why in one sentence, as ``str()`` does without its code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def read_prices(path: Path) -> PriceList:
    """Raises PriceFileError."""
    rows, kwh = _rows(path)
    starts = [_start(path, line, row[0]) for line, row in rows]
    prices = tuple(_price(path, line, row[1], kwh) for line, row in rows)
    step = starts[1] - starts[0]
    if step < timedelta(minutes=1) or step % timedelta(minutes=1):
        raise PriceFileError(say.price_step_wrong(path=str(path), line=rows[1][0], step=str(step)))
    for index in range(1, len(starts)):
        if starts[index] - starts[index - 1] != step:
            expected = (starts[index - 1] + step).isoformat()
            raise PriceFileError(say.price_steps_unequal(path=str(path), line=rows[index][0], expected=expected))
    return PriceList(starts[0], int(step.total_seconds()), prices)


def _rows(path: Path) -> tuple[list[tuple[int, list[str]]], float]:
    """The rows below the header with their line numbers, two or more of two cells each; for how many kWh prices are."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PriceFileError(say.price_file_too_large(path=str(path), most=LARGEST_FILE // 1024**2))
        text = path.read_text("utf-8-sig")
        found = [(line, row) for line, row in enumerate(csv.reader(text.splitlines(), strict=True), 1) if row]
    except OSError as error:
        raise PriceFileError(say.price_file_unreadable(path=str(path), cause=f"{error.strerror}")) from error
    except UnicodeDecodeError as error:
        raise PriceFileError(say.price_file_no_utf8(path=str(path))) from error
    except csv.Error as error:
        raise PriceFileError(say.price_file_no_csv(path=str(path), cause=str(error))) from error
    header = [cell.strip() for cell in found[0][1]] if found else []
    if len(header) != COLUMNS or header[0] != "start" or header[1] not in KWH_OF:
        raise PriceFileError(say.price_header_wrong(path=str(path)))
    if len(found) < 3:
        raise PriceFileError(say.too_few_prices(path=str(path)))
    for line, row in found:
        if len(row) != COLUMNS:
            raise PriceFileError(say.price_cells_wrong(path=str(path), line=line, cells=len(row), columns=COLUMNS))
    return found[1:], KWH_OF[header[1]]


def _start(path: Path, line: int, cell: str) -> datetime:
    try:
        start = datetime.fromisoformat(cell.strip())
        if start.tzinfo is not None:
            return start.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PriceFileError(say.price_time_wrong(path=str(path), line=line, cell=cell)) from None
    raise PriceFileError(say.price_time_without_offset(path=str(path), line=line, cell=cell))


def _price(path: Path, line: int, cell: str, kwh: float) -> float:
    try:
        price = float(cell) / kwh
    except ValueError:
        raise PriceFileError(say.price_no_number(path=str(path), line=line, cell=cell)) from None
    if not math.isfinite(price) or abs(price) > LARGEST_PRICE:
        raise PriceFileError(say.price_impossible(path=str(path), line=line, cell=cell))
    return price
