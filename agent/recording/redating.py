"""Rows that were dated by a wrong clock, moved to where they belong. Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from agent.domain.records import Batch, DecisionRow, EventRow, MinuteRow, Redate

MINUTE = timedelta(minutes=1)  # a stretch of minutes may have been moved by half of one more
Row = TypeVar("Row", DecisionRow, EventRow)


def redated(row: Row, order: Redate) -> Row:
    """``row`` where it belongs; as it is where it is not of the stretch that was ordered."""
    if not order.since - MINUTE <= row.at <= order.until:
        return row
    return replace(row, at=row.at + timedelta(seconds=order.by_s))


def redated_minute(row: MinuteRow, order: Redate) -> MinuteRow:
    """As ``redated``; a minute whose time was trusted stays as it is."""
    if row.time_trusted or not order.since <= row.at <= order.until:
        return row
    return replace(row, at=row.at + timedelta(seconds=order.minutes_s), time_trusted=order.trusted)


def redated_batch(batch: Batch, order: Redate) -> Batch:
    """Every row of ``batch`` where it belongs."""
    return replace(
        batch,
        minutes=tuple(redated_minute(row, order) for row in batch.minutes),
        decisions=tuple(redated(row, order) for row in batch.decisions),
        events=tuple(redated(row, order) for row in batch.events),
    )
