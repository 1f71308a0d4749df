"""A short run of ``make fuzz``: nothing that is damaged gets further than a refusal in one sentence."""

import pytest

from agent.dispatch.guard import Limits
from agent.domain.battery import Battery
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import Connection, Measured, SiteState
from tests.fuzz.__main__ import PARTS, play
from tests.fuzz.guard import violation
from tests.fuzz.payloads import NOW
from tests.security.items import security

CASES = 6000


@security(11, shows="a short run of make fuzz (a million damaged inputs): 0 uncaught")
@pytest.mark.parametrize("name", list(PARTS))
def test_nothing_escapes(name: str) -> None:
    tally = play(name, CASES, seed=2)
    assert tally.shown == []
    assert tally.uncaught == 0
    assert min(tally.refused, tally.taken) > 0, "a run in which all or nothing is refused tries nothing"


@pytest.mark.parametrize("watts", [6000.0, -6000.0, 3000.0, -4500.0, float("nan")])
def test_a_setpoint_that_breaks_a_limit_would_be_seen(watts: float) -> None:
    battery = Battery(10_000.0, 5000.0, 5000.0, soc_min_pct=10.0, soc_max_pct=90.0)
    seen = SiteState(NOW, grid_w=Measured(1000.0), battery_w=Measured(0.0), soc_pct=Measured(50.0))
    granted = Setpoint(NOW, watts, 60.0, Rung.PLAN, "asked")
    assert violation(granted, seen, Limits(battery, Connection(5000.0, 1000.0))) is not None
