"""What the site has imported, from the roll-ups and the minutes that are not in them yet.

A row says for how long the whole balance was known. Where the meter answers and the inverter does not, energies go on:
the grid was seen for as long as its mean power takes to make them.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

QUARTER_S = 900

# Seconds of a row of ``span_s`` in which the grid was seen.
SEEN_S = "max(covered_s, iif(grid_w, min({span_s}, (import_wh - export_wh) * 3600.0 / grid_w), 0.0))"

# In one statement, so that no minute slips through between the two.
_IMPORTS = f"""
SELECT at, :quarter_s, {SEEN_S.format(span_s=QUARTER_S)}, import_wh FROM rollup WHERE span = 'quarter' AND at >= :first
UNION ALL
SELECT at, span_s, {SEEN_S.format(span_s="span_s")}, import_wh FROM minute
  WHERE at >= :first AND time_trusted AND seq > (SELECT rolled FROM stream WHERE name = 'minute')
ORDER BY 1
"""  # noqa: S608 - a constant

Import = tuple[datetime, float, float, float]


def read_imports(connection: sqlite3.Connection, since: datetime) -> Sequence[Import]:
    """(start, span s, s in which the grid was seen, imported Wh) from ``since`` (UTC) on, oldest first.

    Stretches may share a quarter.
    """
    terms = {"quarter_s": QUARTER_S, "first": int(since.timestamp())}
    return [
        (datetime.fromtimestamp(at, UTC), float(span_s), float(seen_s), float(import_wh))
        for at, span_s, seen_s, import_wh in connection.execute(_IMPORTS, terms)
    ]
