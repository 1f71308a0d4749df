"""Accounts of the same measured days under several policies."""

from dataclasses import replace

import numpy as np
import pytest

from agent.domain.battery import Battery
from agent.domain.site import Connection
from agent.savings.savings import (
    Period,
    account,
    capture,
    no_battery,
    perfect_foresight,
    self_consumption,
)
from tests.planning.days import problem

BATTERY = Battery(10_000, 5_000, 5_000, 0.9, 0.8, soc_min_pct=10, soc_max_pct=90)


def two_hours() -> Period:
    """1 kW of surplus at 0.2, then 2 kW of load at 0.4; exports earn 0.05."""
    return Period(
        1.0,
        np.array([0.0, 2000.0]),
        np.array([1000.0, 0.0]),
        np.array([0.2, 0.4]),
        np.full(2, 0.05),
        np.array([0.1, 0.5]),
    )


def days(seed: int = 1, steps: int = 24 * 7) -> Period:
    site = problem(seed, steps)
    price = np.maximum(site.terms.import_price, 0.06)
    return Period(1.0, site.load_w, site.pv_w, price, site.terms.export_price, np.full(steps, 0.3))


def test_no_battery_by_hand() -> None:
    idle = no_battery(two_hours(), BATTERY)
    assert (idle.import_kwh, idle.export_kwh, idle.peak_import_w) == (2.0, 1.0, 2000.0)
    assert idle.cost == pytest.approx(2.0 * 0.4 - 1.0 * 0.05)
    assert idle.co2_kg == pytest.approx(1.0)
    assert idle.net_cost == idle.cost


def test_self_consumption_by_hand() -> None:
    """1 kWh of surplus stores 0.9 kWh and gives back 0.72 kWh."""
    rule = self_consumption(two_hours(), BATTERY, 10.0)
    assert rule.charge_kwh == pytest.approx(1.0)
    assert rule.discharge_kwh == pytest.approx(0.72)
    assert rule.cost == pytest.approx((2.0 - 0.72) * 0.4)
    assert rule.end_energy_value == pytest.approx(0.0, abs=1e-9)


def test_energy_left_at_the_end_is_valued() -> None:
    """Ten points more of 10 kWh, at 0.8 x the mean import price of 0.3."""
    kept = account("kept", two_hours(), BATTERY, np.zeros(2), 10.0)
    assert kept.end_energy_value == pytest.approx(1.0 * 0.8 * 0.3)
    assert kept.net_cost == pytest.approx(kept.cost - 0.24)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_beats_perfect_foresight(seed: int) -> None:
    period = days(seed)
    idle, rule = no_battery(period, BATTERY), self_consumption(period, BATTERY, 50.0)
    perfect = perfect_foresight(period, BATTERY, Connection(), 50.0, 30.0)
    assert perfect.net_cost < rule.net_cost < idle.net_cost
    share = capture(idle, rule, perfect)
    assert share is not None
    assert 0.0 < share < 1.0
    assert capture(idle, perfect, perfect) == pytest.approx(1.0)
    assert capture(idle, idle, perfect) == 0.0


def test_accounts_balance() -> None:
    period = days()
    for one in (
        no_battery(period, BATTERY),
        self_consumption(period, BATTERY, 50.0),
        perfect_foresight(period, BATTERY, Connection(), 50.0, 30.0),
    ):
        supplied = one.import_kwh - one.export_kwh + one.discharge_kwh - one.charge_kwh + period.pv_w.sum() / 1000.0
        assert supplied == pytest.approx(period.load_w.sum() / 1000.0)


def test_import_limit_binds_foresight() -> None:
    free = perfect_foresight(days(), BATTERY, Connection(), 50.0, 30.0)
    bound = perfect_foresight(days(), BATTERY, Connection(2500.0, None), 50.0, 30.0)
    assert bound.peak_import_w <= 2500.0 + 0.1 < free.peak_import_w
    assert bound.net_cost >= free.net_cost - 1e-6


def test_nothing_to_save_has_no_share() -> None:
    period = replace(days(), import_price=np.full(168, 0.1), export_price=np.full(168, 0.1))
    idle = no_battery(period, BATTERY)
    still = replace(BATTERY, charge_w=0.0, discharge_w=0.0)
    assert capture(idle, idle, perfect_foresight(period, still, Connection(), 50.0, 30.0)) is None


def test_holes_are_refused() -> None:
    with pytest.raises(ValueError, match="load_w is nan at step 1"):
        replace(two_hours(), load_w=np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="pv_w has shape"):
        replace(two_hours(), pv_w=np.zeros(3))
    with pytest.raises(ValueError, match="battery_w has shape"):
        account("short", two_hours(), BATTERY, np.zeros(1), 0.0)
