"""When the sun is capped beside the battery, and when not."""

from datetime import UTC, datetime

import pytest

from agent.dispatch.pv_cap import Follower, pv_cap
from agent.domain.battery import Battery
from agent.domain.site import MISSING, Measured, SiteState

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BATTERY = Battery(10_000.0, 5000.0, 5000.0, soc_min_pct=10.0, soc_max_pct=95.0)


def sunny(pv_w: float, load_w: float = 1000.0) -> SiteState:
    return SiteState(NOW, Measured(load_w - pv_w), Measured(pv_w), Measured(0.0), Measured(load_w), Measured(50.0))


@pytest.mark.parametrize(
    ("pv_w", "battery_w", "price", "limit_w", "stands", "cap_w"),
    [
        (5000.0, 0.0, 0.05, 3000.0, False, 4000.0),
        (3700.0, 0.0, 0.05, 3000.0, False, 4000.0),  # near what it may make: it may rise
        (3500.0, 0.0, 0.05, 3000.0, False, None),
        (2900.0, 0.0, 0.05, 3000.0, True, 4000.0),
        (2700.0, 0.0, 0.05, 3000.0, True, None),
        (5000.0, -500.0, 0.05, 3000.0, False, 4500.0),
        (5000.0, 500.0, 0.05, 3000.0, False, 3500.0),
        (5000.0, 0.0, -0.01, 3000.0, False, 1000.0),
        (5000.0, 0.0, -0.01, None, False, 1000.0),
        (5000.0, 0.0, 0.0, None, False, None),
        (5000.0, 4500.0, -0.01, None, False, 0.0),
    ],
)
def test_what_may_not_be_exported_is_not_made(
    pv_w: float, battery_w: float, price: float, limit_w: float | None, stands: bool, cap_w: float | None
) -> None:
    assert pv_cap(sunny(pv_w), battery_w, price, limit_w, stands=stands) == cap_w


@pytest.mark.parametrize(
    "seen",
    [
        SiteState(NOW, Measured(-4000.0), Measured(5000.0)),
        SiteState(NOW, Measured(-4000.0), load_w=Measured(1000.0)),
        SiteState(NOW, MISSING, Measured(5000.0), load_w=Measured(1000.0)),
    ],
)
def test_where_sun_load_or_connection_is_not_known_nothing_is_capped(seen: SiteState) -> None:
    assert pv_cap(seen, 0.0, -0.01, 0.0) is None


@pytest.mark.parametrize(("soc_pct", "cap_w"), [(50.0, 6000.0), (93.9, 6000.0), (94.1, 1000.0), (95.0, 1000.0)])
def test_the_sun_has_room_for_what_a_battery_that_is_not_nearly_full_takes(soc_pct: float, cap_w: float) -> None:
    follower = Follower(BATTERY, soc_pct, lambda net_load_w: max(net_load_w, -BATTERY.charge_w))
    assert pv_cap(sunny(1000.0), 0.0, 0.05, 0.0, follower) == (None if cap_w > 1500.0 else cap_w)
    assert pv_cap(sunny(5800.0), 0.0, 0.05, 0.0, follower) == cap_w
