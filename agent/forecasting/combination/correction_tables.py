"""Corrections as arrays and back. Pure arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import numpy as np

from agent.domain.forecast_corrections import BUCKETS, PERSISTENT_BUCKETS, ForecastCorrections
from agent.forecasting.forecaster import LEVELS, FloatArray

_MOST_MEMBERS = 6


@dataclass(frozen=True, slots=True)
class Tables:
    """Corrections as arrays: rows of ``losses`` and ``counted`` are members."""

    members: tuple[str, ...]
    losses: FloatArray
    counted: FloatArray
    quantile_offsets: FloatArray
    published: FloatArray
    residual_persistence: FloatArray


@lru_cache(maxsize=2)
def tables_of(corrections: ForecastCorrections) -> Tables:
    """The arrays of the corrections; nothing learnt where they do not have the shape of this release."""
    many = len(corrections.members)
    wanted = {
        "losses": (many, BUCKETS),
        "counted": (many, BUCKETS),
        "quantile_offsets": (BUCKETS, len(LEVELS)),
        "published": (BUCKETS, len(LEVELS)),
        "residual_persistence": (PERSISTENT_BUCKETS, 2),
    }
    found = {name: _table(getattr(corrections, name), shape) for name, shape in wanted.items()}
    if all(table is not None for table in found.values()):
        return Tables(corrections.members, **{name: table for name, table in found.items() if table is not None})
    none = np.zeros((0, BUCKETS))
    level = np.zeros((BUCKETS, len(LEVELS)))
    return Tables((), none, none, level, level, np.zeros((PERSISTENT_BUCKETS, 2)))


def _table(rows: tuple[tuple[float, ...], ...], shape: tuple[int, int]) -> FloatArray | None:
    if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
        return None
    table = np.array(rows, dtype=np.float64).reshape(shape)
    return table if np.isfinite(table).all() else None


def corrections_of(before: ForecastCorrections, tables: Tables, origin: datetime, error: float) -> ForecastCorrections:
    """The corrections after ``origin``. ``error`` is that of its first hour, NaN where it was not measured."""

    def rows(table: FloatArray) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(row) for row in np.round(table, 6).tolist())

    return ForecastCorrections(
        quantity=before.quantity,
        learnt_to=origin,
        origins=before.origins + 1,
        members=tables.members,
        losses=rows(tables.losses),
        quantile_offsets=rows(tables.quantile_offsets),
        counted=rows(tables.counted),
        published=rows(tables.published),
        residual_persistence=rows(tables.residual_persistence),
        last_error=None if np.isnan(error) else round(error, 6),
    )


def with_members(tables: Tables, names: Sequence[str]) -> Tables:
    """With a row for each of ``names``; members not seen for long leave when there are too many."""
    gone = [name for name in tables.members if name not in names]
    kept = [*gone[max(0, len(gone) + len(names) - _MOST_MEMBERS) :], *names]
    rows = [tables.members.index(name) if name in tables.members else -1 for name in kept]
    known = np.array(rows)[:, None] >= 0
    padded = [np.vstack([table, np.zeros(BUCKETS)]) for table in (tables.losses, tables.counted)]
    losses, counted = (np.where(known, table[rows], 0.0) for table in padded)
    return replace(tables, members=tuple(kept), losses=losses, counted=counted)
