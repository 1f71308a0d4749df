"""The battery takes and gives what it can, and no energy appears or vanishes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.physics import BatterySpec, battery_step, grid_power_w, pv_output_w, self_consumption_w

SPEC = BatterySpec(10000.0, 5000.0, 4000.0, 0.95, 0.94, idle_w=12.0)

specs = st.builds(
    BatterySpec,
    usable_wh=st.floats(100.0, 1e6),
    charge_w=st.floats(10.0, 1e6),
    discharge_w=st.floats(10.0, 1e6),
    charge_efficiency=st.floats(0.5, 1.0),
    discharge_efficiency=st.floats(0.5, 1.0),
    idle_w=st.floats(0.0, 100.0),
)


@given(specs, st.floats(0.0, 1.0), st.floats(-2e6, 2e6), st.floats(0.1, 3600.0), st.floats(0.0, 0.5))
def test_energy_is_conserved_and_limits_hold(
    spec: BatterySpec, part: float, wanted_w: float, seconds: float, floor: float
) -> None:
    before_wh, floor_wh = part * spec.usable_wh, floor * spec.usable_wh
    step = battery_step(spec, before_wh, wanted_w, seconds, floor_wh)
    hours = seconds / 3600.0
    assert 0.0 <= step.stored_wh <= spec.usable_wh
    assert before_wh == pytest.approx(step.stored_wh + step.battery_w * hours + step.loss_wh, rel=1e-9, abs=1e-9)
    assert step.loss_wh >= -1e-9 * spec.usable_wh
    assert -spec.charge_w <= step.battery_w <= spec.discharge_w
    assert abs(step.battery_w) <= abs(wanted_w)
    assert step.battery_w * wanted_w >= 0.0
    if step.battery_w > 0.0:
        assert step.stored_wh >= floor_wh - spec.idle_w * hours - 1e-6 * spec.usable_wh


@given(specs, st.floats(1e-3, 1.0), st.floats(1.0, 3600.0))
def test_a_round_trip_costs_both_efficiencies(spec: BatterySpec, part: float, seconds: float) -> None:
    spec = BatterySpec(
        spec.usable_wh, spec.charge_w, spec.discharge_w, spec.charge_efficiency, spec.discharge_efficiency, idle_w=0.0
    )
    charge = battery_step(spec, 0.0, -part * spec.charge_w, seconds)
    given_back_wh = charge.stored_wh * spec.discharge_efficiency
    taken_wh = -charge.battery_w * seconds / 3600.0
    assert given_back_wh == pytest.approx(taken_wh * spec.charge_efficiency * spec.discharge_efficiency)


@pytest.mark.parametrize(
    ("soc_pct", "charge_w", "discharge_w"),
    [
        (0.0, 5000.0, 400.0),
        (4.0, 5000.0, 2200.0),
        (8.0, 5000.0, 4000.0),
        (50.0, 5000.0, 4000.0),
        (90.0, 5000.0, 4000.0),
        (95.0, 2750.0, 4000.0),
        (100.0, 500.0, 4000.0),
    ],
)
def test_limits_taper_at_both_ends(soc_pct: float, charge_w: float, discharge_w: float) -> None:
    assert SPEC.charge_limit_w(soc_pct) == pytest.approx(charge_w)
    assert SPEC.discharge_limit_w(soc_pct) == pytest.approx(discharge_w)


def test_it_stops_at_the_reserve() -> None:
    step = battery_step(SPEC, 1010.0, 4000.0, 3600.0, floor_wh=1000.0)
    assert step.battery_w == pytest.approx(10.0 * 0.94)


def test_a_resting_battery_loses_its_idle_power() -> None:
    step = battery_step(SPEC, 5000.0, 0.0, 3600.0)
    assert (step.battery_w, step.stored_wh, step.loss_wh) == (0.0, 4988.0, 12.0)


@pytest.mark.parametrize(
    ("available_w", "cap_w", "output_w"),
    [(3000.0, None, 3000.0), (7000.0, None, 6000.0), (3000.0, 1000.0, 1000.0), (3000.0, 0.0, 0.0), (-5.0, None, 0.0)],
)
def test_solar_power_is_clipped_and_capped(available_w: float, cap_w: float | None, output_w: float) -> None:
    assert pv_output_w(available_w, 6000.0, cap_w) == output_w


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(-1e6, 1e6))
def test_the_site_balances(load_w: float, pv_w: float, battery_w: float) -> None:
    assert grid_power_w(load_w, pv_w, battery_w) + pv_w + battery_w == pytest.approx(load_w, abs=1e-6)
    assert grid_power_w(load_w, pv_w, self_consumption_w(load_w, pv_w)) == 0.0


@pytest.mark.parametrize(
    "wrong", [{"usable_wh": 0.0}, {"charge_efficiency": 1.2}, {"idle_w": -1.0}, {"taper_full_pct": 120.0}]
)
def test_a_battery_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="battery:"):
        BatterySpec(**{"usable_wh": 1e4, "charge_w": 5e3, "discharge_w": 5e3, **wrong})


def test_a_step_takes_time() -> None:
    with pytest.raises(ValueError, match="longer than 0 s"):
        battery_step(SPEC, 100.0, 10.0, 0.0)
