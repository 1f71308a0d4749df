"""Something else that steers: seen, answered twice, then given way to."""

import pytest

from agent.monitoring.foreign_writes import ForeignWrites, is_foreign, order_words
from drivers.device import ControlState


def state(**order: float) -> ControlState:
    return ControlState(order, order)


@pytest.mark.parametrize(
    ("found", "clamps", "foreign"),
    [
        (state(WSet=-3000.0), False, False),
        (state(), False, False),  # lapsed or restarted: it has gone back to itself
        (state(WSet=2000.0), False, True),
        (state(WSet=-1000.0), False, True),
        (state(WSet=-1000.0), True, False),  # a device that lowers what it takes
        (state(WSet=-4000.0), True, True),
        (state(WSet=1000.0), True, True),
        (state(WSetPct=-50.0), True, True),
    ],
)
def test_what_is_neither_ours_nor_what_the_device_goes_back_to(
    found: ControlState, clamps: bool, foreign: bool
) -> None:
    assert is_foreign(found, state(WSet=-3000.0), clamps) is foreign


def test_the_third_time_within_ten_minutes_it_is_given_way_for_ten_minutes() -> None:
    writes = ForeignWrites()
    for at in (0.0, 5.0):
        writes.seen(at, "it holds 5")
        assert not writes.gives_way(at)
        assert writes.told(at) == "it holds 5"
    writes.seen(10.0, "it holds 7")
    assert writes.gives_way(10.0)
    assert writes.gives_way(609.0)
    assert not writes.gives_way(610.0)
    assert writes.told(609.0) == "it holds 7"


def test_after_giving_way_one_more_is_enough_until_it_was_quiet_for_as_long() -> None:
    writes = ForeignWrites()
    for at in (0.0, 5.0, 10.0):
        writes.seen(at, "told")
    writes.seen(615.0, "told")
    assert writes.gives_way(615.0)
    assert writes.told(1215.0) is None
    writes.seen(2000.0, "told")
    assert not writes.gives_way(2000.0)


def test_one_in_a_while_is_told_and_never_given_way_to() -> None:
    writes = ForeignWrites()
    for at in range(0, 36000, 400):
        writes.seen(float(at), "told")
        assert not writes.gives_way(float(at))
    assert writes.told(36000.0) == "told"
    assert writes.told(36300.0) is None


def test_an_order_in_words() -> None:
    assert order_words(state(WSetMod=1.0, WSet=-5000.0)) == "WSetMod 1, WSet -5000"
    assert order_words(state()) == "no order"
