"""A state of charge is believed while the measured power explains it."""

from agent.dispatch.soc_watch import SocWatch
from agent.domain.site import Battery

BATTERY = Battery(10_000.0, 5000.0, 5000.0)


def test_what_the_power_explains_is_believed() -> None:
    watch = SocWatch(BATTERY)
    assert [watch.update(float(s), 80.0 - s * 5000.0 / 3600.0 / 95.0, 5000.0) for s in range(0, 1800, 10)] == [
        None
    ] * 180


def test_a_jump_is_doubted_until_it_has_held_for_a_minute() -> None:
    watch = SocWatch(BATTERY)
    watch.update(0.0, 80.0, 0.0)
    sentences = [watch.update(float(second), 20.0, 0.0) for second in range(1, 63)]
    expected = "the state of charge jumped from 80 to 20 %, which the battery's power does not explain"
    assert sentences[:60] == [expected] * 60
    assert sentences[60:] == [None, None]


def test_a_jump_that_returns_is_forgotten_at_once() -> None:
    watch = SocWatch(BATTERY)
    watch.update(0.0, 80.0, 0.0)
    assert watch.update(1.0, 0.0, 0.0) is not None
    assert watch.update(2.0, 80.0, 0.0) is None


def test_one_that_goes_on_jumping_is_never_believed() -> None:
    watch = SocWatch(BATTERY)
    watch.update(0.0, 80.0, 0.0)
    for second in range(1, 300):
        assert watch.update(float(second), 20.0 if second // 10 % 2 else 50.0, 0.0) is not None


def test_after_a_long_gap_the_rating_explains_what_may_have_moved() -> None:
    watch = SocWatch(BATTERY)
    watch.update(0.0, 80.0, 0.0)
    assert watch.update(1.0, None, None) is None
    assert watch.update(3601.0, 35.0, 0.0) is None
