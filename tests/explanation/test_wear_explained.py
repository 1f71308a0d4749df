"""A plan whose battery wears by power and by depth is solved again at its own cost, and its worths add up."""

from dataclasses import replace

import pytest

from agent.domain.battery_wear import wear_per_kwh
from agent.explanation.limits import FLOW_W, busbar_price
from agent.explanation.shadow_price import resolved
from tests.advice.plans import basis
from tests.planning.days import BATTERY

WORN = replace(BATTERY, wear_above_half_per_kwh=0.03, deep_wear_per_kwh=0.1, deep_below_pct=40.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_programme_gives_the_plans_own_cost(seed: int) -> None:
    on = basis(seed, battery=WORN)
    assert any(step.soc_pct < 39.0 and step.discharge_w > FLOW_W for step in on.plan.steps)
    assert resolved(on) is not None


def test_a_discharge_between_its_bends_sets_the_price_with_its_wear() -> None:
    """Depth is in the worth of the step; power is added where the step lies above half."""
    found = 0
    for seed in (1, 2, 3):
        on = basis(seed, battery=WORN)
        for i, step in enumerate(on.plan.steps):
            at_bend = min(abs(step.discharge_w - watts) for watts in (2_000.0, 4_000.0)) < 5.0
            if step.discharge_w > FLOW_W and step.import_w > FLOW_W and not at_bend:
                asked = on.value(i) / WORN.discharge_efficiency + wear_per_kwh(WORN, step.discharge_w)
                assert busbar_price(on, i) == pytest.approx(asked, abs=2e-3)
                found += 1
    assert found
