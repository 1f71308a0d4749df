"""Roll-ups put together by the database itself: a year of quarters is 35,000 rows that nobody else has to hold."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from agent.adapters.store.store_reader import reading

# The group of a row is found by the key of the table: one look a group.
_SUMS = """
SELECT json_extract(value, '$[2]'), {wanted} FROM json_each(:groups) CROSS JOIN rollup
ON span = :span AND at >= json_extract(value, '$[0]') AND at < min(json_extract(value, '$[1]'), :until)
GROUP BY 1
"""

Group = tuple[datetime, datetime, int]


def group_sums(
    path: Path, span: str, groups: Sequence[Group], wanted: Sequence[str], until: datetime
) -> dict[int, tuple[float | None, ...]]:
    """``wanted`` of the roll-ups of ``span`` before ``until``, by the number of their group.

    A group is a start, an end and a number, which several may have. ``wanted`` are aggregates over ROLLUP_COLUMNS, such
    as ``sum(import_wh)``, and no text of others. Minutes that wait for the roll-ups do not count. Raises StoreFailure.
    """
    listed = json.dumps([(start.timestamp(), end.timestamp(), number) for start, end, number in groups])
    terms = {"groups": listed, "span": span, "until": until.timestamp()}
    with reading(path) as connection:
        rows = connection.execute(_SUMS.format(wanted=", ".join(wanted)), terms).fetchall()
    return {int(row[0]): tuple(row[1:]) for row in rows}
