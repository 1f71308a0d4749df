"""The law of the battery: by hand, its inverses, and its twin for arrays."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.battery import Battery, power_to_reach, power_window_w, soc_after, stored_w
from agent.planning.battery_arrays import powers_for, socs_pct, stored_changes, stored_wh
from agent.planning.rules import within_limits

BATTERY = Battery(10_000.0, 5000.0, 4000.0, 0.8, 0.9, soc_min_pct=10.0, soc_max_pct=90.0, reserve_pct=20.0)
LOSSY = replace(BATTERY, loss_above_half=0.1)
EITHER = st.sampled_from([BATTERY, LOSSY])
POWERS = st.floats(-20_000.0, 20_000.0)
HOURS = st.floats(1 / 3600, 24.0)
SOC = st.floats(0.0, 100.0)


def test_by_hand() -> None:
    assert stored_w(BATTERY, -1000.0) == 800.0
    assert stored_w(BATTERY, 900.0) == -1000.0
    assert stored_w(BATTERY, 0.0) == 0.0
    assert soc_after(BATTERY, 50.0, -1000.0, 2.0) == 66.0
    assert soc_after(BATTERY, 50.0, 900.0, 2.0) == 30.0
    assert power_to_reach(BATTERY, 50.0, 66.0, 2.0) == pytest.approx(-1000.0)
    assert power_to_reach(BATTERY, 50.0, 30.0, 2.0) == pytest.approx(900.0)
    assert power_window_w(BATTERY, 50.0, 0.5) == (-10_000.0, 5400.0), "whatever the rating"
    assert power_window_w(BATTERY, 15.0, 0.5)[1] == 0.0, "nothing is taken from the reserve"
    assert power_window_w(BATTERY, 95.0, 0.5)[0] == 0.0
    assert BATTERY.round_trip == pytest.approx(0.72)


def test_above_half_of_the_power_more_is_lost() -> None:
    assert stored_w(LOSSY, -2500.0) == stored_w(BATTERY, -2500.0) == 2000.0
    assert stored_w(LOSSY, -3500.0) == pytest.approx(0.8 * 3500.0 - 0.1 * 1000.0)
    assert stored_w(LOSSY, 3000.0) == pytest.approx(-3000.0 / 0.9 - 0.1 * 1000.0)
    assert power_to_reach(LOSSY, 50.0, 77.0, 1.0) == pytest.approx(-3500.0)


@given(SOC, POWERS, HOURS)
def test_what_is_held_within_limits_keeps_the_window(soc_pct: float, battery_w: float, hours: float) -> None:
    after = soc_after(BATTERY, soc_pct, within_limits(battery_w, soc_pct, BATTERY, hours), hours)
    assert min(soc_pct, 20.0) - 1e-9 <= after <= max(soc_pct, 90.0) + 1e-9
    least_w, most_w = power_window_w(BATTERY, soc_pct, hours)
    if least_w < 0.0:
        assert soc_after(BATTERY, soc_pct, least_w, hours) == pytest.approx(90.0)
    if most_w > 0.0:
        assert soc_after(BATTERY, soc_pct, most_w, hours) == pytest.approx(20.0)


@given(SOC, POWERS, HOURS)
def test_hours_may_lead_back(soc_pct: float, battery_w: float, hours: float) -> None:
    after = soc_after(BATTERY, soc_pct, battery_w, hours)
    assert soc_after(BATTERY, after, battery_w, -hours) == pytest.approx(soc_pct, abs=1e-6)


@given(EITHER, st.lists(POWERS, min_size=1, max_size=8), HOURS)
def test_the_twin_for_arrays_says_the_same(battery: Battery, powers_w: list[float], hours: float) -> None:
    powers = np.array(powers_w)
    changes = stored_changes(battery, powers, hours)
    assert changes.tolist() == pytest.approx([stored_w(battery, power_w) * hours for power_w in powers_w], rel=1e-12)
    np.testing.assert_allclose(powers_for(battery, changes, hours), powers, rtol=1e-12, atol=1e-9)
    reached = [power_to_reach(battery, 0.0, battery.soc_pct(change), hours) for change in changes.tolist()]
    np.testing.assert_allclose(powers_for(battery, changes, hours), reached, rtol=1e-12, atol=1e-9)


@given(st.lists(SOC, min_size=1, max_size=8))
def test_energies_and_socs_of_arrays(socs: list[float]) -> None:
    energies = stored_wh(BATTERY, np.array(socs))
    assert energies.tolist() == [BATTERY.stored_wh(soc_pct) for soc_pct in socs]
    assert socs_pct(BATTERY, energies).tolist() == [BATTERY.soc_pct(energy_wh) for energy_wh in energies.tolist()]
