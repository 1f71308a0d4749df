"""Beside a cap on sun and battery, the battery gives what it was just told, and later what it is seen to give."""

import pytest

from drivers.families.beside_the_sun import FOLLOWS_WITHIN_S, BesideTheSun


@pytest.mark.parametrize(
    ("after_s", "seen_w", "gives_w"),
    [(0.0, -2000.0, 1500.0), (9.0, None, 1500.0), (FOLLOWS_WITHIN_S, -2000.0, -2000.0), (FOLLOWS_WITHIN_S, None, 0.0)],
)
def test_what_was_told_counts_until_the_battery_has_had_time(
    after_s: float, seen_w: float | None, gives_w: float
) -> None:
    beside = BesideTheSun()
    beside.told(1500.0, 100.0)
    beside.told(1500.0, 100.0 + after_s)  # the lease is renewed
    assert beside.battery_w(seen_w, 100.0 + after_s) == gives_w


def test_a_battery_that_is_released_gives_what_is_seen() -> None:
    beside = BesideTheSun()
    assert beside.battery_w(-800.0, 0.0) == -800.0
    beside.told(1500.0, 100.0)
    beside.told(None, 101.0)
    assert beside.battery_w(-800.0, 101.0) == -800.0
