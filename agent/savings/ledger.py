"""The savings ledger: each measured hour's bill as it was, and as it would have been otherwise.

Four bills are set side by side for the same load, sun and prices: no battery, the self-consumption rule with a battery
of its own that is carried from day to day, what was really paid, and hindsight (``agent.savings.regret``) over a day of
the site, or over what lies between two holes of it. Amounts are whole millionths of the currency, so that hours add up
to days, months and years without a rest. A day never saves more than hindsight; a single hour may, since hindsight
buys in one hour for another. Import and export are netted within each step, in all bills alike: where a battery swings
about 0 W a meter that nets nothing counts more of both. A rise of a month's peak is paid for in the hour that makes it
(``savings.peak_bill``).

What hindsight saves beyond what was saved is split in three:
plan: what the planner loses to hindsight although it is told the load and the sun of the next 48 h: what it forgoes
for the battery's life and for carbon, and what it does not see beyond its horizon;
execution: what was lost since the battery did not do what it was asked to;
forecast: all the rest, so that saved + forecast + plan + execution = achievable. Luck makes a part negative.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from agent.domain.battery import Battery, soc_after
from agent.domain.ledger import MICRO, Amounts, Entry, LedgerCheckpoint, LedgerPeaks
from agent.planning.battery_arrays import stored_changes
from agent.planning.highs import SolverFailure
from agent.planning.rules import self_consumption_w
from agent.savings.metered import Floats, Metered, Rated, bill, start_wh, stretches
from agent.savings.peak_bill import PeaksKw, nothing, rises
from agent.savings.regret import hindsight, planned


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the site in the ledger, and what the next one begins with."""

    date: date
    entries: tuple[Entry, ...]
    carry: LedgerCheckpoint


def days(
    metered: Metered, rated: Rated, zone: ZoneInfo, carry: LedgerCheckpoint | None = None, since: date | None = None
) -> Iterator[Day]:
    """The days of ``metered`` from ``carry`` on, oldest first; those before ``since`` without entries, which is fast.

    Beginning again with the carry of a day that was whole gives the rows that going on would have given. A day counts
    as settled when it and the 48 h after it have passed: until then the split into plan and forecast can change.
    """
    counted = metered.counted_hours()
    hour = 0 if carry is None else max(0, round((carry.until - metered.horizon.start).total_seconds() / 3600))
    peaks = None if carry is None else carry.peaks
    while hour < len(counted):
        day, last = metered.day_of(hour, zone), hour + 1
        while last < len(counted) and metered.day_of(last, zone) == day:
            last += 1
        entries: list[Entry] = []
        peaks = _of_month(peaks, day, rated)
        for first, end in stretches(counted, hour, last):
            rule_w, carry = _rule(metered, rated.battery, first, end, carry)
            demand, peaks_before, peaks = _demand(metered, rated, first, end, rule_w, peaks)
            if since is None or day >= since:
                entries += _entries(metered, rated, first, end, rule_w, demand, peaks_before)
        soc_pct = None if carry is None else carry.rule_soc_pct
        usable_wh = rated.battery.usable_wh if carry is None else carry.usable_wh
        carry = LedgerCheckpoint(metered.hour_at(last), soc_pct, usable_wh, peaks if rated.charges else None)
        yield Day(day, tuple(entries), carry)
        hour = last


def _rule(
    metered: Metered, battery: Battery, first: int, last: int, carry: LedgerCheckpoint | None
) -> tuple[Floats, LedgerCheckpoint]:
    """The rule's powers over a stretch. It begins with the real battery's SoC, and again when that is another one."""
    part = metered.steps_of(first, last)
    step_h = metered.horizon.step_h
    soc_pct = None if carry is None or carry.usable_wh != battery.usable_wh else carry.rule_soc_pct
    if soc_pct is None:
        soc_pct = battery.soc_pct(start_wh(metered, battery, part.start))
    powers = np.zeros(part.stop - part.start)
    for step, net_w in enumerate(metered.net_w[part].tolist()):
        powers[step] = power_w = self_consumption_w(net_w, soc_pct, battery, step_h)
        soc_pct = soc_after(battery, soc_pct, power_w, step_h)
    return powers, LedgerCheckpoint(metered.hour_at(last), soc_pct, battery.usable_wh)


