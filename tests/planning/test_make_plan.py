"""A plan from end to end, and the independent check that stands behind it."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from agent.domain.plan import PeakPrice, Plan, ValueByNetLoad
from agent.domain.request import Objective, PlanRequest
from agent.domain.sentence import coded
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.make_plan import make_plan, terms_of
from tests.planning.days import BATTERY, errors, forecasts, request

ASKED = request()
STEPS = ASKED.horizon.steps


def plan_for(asked: PlanRequest, deadline_s: float = 10.0) -> Plan:
    load, sun = forecasts(asked)
    steps = asked.horizon.steps
    return make_plan(asked, SiteForecast(load, sun, errors(steps, seed=1), errors(steps, seed=2)), deadline_s)


PLAN = plan_for(ASKED)


def test_plan_is_good_and_says_what_it_is() -> None:
    assert check_plan(PLAN, ASKED) == []
    assert PLAN.notes == ()
    assert PLAN.issued_at == ASKED.now
    assert PLAN.expires_at == ASKED.now + timedelta(hours=6)
    assert PLAN.steps[3].import_price == ASKED.import_price[3]
    assert PLAN.solve_s > 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"soc_pct": 3.0},
        {"soc_pct": 99.0},
        {"connection": Connection(300.0, 0.0)},
        {"battery": replace(BATTERY, reserve_pct=70.0)},
        {"battery": replace(BATTERY, charge_w=0.0, discharge_w=0.0)},
        {"export_price": (0.9,) * STEPS},
        {"import_price": (-0.5,) * STEPS, "objective": Objective(1.0, 0.0)},
        {"import_price": (0.0,) * STEPS, "export_price": (0.0,) * STEPS, "objective": Objective(1.0, 0.0)},
    ],
)
@pytest.mark.parametrize("deadline_s", [10.0, 1e-9])
def test_always_answers_with_a_plan_that_passes(changes: dict[str, object], deadline_s: float) -> None:
    """With the solver and without it (no time to solve)."""
    asked = request(**changes)
    plan = plan_for(asked, deadline_s)
    assert check_plan(plan, asked) == []


def test_without_the_solver_the_note_says_so_and_the_cost_is_near() -> None:
    walked = plan_for(ASKED, 0.0)
    (note,) = (coded(note) for note in walked.notes if note.startswith("The schedule follows the value table, because"))
    assert note == {"code": "follows_value_table", "values": {"cause": {"code": "no_time_to_solve", "values": {}}}}
    assert walked.values == PLAN.values
    assert PLAN.cost - 0.02 <= walked.cost <= PLAN.cost + 0.3 * abs(PLAN.cost)


def test_fine_steps() -> None:
    asked = request(steps=192, step_s=900)
    assert check_plan(plan_for(asked), asked) == []


def test_carbon_moves_charging_to_clean_hours() -> None:
    """Equal prices, a clean day before a dirty one: a carbon price makes it store clean imports for the dirty day."""
    carbon = (0.05,) * 24 + (0.5,) * 24
    flat = {"import_price": (0.2,) * STEPS, "carbon_kg_per_kwh": carbon}
    terms = terms_of(request(**flat, objective=Objective(0.5, 0.5, 0.2)))
    assert terms.import_price[0] == pytest.approx(0.2 + 0.2 * 0.05)
    assert terms.import_price[-1] == pytest.approx(0.2 + 0.2 * 0.5)
    asked = request(**flat, objective=Objective(0.5, 0.5, 0.2))
    dirty = sum(step.import_w for step in plan_for(asked).steps[24:])
    indifferent = request(**flat, objective=Objective(1.0, 0.0, 0.2))
    assert dirty < sum(step.import_w for step in plan_for(indifferent).steps[24:])


def test_expires_with_the_horizon_at_the_latest() -> None:
    asked = request(valid_s=1e6)
    assert plan_for(asked).expires_at == asked.horizon.end


def test_no_errors_known_is_noted() -> None:
    load, sun = forecasts(ASKED)
    for nothing in (None, np.empty((0, STEPS))):
        plan = make_plan(ASKED, SiteForecast(load, sun, nothing, nothing), 10.0)
        assert any("No past forecast errors" in note for note in plan.notes)
        assert check_plan(plan, ASKED) == []


def test_power_below_zero_is_taken_as_zero_and_said() -> None:
    load, sun = forecasts(ASKED)
    low = replace(load, values=tuple(tuple(v - 700.0 for v in row) for row in load.values))
    plan = make_plan(ASKED, SiteForecast(low, sun), 10.0)
    assert any("load_w was below zero" in note for note in plan.notes)
    assert check_plan(plan, ASKED) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"soc_pct": float("nan")}, "state of charge is nan"),
        ({"soc_pct": 101.0}, "state of charge is 101.0"),
        ({"import_price": (0.2,) * (STEPS - 1)}, "import_price has shape"),
        ({"export_price": (float("inf"),) * STEPS}, "export_price is inf at step 0"),
        ({"carbon_kg_per_kwh": (float("nan"),) * STEPS}, "carbon_kg_per_kwh is nan"),
        ({"objective": Objective(0.5, -0.5, 0.1)}, "carbon price"),
    ],
)
def test_unusable_request(changes: dict[str, object], sentence: str) -> None:
    load, sun = forecasts(ASKED)
    with pytest.raises(ValueError, match=sentence):
        make_plan(request(**changes), SiteForecast(load, sun), 10.0)


def test_unusable_forecasts() -> None:
    load, sun = forecasts(ASKED)
    holes = replace(load, values=(load.values[0], (float("nan"),) * STEPS, load.values[2]))
    with pytest.raises(ValueError, match="forecast of load_w is nan"):
        make_plan(ASKED, SiteForecast(holes, sun), 10.0)
    with pytest.raises(ValueError, match="not one of load_w"):
        make_plan(ASKED, SiteForecast(sun, load), 10.0)
    with pytest.raises(ValueError, match="has no median"):
        make_plan(ASKED, SiteForecast(replace(load, levels=(0.05, 0.4, 0.95)), sun), 10.0)


def with_step(index: int, **changes: float) -> Plan:
    steps = list(PLAN.steps)
    steps[index] = replace(steps[index], **changes)
    return replace(PLAN, steps=tuple(steps))


def with_row(index: int, k: int, value: float) -> Plan:
    rows = [list(row) for row in PLAN.values.value]
    rows[index][k] = value
    return replace(PLAN, values=replace(PLAN.values, value=tuple(tuple(row) for row in rows)))


NIGHT = 0  # the seeded site has no sun in its first hours
STEP = PLAN.steps[NIGHT]
LATER = PLAN.issued_at + timedelta(days=9)
SEEN = PLAN.values.by_net_load[0][0]


def with_seen(step: int, by_net_load: tuple[ValueByNetLoad, ...]) -> Plan:
    rows = list(PLAN.values.by_net_load)
    rows[step] = by_net_load
    return replace(PLAN, values=replace(PLAN.values, by_net_load=tuple(rows)))


def with_price_until(step: int, lasts: int) -> Plan:
    rows = list(PLAN.values.price_until)
    rows[step] = lasts
    return replace(PLAN, values=replace(PLAN.values, price_until=tuple(rows)))


NO_PEAK = PeakPrice(900, (0.0,) * STEPS, (0.0,) * STEPS, (0,) * STEPS)

FALSE_PLANS = {
    "another horizon": replace(PLAN, horizon=replace(PLAN.horizon, step_s=1800)),
    "issued at": replace(PLAN, issued_at=LATER),
    "later than asked": replace(PLAN, expires_at=LATER),
    "before it is made": replace(PLAN, expires_at=PLAN.issued_at - timedelta(seconds=1)),
    "no time zone": replace(PLAN, expires_at=PLAN.expires_at.replace(tzinfo=None)),
    "cost or the solving time": replace(PLAN, cost=float("nan")),
    "has 47 steps": replace(PLAN, steps=PLAN.steps[1:]),
    "soc_pct is nan": with_step(5, soc_pct=float("nan")),
    "charge_w is inf": with_step(5, charge_w=float("inf")),
    "charge_w is negative": with_step(5, charge_w=-50.0),
    "charge_w is 5200 W, above 5000 W": with_step(5, charge_w=5200.0),
    "discharge_w is 4100 W, above 4000 W": with_step(5, discharge_w=4100.0),
    "curtail_w is 9000 W": with_step(5, curtail_w=9000.0),
    "charges and discharges at once": with_step(5, charge_w=500.0, discharge_w=500.0),
    "imports and exports at once": with_step(5, import_w=900.0, export_w=900.0),
    "supply": with_step(5, import_w=PLAN.steps[5].import_w + 60.0),
    "but the powers lead to": with_step(5, soc_pct=PLAN.steps[5].soc_pct + 1.0),
    "outside 10.0..95.0": with_step(5, soc_pct=5.0),
    "import_price at step 5": with_step(5, import_price=0.9),
    "load_w at step 5": with_step(5, load_w=PLAN.steps[5].load_w + 90.0),
    "quantiles of the forecast of pv_w": replace(PLAN, pv=replace(PLAN.pv, values=PLAN.pv.values[::-1])),
    "or are not within 0..1": replace(PLAN, load=replace(PLAN.load, levels=(0.0, 0.5, 0.95))),
    "a net load of the value table is not a number at step 0": with_seen(
        0, (SEEN, replace(SEEN, net_load_w=float("inf")))
    ),
    "levels of the peak do not ascend from at least 0 at step 0": replace(
        PLAN, values=replace(PLAN.values, peak=replace(NO_PEAK, levels_w=((2000.0, 1000.0),)))
    ),
    "the forecast of load_w is not a number at step 3": replace(
        PLAN, load=replace(PLAN.load, values=tuple((*row[:3], float("nan"), *row[4:]) for row in PLAN.load.values))
    ),
    "the SoC grid of the value table has fewer than two points": replace(
        PLAN, values=replace(PLAN.values, soc_pct=(50.0,))
    ),
    "grid of the value table has fewer than two points or is not finite": replace(
        PLAN, values=replace(PLAN.values, soc_pct=(*PLAN.values.soc_pct[:-1], float("inf")))
    ),
    "the price of peaks is not 48 thresholds": replace(
        PLAN, values=replace(PLAN.values, peak=replace(NO_PEAK, per_kw=(0.0,)))
    ),
    "thresholds and charges of at least 0": replace(
        PLAN, values=replace(PLAN.values, other_peaks=(replace(NO_PEAK, per_kw=(-1.0,) * STEPS),))
    ),
    "levels of the forecast of load_w do not ascend": replace(PLAN, load=replace(PLAN.load, levels=(0.5, 0.05, 0.95))),
    "is one of pv_w": replace(PLAN, load=PLAN.pv),
    "lack a median": replace(PLAN, load=replace(PLAN.load, levels=(0.1, 0.4, 0.9))),
    "not 3 levels": replace(PLAN, load=replace(PLAN.load, values=PLAN.load.values[:2])),
    "rows, the horizon": replace(PLAN, values=replace(PLAN.values, value=PLAN.values.value[1:])),
    "does not ascend": replace(PLAN, values=replace(PLAN.values, soc_pct=PLAN.values.soc_pct[::-1])),
    "not the SoC window": replace(
        PLAN, values=replace(PLAN.values, soc_pct=tuple(50 + soc / 4 for soc in PLAN.values.soc_pct))
    ),
    "finite numbers at step 3": with_row(3, 8, float("nan")),
    "not concave at step 4": with_row(4, 8, PLAN.values.value[4][8] - 1.0),
    "the net loads of the value table do not ascend at step 1": with_seen(1, PLAN.values.by_net_load[1][::-1]),
    "a net load of the value table is not a number": with_seen(0, (replace(SEEN, net_load_w=float("nan")),)),
    "the worth by net load is not": with_seen(0, (replace(SEEN, value=SEEN.value[1:]),)),
    "the worth by net load is not concave at step 0": with_seen(
        0, (replace(SEEN, value=(*SEEN.value[:8], SEEN.value[8] - 1.0, *SEEN.value[9:])),)
    ),
    "by net load for 49 steps": replace(PLAN, values=replace(PLAN.values, by_net_load=((),) * 49)),
    "the price of a broken limit is 0.0": replace(PLAN, values=replace(PLAN.values, broken_limit_per_kwh=0.0)),
    "told for 47 steps": replace(PLAN, values=replace(PLAN.values, price_until=PLAN.values.price_until[1:])),
    "step 5 lasts until step 48": with_price_until(5, 48),
    "step 5 lasts until step 4": with_price_until(5, 4),
    "levels of the peak and no net load at step 0": replace(
        PLAN, values=replace(PLAN.values, by_net_load=((),), peak=replace(NO_PEAK, levels_w=((1000.0,),)))
    ),
}


@pytest.mark.parametrize("sentence", FALSE_PLANS)
def test_check_finds(sentence: str) -> None:
    found = check_plan(FALSE_PLANS[sentence], ASKED)
    assert any(sentence in one for one in found), found


@pytest.mark.parametrize(
    ("connection", "changes", "sentence"),
    [
        (Connection(1000.0, None), {"charge_w": 3000.0, "import_w": STEP.load_w + 3000.0}, "while charging"),
        (Connection(None, 500.0), {"discharge_w": 3900.0, "export_w": 3900.0 - STEP.load_w}, "without need"),
    ],
)
def test_check_finds_limits_broken_without_need(
    connection: Connection, changes: dict[str, float], sentence: str
) -> None:
    still = {"charge_w": 0.0, "discharge_w": 0.0, "import_w": 0.0, "export_w": 0.0, "curtail_w": 0.0, "pv_w": 0.0}
    found = check_plan(with_step(NIGHT, **(still | changes)), replace(ASKED, connection=connection))
    assert any(sentence in one for one in found), found


def test_controller_loads_the_check_and_the_rules_without_numpy() -> None:
    script = (
        "import sys, agent.planning.check, agent.planning.rules; "
        "sys.exit(bool({'numpy', 'highspy', 'scipy', 'onnxruntime'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
