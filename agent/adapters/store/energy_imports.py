"""What the site has imported, from the roll-ups and the minutes that are not in them yet."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

QUARTER_S = 900

# In one statement, so that no minute slips through between the two.
_IMPORTS = """
SELECT at, :quarter_s, covered_s, import_wh FROM rollup WHERE span = 'quarter' AND at >= :first
UNION ALL
SELECT at, span_s, covered_s, import_wh FROM minute
  WHERE at >= :first AND time_trusted AND seq > (SELECT rolled FROM stream WHERE name = 'minute')
ORDER BY 1
"""

Import = tuple[datetime, float, float, float]


def read_imports(connection: sqlite3.Connection, since: datetime) -> Sequence[Import]:
    """(start, span s, measured s, imported Wh) from ``since`` (UTC) on, oldest first; stretches may share a quarter."""
    terms = {"quarter_s": QUARTER_S, "first": int(since.timestamp())}
    return [
        (datetime.fromtimestamp(at, UTC), float(span_s), float(covered_s), float(import_wh))
        for at, span_s, covered_s, import_wh in connection.execute(_IMPORTS, terms)
    ]
