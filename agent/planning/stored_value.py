"""The value table of a plan, with or without a demand charge: what the fast loop acts on."""

from dataclasses import dataclass, replace

import numpy as np

from agent.domain.plan import PeakPrice, ValueByNetLoad, ValueTable
from agent.planning.concave import concave_rows
from agent.planning.peak_levels import Ladder, ladder_of
from agent.planning.peak_table import PEAK_GRID_POINTS, LevelTable, NetPaths, backward_by_level
from agent.planning.planning_terms import Floats, PlanningTerms
from agent.planning.scenarios import Paths, with_a_days_need
from agent.planning.value_table import (
    as_table,
    backward_by_path,
    first_steps,
    known_levels,
    over_all,
    table_of,
)

# How far the peak is a state; beyond it import above the threshold has a price. 20 and 48 hours earned the same.
LEVEL_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class StoredValue:
    """``rows`` (steps + 1, points of ``soc_kwh``) is money by stored energy at the START of each step."""

    soc_kwh: Floats
    rows: Floats
    table: ValueTable


def stored_value(terms: PlanningTerms, paths: Paths) -> StoredValue:
    """What stored energy is worth over ``paths``, by the peak of the month too where one is charged.

    Of a site that nobody has seen for a few days it is not known what a day needs.
    """
    terms = with_a_days_need(terms, paths.net_w) if paths.are_of_days else terms
    if terms.peak is None or not terms.peak.is_charged:
        grid, by_path = backward_by_path(terms, paths.net_w, paths.pv_w)
        return StoredValue(grid, by_path.mean(axis=1), as_table(terms, grid, by_path, paths.net_w, paths.noise_w))
    last = min(terms.steps, max(first_steps(terms), round(LEVEL_HOURS / terms.step_h)))
    net_w, pv_w = paths.net_w[:, :last], paths.pv_w[:, :last]
    left, later = None, np.empty((0, PEAK_GRID_POINTS))
    if last < terms.steps:
        after = backward_by_path(terms.after(last), paths.net_w[:, last:], paths.pv_w[:, last:], PEAK_GRID_POINTS)[1]
        left, later = after[0], after[1:].mean(axis=1)
    near, surprises = terms.before(last), None if paths.surprises is None else paths.surprises.before(last)
    mixed = NetPaths.of(near, net_w, pv_w, surprises)
    ladder = ladder_of(terms.peak.before(last), 1000.0 * mixed.net_kw.T, terms.step_h)
    if left is not None:  # surprises are over by then
        left = np.vstack([left, np.tile(left.mean(axis=0), (mixed.many - len(left), 1))])
    found = backward_by_level(near, ladder, mixed, first_steps(terms), left=left)
    rows = np.concatenate([found.rows, later])
    return StoredValue(
        found.soc_kwh, rows, _with_levels(terms, ladder, mixed, replace(found, rows=rows), paths.noise_w)
    )


def _with_levels(
    terms: PlanningTerms, ladder: Ladder, paths: NetPaths, found: LevelTable, noise_w: Floats
) -> ValueTable:
    known = len(found.by_level)
    by_net_load = tuple(_by_net_load(terms, paths, found, step, float(noise_w[step])) for step in range(known))
    table = table_of(terms, found.soc_kwh, concave_rows(found.soc_kwh, found.rows[1:].copy()), by_net_load)
    levels_w = tuple(tuple(row) for row in (1000.0 * ladder.levels_kw[:known]).tolist())
    peak = table.peak
    assert isinstance(peak, PeakPrice)
    return replace(table, peak=replace(peak, levels_w=levels_w))


def _by_net_load(
    terms: PlanningTerms, paths: NetPaths, found: LevelTable, step: int, noise_w: float
) -> tuple[ValueByNetLoad, ...]:
    """As ``value_table`` has it, at every level; one entry where the paths do not differ."""
    net_w = 1000.0 * paths.net_kw[step]
    levels, weights = known_levels(net_w, noise_w)
    if not len(levels):
        levels, weights = net_w[:1], np.full((1, paths.many), 1.0 / paths.many)
    after = paths.expected(step, found.by_level[step]) @ weights.T  # points, peak levels, net-load levels
    points, peaks, many = after.shape
    rows = concave_rows(found.soc_kwh, np.ascontiguousarray(after.transpose(2, 1, 0).reshape(many * peaks, points)))
    _, rows = over_all(terms, found.soc_kwh, rows, np.full(len(rows), step))
    told = rows.reshape(many, peaks, -1).tolist()
    return tuple(
        ValueByNetLoad(level, tuple(own[0]), tuple(map(tuple, own)))
        for level, own in zip(levels.tolist(), told, strict=True)
    )
