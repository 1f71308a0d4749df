"""The blocks of an A/B trial, taken from the savings ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.domain.ledger import MICRO, Entry
from agent.domain.paired_trial import DAY_H, Schedule
from agent.savings.paired_trial import BlockResult

LEAST_SHARE = 0.9  # of a block's hours must be in the ledger
_HOUR = timedelta(hours=1)


def block_results(trial: Schedule, entries: Sequence[Entry], worth_per_kwh: float) -> list[BlockResult]:
    """One result a block of which nine tenths are in the ledger and which has an end there.

    ``worth_per_kwh`` is what a stored kWh is worth: what a block leaves in the battery counts for it, what it uses up
    of the block before against it. Blocks that are not over are left out.
    """
    by_hour = {entry.at: entry for entry in entries}
    found = []
    for block in range(len(trial.arms)):
        begin, end = trial.block_start(block), trial.block_start(block + 1)
        inside = [by_hour[at] for at in _hours(begin, end) if at in by_hour]
        if len(inside) < LEAST_SHARE * trial.block_h or end not in by_hour:
            continue
        gained_kwh = (by_hour[end].stored_wh - inside[0].stored_wh) / 1000.0
        a_day = DAY_H / len(inside)
        saved = sum(entry.amounts.saved for entry in inside) / MICRO + worth_per_kwh * gained_kwh
        no_battery = sum(entry.amounts.no_battery for entry in inside) / MICRO
        found.append(BlockResult(block, saved * a_day, no_battery * a_day, inside[0].stored_wh / 1000.0))
    return found


def _hours(begin: datetime, end: datetime) -> list[datetime]:
    return [begin + _HOUR * i for i in range(round((end - begin) / _HOUR))]
