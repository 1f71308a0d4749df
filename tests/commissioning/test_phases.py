"""Which orders are given to which device, with how much power and for how long."""

from collections.abc import Collection

import pytest

from agent.cli.commission_look import facts_of
from agent.commissioning.phases import phase_s, phases, power_to_test_w, promised_s, room_w, unrefreshed_hold_s
from agent.domain.battery import Battery
from agent.domain.site import Connection
from drivers.device import Action
from drivers.family import SteeringFacts
from drivers.registry import FAMILIES
from tests.drivers.hybrids import IN_PERCENT, hybrid_7xx

A = Action
STEERED = {name: family.steering for name, family in FAMILIES.items() if family.steering is not None}


@pytest.mark.parametrize(
    ("actions", "orders"),
    [
        ({A.SETPOINT}, [("charge", -750.0), ("hold", 0.0), ("discharge", 750.0)]),
        ({A.SETPOINT, A.HOLD, A.CHARGE, A.DISCHARGE}, [("charge", -750.0), ("hold", 0.0), ("discharge", 750.0)]),
        ({A.HOLD, A.CHARGE}, [("charge", -750.0), ("hold", 0.0)]),
        ({A.HOLD}, [("hold", 0.0)]),
        ({A.CURTAIL}, []),
    ],
)
def test_only_what_a_device_can_is_asked_of_it(actions: Collection[Action], orders: list[tuple[str, float]]) -> None:
    assert [(one.what, one.battery_w) for one in phases(actions, 750.0, 30.0)] == orders


@pytest.mark.parametrize(
    ("rating_w", "resolution_w", "room", "expected_w"),
    [
        (5000.0, 1.0, 1e9, 750.0),
        (5000.0, 1.0, 600.0, 600.0),
        (5000.0, 1.0, 100.0, 500.0),  # never below 10 %; the look then says that there is no room
        (5000.0, 450.0, 1e9, 900.0),
        (5000.0, 600.0, 1e9, 1000.0),
        (2000.0, 600.0, 1e9, 600.0),  # one step is more than 20 %
    ],
)
def test_the_power_is_10_to_20_percent(rating_w: float, resolution_w: float, room: float, expected_w: float) -> None:
    battery = Battery(10_000.0, rating_w, 2.0 * rating_w)
    assert power_to_test_w(battery, resolution_w, room) == pytest.approx(expected_w)


@pytest.mark.parametrize(
    ("limits", "net_load_w", "discharges", "room"),
    [
        (Connection(None, None), 500.0, True, float("inf")),
        (Connection(5000.0, None), 500.0, True, 4500.0),
        (Connection(5000.0, 0.0), 500.0, True, 500.0),
        (Connection(5000.0, 0.0), 500.0, False, 4500.0),
        (Connection(5000.0, 1000.0), -700.0, True, 300.0),
    ],
)
def test_the_room_that_the_connection_leaves(
    limits: Connection, net_load_w: float, discharges: bool, room: float
) -> None:
    assert room_w(limits, net_load_w, discharges) == room


@pytest.mark.parametrize("name", STEERED)
def test_an_order_is_kept_long_enough_to_be_seen_and_to_be_followed_by_another(name: str) -> None:
    facts, sample_s = STEERED[name], max(1.0, FAMILIES[name].link.fastest_poll_s)
    lasts_s = phase_s(facts, sample_s)
    assert lasts_s >= 30.0
    assert lasts_s >= 6.0 * sample_s
    assert lasts_s > facts.shortest_between_writes_s


@pytest.mark.parametrize("name", STEERED)
def test_the_unplug_test_waits_for_what_the_datasheet_promises(name: str) -> None:
    facts = STEERED[name]
    hold_s = unrefreshed_hold_s(facts)
    assert 0.0 < hold_s <= max(facts.longest_hold_s, facts.timer_step_s or 0.0)
    promise_s = promised_s(facts, hold_s)
    assert (promise_s is not None) == facts.reverts
    assert promise_s is None or promise_s >= (facts.reverts_after_s or 0.0)


def test_a_timer_of_minutes_may_count_one_more() -> None:
    facts = SteeringFacts(frozenset({A.SETPOINT}), "", timer_step_s=60.0)
    assert (unrefreshed_hold_s(facts), promised_s(facts, 60.0)) == (60.0, 120.0)


async def test_the_step_of_the_device_that_is_there_counts() -> None:
    hybrid = hybrid_7xx(IN_PERCENT, percent_step=0).hybrid()
    assert facts_of(hybrid, "sunspec_hybrid").resolution_w == 1.0, "not known yet"
    await hybrid.read()
    assert facts_of(hybrid, "sunspec_hybrid").resolution_w == 100.0
