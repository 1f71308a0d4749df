"""How a platform reads a compressed backlog (``history/1.0``): gunzip, JSON, running sums."""

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, repeat
from typing import Any

CONTENT_TYPE = "application/json+gzip"
MOST_BYTES = 16 * 1024 * 1024  # unpacked: more is no batch
GZIP_BITS = 31
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unpack(payload: bytes) -> dict[str, Any]:
    """The batch as it would have come without compression: ``rows`` as lists of values.

    Raises ValueError or KeyError for what is none.
    """
    reader = zlib.decompressobj(GZIP_BITS)
    try:
        text = reader.decompress(payload, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"it is not gzip'd: {error}") from error
    if not reader.eof:
        raise ValueError("it ends too early, or is too large")
    body: dict[str, Any] = json.loads(text)
    columns = [_values(column) for column in body.pop("values")]
    body["rows"] = [list(row) for row in zip(*columns, strict=True)]
    if len(columns) != len(body["columns"]) + len(body["points"]) or len(body["rows"]) != body["count"]:
        raise ValueError("it has another number of columns or rows than it says")
    return body


def _values(column: dict[str, Any]) -> Sequence[object]:
    if "runs" in column:
        return [value for count, same in column["runs"] for value in repeat(same, count)]
    if "times_ms" in column:
        return [_time(at_ms) for at_ms in accumulate(column["times_ms"])]
    return _numbers(column["deltas"], 10 ** int(column["digits"]))


def _numbers(deltas: Sequence[int | None], scale: int) -> list[float | None]:
    total, found = 0, list[float | None]()
    for delta in deltas:
        total += delta or 0
        found.append(None if delta is None else total if scale == 1 else total / scale)
    return found


def _time(at_ms: int) -> str:
    at = EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
