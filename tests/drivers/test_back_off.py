"""Rests after failures: doubling, capped, with jitter, none for the first ones allowed."""

import pytest

from drivers.back_off import BackOff, times_longer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("failures", "rest_s"), [(0, 0), (1, 0.5), (2, 1), (3, 2), (4, 4), (5, 5), (60, 5)])
def test_rests_double_up_to_the_cap(failures: int, rest_s: float) -> None:
    rest = BackOff(Clock(), lambda: 1.0)
    for _ in range(failures):
        rest.failed()
    assert rest.left_s() == rest_s


@pytest.mark.parametrize(("jitter", "rest_s"), [(0.0, 0.25), (0.5, 0.375), (1.0, 0.5)])
def test_jitter_takes_off_up_to_half(jitter: float, rest_s: float) -> None:
    rest = BackOff(Clock(), lambda: jitter)
    rest.failed()
    assert rest.left_s() == rest_s


def test_allowed_failures_cause_no_rest() -> None:
    rest = BackOff(Clock(), lambda: 1.0, allowed=2)
    rest.failed()
    rest.failed()
    assert rest.left_s() == 0
    rest.failed()
    assert rest.left_s() == 0.5


def test_a_rest_ends_by_time_or_by_success() -> None:
    clock = Clock()
    rest = BackOff(clock, lambda: 1.0)
    rest.failed()
    clock.now = 0.5
    assert rest.left_s() == 0
    rest.failed()
    assert rest.left_s() == 1
    rest.succeeded()
    assert (rest.left_s(), rest.failures) == (0, 0)


@pytest.mark.parametrize(
    ("cost_s", "share", "times"),
    [
        (0.1, 0.1, 1.0),
        (0.5, 0.1, 1.0),
        (3.0, 0.1, 6.0),
        (9.0, 0.1, 18.0),
        (1.0, 0.2, 1.0),
        (3.0, 0.2, 3.0),
        (99.0, 0.1, 60.0),
    ],
)
def test_what_is_dear_is_tried_more_seldom(cost_s: float, share: float, times: float) -> None:
    """A rest is 5 s at its longest as a rule, and five minutes at most."""
    assert times_longer(cost_s, share) == pytest.approx(times)
    one = BackOff(lambda: 0.0, lambda: 1.0)
    one.failed(times)
    assert one.left_s() == pytest.approx(0.5 * times)
