"""What each policy would have paid on a battery of its own."""

import pytest

from agent.dispatch.shadow_policies import RuleMoment, ShadowPolicies, rule_w
from agent.domain.battery import Battery
from agent.domain.policies import Policy

BATTERY = Battery(10_000.0, 4_000.0, 4_000.0, 0.9, 0.9, 10.0, 90.0)
PRICES = (0.40, 0.10)
NOTHING = dict.fromkeys(Policy, 0.0)


def test_each_battery_does_what_its_policy_wants() -> None:
    shadows = ShadowPolicies.at(50.0)
    shadows.follow({**NOTHING, Policy.SELF_CONSUMPTION: 900.0}, 1000.0, PRICES, BATTERY, 1.0)
    assert shadows.soc_pct[Policy.SELF_CONSUMPTION] == pytest.approx(40.0)
    assert shadows.soc_pct[Policy.TABLE] == 50.0
    costs = shadows.end_day(BATTERY)
    assert costs[Policy.TABLE] == pytest.approx(0.40)
    assert costs[Policy.SELF_CONSUMPTION] == pytest.approx(0.04 + 0.9 * 0.40)  # what it took is missing at the end


def test_no_battery_gives_what_it_has_not() -> None:
    shadows = ShadowPolicies.at(10.0)
    shadows.follow(dict.fromkeys(Policy, 4000.0), 1000.0, PRICES, BATTERY, 1.0)
    assert shadows.soc_pct[Policy.TABLE] == 10.0
    assert shadows.end_day(BATTERY)[Policy.TABLE] == pytest.approx(0.40)


def test_a_new_day_begins_at_nothing() -> None:
    shadows = ShadowPolicies.at(50.0)
    shadows.follow(dict.fromkeys(Policy, -1000.0), 0.0, PRICES, BATTERY, 1.0)
    shadows.end_day(BATTERY)
    assert shadows.hours == 0.0
    assert set(shadows.end_day(BATTERY).values()) == {0.0}


def test_who_fills_a_battery_of_many_days_has_not_earned_with_it() -> None:
    """A night's kWh that no day uses is worth what it cost, and not the mean price."""
    battery, shadows = Battery(200_000.0, 5_000.0, 5_000.0, 0.95, 0.95, 10.0, 95.0), ShadowPolicies.at(30.0)
    for hour in range(24):
        price, hoards = (0.14, -5000.0) if hour < 6 else (0.28, 0.0)
        shadows.follow({**NOTHING, Policy.TIME_OF_USE: hoards}, 500.0, (price, 0.0), battery, 1.0)
    costs = shadows.end_day(battery)
    assert costs[Policy.TIME_OF_USE] == pytest.approx(costs[Policy.TABLE])


def test_the_rules_are_those_of_the_fallback_and_of_the_comparison() -> None:
    night = RuleMoment(500.0, 50.0, 1.0, 0, [0.1] * 4 + [0.3] * 20)
    assert rule_w(Policy.SELF_CONSUMPTION, night, BATTERY) == 500.0
    assert rule_w(Policy.TIME_OF_USE, night, BATTERY) < 0.0
    with pytest.raises(ValueError, match="no rule"):
        rule_w(Policy.TABLE, night, BATTERY)
