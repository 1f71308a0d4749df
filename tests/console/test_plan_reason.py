"""Why a step is as it is: a code that can be translated, and the numbers of its sentence."""

import pytest

from agent.console.reading.plan_reason import SENTENCES, reason_of
from agent.domain.plan import PlanStep

CODES = {
    "charge_from_solar": (1500.0, 0.0, 0.0, 200.0, 60.0),
    "charge_from_grid": (1500.0, 0.0, 900.0, 0.0, 60.0),
    "discharge_to_home": (0.0, 800.0, 0.0, 0.0, 60.0),
    "discharge_to_grid": (0.0, 800.0, 0.0, 500.0, 60.0),
    "hold_full": (0.0, 0.0, 0.0, 500.0, 95.0),
    "hold_reserve": (0.0, 0.0, 500.0, 0.0, 20.3),
    "hold_for_later": (0.0, 0.0, 500.0, 0.0, 60.0),
    "hold_export": (0.0, 0.0, 0.0, 500.0, 60.0),
    "hold": (0.0, 0.0, 10.0, 0.0, 60.0),
}


@pytest.mark.parametrize("code", SENTENCES)
def test_reasons(code: str) -> None:
    charge_w, discharge_w, import_w, export_w, soc_pct = CODES[code]
    step = PlanStep(charge_w, discharge_w, import_w, export_w, 0.0, soc_pct, 500.0, 0.0, 0.28, 0.05, 0.31)
    found = reason_of(step, 20.0, 95.0)
    assert found.code == code
    assert "{" not in found.text
    assert found.numbers["value"] == 0.31
