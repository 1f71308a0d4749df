"""Plans that break every limit, and readings that make no sense: the last word before a write holds."""

from tests.faults.catalogue import fault
from tests.fuzz.__main__ import PARTS, play

CASES = 10_000


@fault(36, injected="10,000 plans and readings with hostile numbers, through the wire and the fast loop to the guard")
def test_no_plan_and_no_reading_breaks_a_limit() -> None:
    """``make fuzz`` plays ten times as many."""
    _, share = PARTS["guard"]
    tally = play("guard", round(CASES / share), seed=36)
    assert tally.cases >= CASES
    assert tally.shown == []
    assert tally.uncaught == 0
    assert tally.taken > CASES / 4, "most are granted something, and not just released"
