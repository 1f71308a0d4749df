"""The compressed form of a backlog (schema ``history/1.0``): the table by columns, numbers as differences, JSON, gzip.

One entry of ``values`` a column, in the order of ``columns`` and then ``points``, each of one of three kinds:

- ``{"digits": n, "deltas": [...]}``: numbers. The running sum of the deltas, divided by 10^n, is the value; null is a
  missing value, over which the sum goes on;
- ``{"times_ms": [...]}``: times. The running sum is milliseconds since 1970 (UTC);
- ``{"runs": [[count, value], ...]}``: anything else, each value as it is, ``count`` times.

Every value comes out of it as it went in: a column that a kind would change is sent as the next one.
"""

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice, takewhile
from operator import sub
from typing import Any

from agent.domain.records import OutboxRow

MOST_VALUES = 25_000  # of one payload: it is made between two control steps
LEVEL, GZIP_BITS = 4, 31  # level 6 takes three times as long and saves three per cent
DIGITS = (3, 6)  # what MINUTE_FIELDS rounds to
LARGEST_WHOLE = 2**53  # what every reader of JSON has exactly
HEADROOM = 0.9
EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
NUMBERS = {int, float, type(None)}

Column = Sequence[Any]  # of what JSON has


class HistoryForm:
    """Packs rows. It knows from the payload before how many fit into one of ``largest`` bytes."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._bytes_per_value = 0.0

    def pack(self, head: dict[str, object], rows: Sequence[OutboxRow]) -> tuple[bytes, int]:
        """(the payload, the seq of its last row): as many of ``rows`` as fit, at least one.

        It ends where the names of the points change. Raises ValueError for a value that is no JSON.
        """
        names = rows[0].point_names
        alike = list(takewhile(lambda row: row.point_names == names, rows))
        width = 1 + len(rows[0].columns) + len(names)
        taken = alike[: self._most_rows(width)]
        while True:
            payload = _payload(head, taken)
            self._bytes_per_value = len(payload) / (len(taken) * width)
            if len(payload) <= self._largest or len(taken) == 1:
                return payload, taken[-1].seq
            taken = taken[: max(1, int(len(taken) * HEADROOM * self._largest / len(payload)))]

    def _most_rows(self, width: int) -> int:
        values = float(MOST_VALUES)
        if self._bytes_per_value:
            values = min(values, HEADROOM * self._largest / self._bytes_per_value)
        return max(1, int(values / width))


def _payload(head: dict[str, object], rows: Sequence[OutboxRow]) -> bytes:
    first = rows[0]
    columns = [[row.seq for row in rows], *zip(*(row.values for row in rows), strict=True)]
    points = zip(*(row.points for row in rows), strict=True)
    body = head | {
        "seq_from": first.seq,
        "seq_to": rows[-1].seq,
        "count": len(rows),
        "columns": ["seq", *first.columns],
        "points": list(first.point_names),
        "values": [_packed(column) for column in (*columns, *points)],
    }
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return zlib.compress(text.encode(), LEVEL, GZIP_BITS)


def _packed(values: Column) -> dict[str, object]:
    """One column, in the first kind that keeps every value."""
    kinds = set(map(type, values))
    if kinds <= NUMBERS and kinds != {type(None)}:
        return _numbers(values) or _runs(values)
    return (_times(values) if kinds == {str} else None) or _runs(values)


def _runs(values: Column) -> dict[str, object]:
    alike = groupby(values, key=lambda value: (type(value), value))
    return {"runs": [[sum(1 for _ in group), value] for (_, value), group in alike]}


def _numbers(values: Sequence[float | None]) -> dict[str, object] | None:
    known = [value for value in values if value is not None]
    for digits in DIGITS:
        whole = _whole(known, 10**digits)
        if whole is not None:
            break
    else:
        return None
    scale = 10**digits
    if not any(number % scale for number in whole):
        whole, digits = [number // scale for number in whole], 0
    deltas = _deltas(whole)
    if len(known) == len(values):
        return {"digits": digits, "deltas": deltas}
    steps = iter(deltas)
    return {"digits": digits, "deltas": [None if value is None else next(steps) for value in values]}


def _whole(known: Sequence[float], scale: int) -> list[int] | None:
    """The numbers times ``scale``, where that makes whole ones of them that lead back to every bit."""
    try:
        whole = [round(value * scale) for value in known]
    except (OverflowError, ValueError):  # no finite number
        return None
    if max(whole) > LARGEST_WHOLE or min(whole) < -LARGEST_WHOLE:
        return None
    return whole if [number / scale for number in whole] == known else None


def _times(values: Sequence[str]) -> dict[str, object] | None:
    """Times as the store writes them, in whole milliseconds (UTC)."""
    try:
        times = [datetime.fromisoformat(text) for text in values]
    except ValueError:
        return None
    if any(time.tzinfo is not UTC or iso_time(time) != text for time, text in zip(times, values, strict=True)):
        return None
    return {"times_ms": _deltas([(time - EPOCH) // MILLISECOND for time in times])}


def _deltas(whole: Sequence[int]) -> list[int]:
    return [whole[0], *map(sub, islice(whole, 1, None), whole)]


def iso_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
