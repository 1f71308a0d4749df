"""Rests between tries that fail."""

from itertools import pairwise

import pytest

from agent.cycles.retry import NIGHTLY_RESTS_S, PLAN_RESTS_S, Retry


def tries(retry: Retry, until_s: float, takes_s: float = 0.0) -> list[float]:
    """When something that always fails is tried, looked at every second."""
    found, now_s = [], 0.0
    while now_s < until_s:
        if not retry.rests(now_s):
            found.append(now_s)
            now_s += takes_s
            retry.failed(found[-1], now_s)
        now_s += 1.0
    return found


@pytest.mark.parametrize(
    ("most_an_hour", "times"),
    [
        (None, [0, 30, 90, 210, 510, 1410, 2310, 3210]),
        (4, [0, 30, 90, 210, 3600, 4500, 5400]),
        (5, [0, 30, 90, 210, 510, 3600, 4500, 5400]),
        (2, [0, 30, 3600, 3720, 7200]),
    ],
)
def test_the_rests_of_a_plan(most_an_hour: int | None, times: list[float]) -> None:
    assert tries(Retry(PLAN_RESTS_S, most_an_hour), times[-1] + 1) == times


def test_no_hour_holds_more_tries_than_it_may_and_no_rest_is_shorter_than_its_rung() -> None:
    begun = tries(Retry(PLAN_RESTS_S, 4), 86_400, takes_s=20.0)
    assert all(sum(start <= at < start + 3600 for at in begun) <= 4 for start in begun)
    rests = [later - earlier - 20.0 for earlier, later in pairwise(begun)]
    assert all(rest >= rung for rest, rung in zip(rests, PLAN_RESTS_S, strict=False))
    assert min(rests[4:]) >= 900.0


def test_nights_that_fail_end_up_a_week_apart() -> None:
    hours = [at / 3600 for at in tries(Retry(NIGHTLY_RESTS_S), 600 * 3600.0)]
    assert hours == [0, 3, 15, 35, 79, 243, 407, 571]


def test_a_success_forgets_all_failures() -> None:
    retry = Retry(PLAN_RESTS_S, 2)
    retry.failed(0.0, 1.0)
    retry.failed(31.0, 32.0)
    assert retry.rests(3599.0)
    retry.succeeded()
    assert (retry.failures, retry.rests(33.0)) == (0, False)
    retry.failed(40.0, 41.0)
    assert retry.rests(70.9)
    assert not retry.rests(71.0)
