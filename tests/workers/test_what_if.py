"""What would be planned on other terms is what the planner would plan."""

from pathlib import Path

import pytest

from agent.domain.what_if import WhatIfQuestion
from agent.workers.what_if import what_if
from tests.console.site import NOW, year_of


async def test_import_is_held_to_the_month_s_peak_where_a_kw_of_it_is_dear(tmp_path: Path) -> None:
    """The agent has kept 1.34 kW; for what the night's cheap hours save nobody pays 500 for a kW more."""
    site = await year_of(tmp_path)
    assert site.settings.demand_charge is not None
    dear = site.settings.demand_charge.model_copy(update={"per_kw": 500.0})
    settings = site.settings.model_copy(update={"demand_charge": dear})
    answer = what_if(WhatIfQuestion(settings.model_dump_json(by_alias=True), NOW, 15.0, 24), 20.0)
    assert max(step.import_w for step in answer.plan.steps) == pytest.approx(1340.0, abs=1.0)
