"""Memory of the controller does not grow with the days; the whole month is in ``make bench``."""

from tests.bench.month import grown
from tests.faults.catalogue import Outcome, fault

DAYS, WARM_DAYS = 3.0, 1.4
MOST_MIB, MOST_GROWTH_MIB = 200.0, 1.0


@fault(6, injected="three days of control, plans and commits on the virtual clock, devices that fail at times")
def test_memory_does_not_grow(outcome: Outcome) -> None:
    found = [mib for day, mib in grown(DAYS) if day >= WARM_DAYS]
    assert len(found) >= 6
    assert found[-1] - found[0] < MOST_GROWTH_MIB
    assert max(found) < MOST_MIB
