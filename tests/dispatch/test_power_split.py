"""Several batteries as one: the sum, the ratings, one direction, few units for small powers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.power_split import UnitState, available, power_split
from agent.domain.battery import Battery

HOLD_S = 60.0
UNIT = st.builds(
    lambda wh, charge, discharge, soc: (Battery(wh, charge, discharge, soc_min_pct=10.0, soc_max_pct=95.0), soc),
    st.floats(1000.0, 200_000.0),
    st.floats(500.0, 100_000.0),
    st.floats(500.0, 100_000.0),
    st.floats(0.0, 100.0),
)
UNITS = st.lists(UNIT, min_size=1, max_size=5).map(
    lambda found: [UnitState(f"unit_{i}", battery, soc) for i, (battery, soc) in enumerate(found)]
)


def unit(name: str, soc_pct: float, wh: float = 10_000.0, rating_w: float = 5000.0) -> UnitState:
    return UnitState(name, Battery(wh, rating_w, rating_w, soc_min_pct=10.0, soc_max_pct=90.0), soc_pct)


@given(UNITS, st.floats(-300_000.0, 300_000.0))
def test_the_shares_sum_to_what_was_granted_or_can_be_held(units: list[UnitState], granted_w: float) -> None:
    shares = power_split(granted_w, units, HOLD_S)
    whole = available(units, HOLD_S)
    expected = min(max(granted_w, -whole.charge_w), whole.discharge_w)
    assert sum(shares.values()) == pytest.approx(expected, abs=1e-3)
    assert set(shares) == {one.device for one in units}


@given(UNITS, st.floats(-300_000.0, 300_000.0), st.sets(st.sampled_from(["unit_0", "unit_1", "unit_2"])))
def test_each_keeps_to_its_own_limits_and_all_have_one_direction(
    units: list[UnitState], granted_w: float, in_use: set[str]
) -> None:
    shares = power_split(granted_w, units, HOLD_S, in_use)
    for one in units:
        alone = available([one], HOLD_S)
        assert -alone.charge_w - 1e-6 <= shares[one.device] <= alone.discharge_w + 1e-6
    assert all(watts * granted_w >= 0.0 for watts in shares.values())


@pytest.mark.parametrize(
    ("granted_w", "units", "expected"),
    [
        (4000.0, [unit("a", 50.0), unit("b", 50.0)], {"a": 2000.0, "b": 2000.0}),
        (4000.0, [unit("a", 40.0), unit("b", 20.0)], {"a": 3000.0, "b": 1000.0}),
        (-4000.0, [unit("a", 60.0), unit("b", 80.0)], {"a": -3000.0, "b": -1000.0}),
        (8000.0, [unit("a", 70.0), unit("b", 20.0)], {"a": 5000.0, "b": 3000.0}),
        (4000.0, [unit("a", 50.0), unit("b", 10.0)], {"a": 4000.0, "b": 0.0}),
        (300.0, [unit("a", 50.0), unit("b", 60.0)], {"a": 0.0, "b": 300.0}),
        (0.0, [unit("a", 50.0), unit("b", 60.0)], {"a": 0.0, "b": 0.0}),
    ],
)
def test_by_headroom(granted_w: float, units: list[UnitState], expected: dict[str, float]) -> None:
    assert power_split(granted_w, units, HOLD_S) == pytest.approx(expected)


def test_a_unit_in_use_keeps_a_small_power_among_equals() -> None:
    units = [unit("a", 50.0), unit("b", 51.0)]
    assert power_split(300.0, units, HOLD_S)["b"] == 300.0
    assert power_split(300.0, units, HOLD_S, in_use={"a"})["a"] == 300.0
    assert power_split(300.0, [unit("a", 50.0), unit("b", 60.0)], HOLD_S, in_use={"a"})["b"] == 300.0


def test_without_a_unit_there_is_no_battery() -> None:
    with pytest.raises(ValueError, match="there is no unit"):
        available([], HOLD_S)