def _of_month(peaks: LedgerPeaks | None, day: date, rated: Rated) -> LedgerPeaks:
    """The peaks that were reached before ``day`` in its month: none in a month that begins, or by other charges."""
    known = peaks is not None and (peaks.year, peaks.month) == (day.year, day.month)
    if peaks is not None and known and len(peaks.paid_kw) == len(rated.charges):
        return peaks
    return LedgerPeaks(day.year, day.month, *(nothing(rated.charges),) * 3)


def _demand(
    metered: Metered, rated: Rated, first: int, last: int, rule_w: Floats, peaks: LedgerPeaks
) -> tuple[list[Floats], PeaksKw, LedgerPeaks]:
    """What a stretch adds to the demand charges of the three bills by step, the peaks paid before, and those after."""
    part = metered.steps_of(first, last)
    own_w = metered.battery_w[part]
    series = (np.zeros_like(own_w), peaks.no_battery_kw), (rule_w, peaks.rule_kw), (own_w, peaks.paid_kw)
    added = [rises(metered, rated, part, powers_w, so_far_kw) for powers_w, so_far_kw in series]
    after = LedgerPeaks(peaks.year, peaks.month, *(reached for _, reached in added))
    return [money for money, _ in added], peaks.paid_kw, after


def _entries(
    metered: Metered,
    rated: Rated,
    first: int,
    last: int,
    rule_w: Floats,
    demand: list[Floats],
    peaks_before: PeaksKw,
) -> list[Entry]:
    part = metered.steps_of(first, last)
    own_w = metered.battery_w[part]
    began_wh = start_wh(metered, rated.battery, part.start)
    bills = [
        bill(metered, part, powers_w) + added
        for powers_w, added in zip((np.zeros_like(own_w), rule_w, own_w), demand, strict=True)
    ]
    unsolved = 0
    try:
        least, plan, execution = _regrets(metered, rated, part, began_wh, peaks_before)
    except SolverFailure:
        least, unsolved = bills[-1], 1
        plan = execution = np.zeros_like(least)
    hourly = [_micro(values, metered.per_hour) for values in (*bills, least, plan, execution)]
    changes = stored_changes(rated.battery, own_w, metered.horizon.step_h)
    stored = began_wh + np.concatenate([[0.0], np.cumsum(changes)])[:: metered.per_hour]
    return [
        Entry(
            metered.hour_at(first + hour),
            Amounts(1, idle, rule, paid, best, planned_loss, executed_loss, unsolved),
            float(stored[hour]),
        )
        for hour, (idle, rule, paid, best, planned_loss, executed_loss) in enumerate(zip(*hourly, strict=True))
    ]


def _regrets(
    metered: Metered, rated: Rated, part: slice, began_wh: float, so_far_kw: PeaksKw
) -> tuple[Floats, Floats, Floats]:
    """By step: the bill of hindsight, and what plan and execution lost, each against hindsight to its own end.

    All of them begin with the month's peaks that were paid for by then.
    """

    def cost(powers_w: Floats) -> Floats:
        return bill(metered, part, powers_w) + rises(metered, rated, part, powers_w, so_far_kw)[0]

    def lost(powers_w: Floats) -> Floats:
        return cost(powers_w) - cost(hindsight(metered, rated, part, began_wh, powers_w, so_far_kw))

    own_w, commanded = metered.battery_w[part], metered.commanded_w[part]
    own_lost = lost(own_w)
    plan_lost = lost(planned(metered, rated, part, began_wh, so_far_kw))
    asked_w = np.where(np.isfinite(commanded), commanded, own_w)
    execution = np.zeros_like(own_w) if np.array_equal(asked_w, own_w) else own_lost - lost(asked_w)
    return cost(own_w) - own_lost, plan_lost, execution


def _micro(values: Floats, per_hour: int) -> list[int]:
    return [round(MICRO * amount) for amount in values.reshape(-1, per_hour).sum(axis=1).tolist()]
