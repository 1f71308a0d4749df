"""The rules: what they wish, cut to what the battery can hold for the step."""

from dataclasses import replace

import pytest

from agent.domain.battery import Battery
from agent.planning.rules import self_consumption_w, time_of_use_w, within_limits

BATTERY = Battery(10_000, 5_000, 4_000, 0.9, 0.8, soc_min_pct=10, soc_max_pct=95)


@pytest.mark.parametrize(
    ("net_load_w", "soc_pct", "step_h", "expected"),
    [
        (1500.0, 50.0, 1.0, 1500.0),  # covers the load
        (-1500.0, 50.0, 1.0, -1500.0),  # stores the surplus
        (9000.0, 90.0, 0.25, 4000.0),  # discharge limit
        (-9000.0, 20.0, 0.25, -5000.0),  # charge limit
        (3000.0, 20.0, 1.0, 800.0),  # 1 kWh above the floor, through 0.8
        (-3000.0, 86.0, 1.0, -1000.0),  # 0.9 kWh of room, through 0.9
        (3000.0, 10.0, 1.0, 0.0),
        (3000.0, 4.0, 1.0, 0.0),  # below the floor it only charges
        (-3000.0, 99.0, 1.0, 0.0),
        (0.0, 50.0, 1.0, 0.0),
    ],
)
def test_self_consumption(net_load_w: float, soc_pct: float, step_h: float, expected: float) -> None:
    assert self_consumption_w(net_load_w, soc_pct, BATTERY, step_h) == pytest.approx(expected)


def test_reserve_is_not_used() -> None:
    assert self_consumption_w(2000.0, 30.0, replace(BATTERY, reserve_pct=40.0), 1.0) == 0.0


PRICES = [0.1] * 6 + [0.2] * 10 + [0.5] * 5 + [0.3] * 3


@pytest.mark.parametrize(
    ("hour", "net_load_w", "soc_pct", "expected"),
    [
        (0, 500.0, 20.0, -5000.0),
        (3, 500.0, 81.0, -1000.0),  # up to 90 %
        (3, 500.0, 93.0, 0.0),
        (4, 500.0, 20.0, 0.0),  # the fifth of six equal cheap hours
        (16, 700.0, 60.0, 700.0),
        (20, -700.0, 60.0, 0.0),
        (22, 700.0, 60.0, 0.0),
    ],
)
def test_time_of_use(hour: int, net_load_w: float, soc_pct: float, expected: float) -> None:
    assert time_of_use_w(net_load_w, soc_pct, BATTERY, 1.0, hour, PRICES) == pytest.approx(expected)


def test_quarter_hours_take_as_many_hours() -> None:
    prices = [price for price in PRICES for _ in range(4)]
    charging = [time_of_use_w(0.0, 20.0, BATTERY, 0.25, step, prices) < 0 for step in range(96)]
    assert charging == [True] * 16 + [False] * 80


def test_within_limits_keeps_what_fits() -> None:
    assert within_limits(1234.0, 50.0, BATTERY, 0.25) == 1234.0
