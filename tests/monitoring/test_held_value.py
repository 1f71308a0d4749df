"""A meter that works a new value out every few seconds is told from one that does so every second."""

import pytest

from agent.dispatch.power_trace import PowerTrace
from agent.monitoring.held_value import LONGEST_S, HeldValue


@pytest.mark.parametrize("held_s", [1, 3, 10])
def test_the_time_a_value_stands_is_seen_while_the_battery_moves(held_s: int) -> None:
    held, battery = HeldValue(), PowerTrace(90.0)
    assert held.held_s == LONGEST_S
    for second in range(600):
        battery.add(float(second), 200.0 * (second % 2))
        held.see(float(second), float(second // held_s), battery)
    assert held.held_s == pytest.approx(held_s, rel=0.01)


def test_a_meter_beside_a_battery_at_rest_may_show_the_same_for_long() -> None:
    held, battery = HeldValue(held_s=1.0), PowerTrace(90.0)
    for second in range(600):
        battery.add(float(second), 1000.0)
        held.see(float(second), float(second // 20), battery)
    assert held.held_s == 1.0
