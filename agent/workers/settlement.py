"""The settlement process: the whole days that have passed enter the savings ledger, once a day, then gone.

Reads a SettlementRequest as JSON from standard input and answers with what it Settled as JSON. It writes nothing
itself: the controller, the store's one writer, puts rows and carry down in one commit. So it may be killed at any
instant, and the next one settles the same days again. What cannot be settled within its deadline is left to the next
one. Its arguments are those of ``agent.adapters.processes.answering``.
"""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.processes.answering import answer_once
from agent.adapters.store.metered_reader import read_metered
from agent.domain.ledger import Entry, Settled, SettlementRequest
from agent.domain.wire import WireError, from_json, to_json
from agent.ports import StoreFailure
from agent.savings.ledger import days
from agent.savings.metered import Rated

SETTLES_AFTER = timedelta(hours=48)  # until then the split into plan and forecast can change
MOST_DAYS = 60  # what fits into one answer, and into one commit
_SHARE_OF_DEADLINE = 0.6


def settle(request: SettlementRequest, goes_on: Callable[[], bool]) -> Settled:
    """The days after ``request.carry`` that ended 48 h ago and after which something was measured, oldest first.

    ``goes_on`` is asked before each further day with hours that count. Raises StoreFailure.
    """
    carry = request.carry
    since = None if carry is None else carry.until
    measured = read_metered(Path(request.store), request.now, request.has_solar, request.carbon_price_per_kwh, since)
    if measured is None:
        return Settled((), carry)
    entries: list[Entry] = []
    counted = 0
    rated = Rated(request.battery, request.connection, request.charges, request.timezone)
    for day in days(measured, rated, ZoneInfo(request.timezone), carry):
        if day.carry.until > request.now - SETTLES_AFTER or day.carry.until >= measured.horizon.end:
            break
        if counted >= MOST_DAYS or (counted and not goes_on()):
            return Settled(tuple(entries), carry, more=True)
        counted += bool(day.entries)
        entries += day.entries
        carry = day.carry
    return Settled(tuple(entries), carry)


def main() -> int:
    return answer_once(_settled, WireError, StoreFailure, ValueError)


def _settled(question: bytes, deadline_s: float) -> str:
    give_up = time.monotonic() + _SHARE_OF_DEADLINE * deadline_s
    return to_json(settle(from_json(SettlementRequest, question), lambda: time.monotonic() < give_up))


if __name__ == "__main__":
    sys.exit(main())
