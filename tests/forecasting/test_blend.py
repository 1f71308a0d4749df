"""Members weighed by what they have earned, and what a site's errors teach."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agent.domain.forecast_corrections import BUCKETS, ForecastCorrections
from agent.domain.wire import from_json, to_json
from agent.forecasting.combination.blend import blend, last_errors, learn, shares
from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray

START = datetime(2023, 1, 1, tzinfo=UTC)
NORMAL = np.array([-1.645, -0.674, 0.0, 0.674, 1.645])
STEPS = 48
NOTHING = ForecastCorrections("load_w")


def fan(median_w: float, spread_w: float = 50.0) -> FloatArray:
    """(LEVELS, STEPS)."""
    return np.repeat((median_w + NORMAL * spread_w)[:, None], STEPS, axis=1)


def noise(seed: int, hours: int, spread_w: float = 50.0) -> FloatArray:
    return 1000.0 + spread_w * np.random.default_rng(seed).normal(size=hours + STEPS)


def taught(
    names: list[str], members: FloatArray, truth: FloatArray, hours: int, corrections: ForecastCorrections = NOTHING
) -> ForecastCorrections:
    """After ``hours`` hourly origins, all with the same ``members``; ``truth`` is hourly."""
    first = START if corrections.learnt_to is None else corrections.learnt_to + timedelta(hours=1)
    for hour in range(hours):
        corrections = learn(
            corrections, names, members, truth[hour : hour + STEPS], 3600, first + timedelta(hours=hour)
        )
    return corrections


def test_without_experience_the_first_member_is_the_forecast() -> None:
    members = np.stack([fan(1000.0), fan(3000.0)])
    np.testing.assert_allclose(blend(NOTHING, ["a", "b"], members[:, None], 3600)[0], members[0])
    assert shares(NOTHING, ["a", "b"]).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("better", [0, 1])
def test_the_member_that_was_right_is_heard(better: int) -> None:
    medians = [1000.0, 1150.0] if better == 0 else [1150.0, 1000.0]
    members = np.stack([fan(median) for median in medians])
    corrections = taught(["a", "b"], members, noise(1, 240), 240)
    parts = shares(corrections, ["a", "b"])
    assert parts.sum() == pytest.approx(1.0)
    assert parts[better] > 0.95
    assert abs(blend(corrections, ["a", "b"], members[:, None], 3600)[0, MEDIAN].mean() - 1000.0) < 10.0


def test_members_that_are_equally_good_share() -> None:
    members = np.stack([fan(980.0), fan(1020.0)])
    corrections = taught(["a", "b"], members, noise(2, 400), 400)
    assert 0.3 < shares(corrections, ["a", "b"])[0] < 0.8


def test_weights_are_by_lead() -> None:
    near, far = fan(1000.0), fan(1000.0)
    near[:, 12:] += 200.0
    far[:, :12] += 200.0
    members = np.stack([near, far])
    corrections = taught(["near", "far"], members, noise(3, 240), 240)
    median = blend(corrections, ["near", "far"], members[:, None], 3600)[0, MEDIAN]
    assert np.abs(median - 1000.0).max() < 20.0


def test_a_newcomer_is_heard_modestly_and_the_others_keep_what_they_earned() -> None:
    members = np.stack([fan(1000.0), fan(1150.0)])
    corrections = taught(["a", "b"], members, noise(4, 240), 240)
    parts = shares(corrections, ["new", "a", "b"])
    assert 0.0 < parts[0] < parts[1]
    three = np.stack([fan(1100.0), *members])
    later = taught(["new", "a", "b"], three, noise(5, 240), 240, corrections)
    assert set(later.members) == {"a", "b", "new"}
    assert shares(later, ["new", "a", "b"])[1] > 0.9


def test_the_order_of_the_members_does_not_matter_for_what_they_earn() -> None:
    members = np.stack([fan(1000.0), fan(1100.0)])
    one = taught(["a", "b"], members, noise(6, 100), 100)
    other = taught(["b", "a"], members[::-1], noise(6, 100), 100)
    assert (one.members, other.members) == (("a", "b"), ("b", "a"))
    np.testing.assert_allclose(one.losses, other.losses[::-1])


def test_an_origin_is_learnt_from_once() -> None:
    members = fan(1000.0)[None]
    once = learn(NOTHING, ["a"], members, np.full(STEPS, 1100.0), 3600, START)
    assert once.origins == 1
    assert once.learnt_to == START
    for origin in (START, START - timedelta(hours=1)):
        assert learn(once, ["a"], members, np.full(STEPS, 5.0), 3600, origin) is once


def test_a_dead_meter_teaches_nothing() -> None:
    members = fan(1000.0)[None]
    before = taught(["a"], members, noise(7, 100), 100)
    after = taught(["a"], members, np.full(48 + STEPS, np.nan), 48, before)
    assert (after.origins, after.quantile_offsets, after.losses) == (
        before.origins,
        before.quantile_offsets,
        before.losses,
    )
    assert after.learnt_to == START + timedelta(hours=147)


def test_an_hour_of_a_thousand_times_too_much_does_little() -> None:
    members = np.stack([fan(1000.0), fan(1100.0)])
    truth = noise(8, 400)
    broken = truth.copy()
    broken[300] *= 1000.0
    good, bad = (taught(["a", "b"], members, came, 400) for came in (truth, broken))
    assert np.abs(np.array(good.quantile_offsets) - np.array(bad.quantile_offsets)).max() < 0.1
    assert np.abs(shares(good, ["a", "b"]) - shares(bad, ["a", "b"])).max() < 0.1


def test_after_a_jump_the_intervals_come_back() -> None:
    """A heat pump: the members miss it for two days and know it from then on."""
    truth = noise(9, 21 * 24)
    before = taught(["a"], fan(1000.0)[None], truth, 20 * 24)
    during = taught(["a"], fan(1000.0)[None], truth + 800.0, 48, before)
    week = taught(["a"], fan(1800.0)[None], truth + 800.0, 7 * 24, during)
    weeks = taught(["a"], fan(1800.0)[None], truth + 800.0, 14 * 24, week)
    normal, one, three = (
        np.ptp(blend(known, ["a"], fan(1800.0)[None, None], 3600)[0], axis=0).mean() for known in (before, week, weeks)
    )
    assert one < 1.6 * normal
    assert three < 1.3 * normal


def test_what_one_hour_missed_is_carried_into_the_next_hours() -> None:
    members = fan(1000.0)[None]
    known = np.full(STEPS, np.nan)
    known[0] = 1080.0
    (error,) = last_errors(NOTHING, ["a"], members[:, None], known[None], 3600)
    assert error == pytest.approx(80.0 / (1.645 * 50.0))
    plain, residual_persistence, unknown = (
        blend(NOTHING, ["a"], members[:, None], 3600, errors)[0, MEDIAN]
        for errors in (None, np.array([error]), np.array([np.nan]))
    )
    shift = residual_persistence - plain
    assert shift[0] > shift[1] > shift[3] > shift[6] > 0
    assert (shift[12:] == 0).all()
    np.testing.assert_array_equal(plain, unknown)
    assert np.isnan(last_errors(NOTHING, ["a"], members[:, None], np.full((1, STEPS), np.nan), 3600)).all()


def test_a_load_that_came_early_is_not_there_twice() -> None:
    """What is carried lifts nothing above the highest that was measured, where the members do not say so themselves."""
    members, error = fan(1000.0)[None, None], np.array([3.0])
    free = blend(NOTHING, ["a"], members, 3600, error)[0]
    for most_w in (1010.0, 900.0, np.inf):
        held = blend(NOTHING, ["a"], members, 3600, error, most_w)[0]
        np.testing.assert_array_equal(held, np.minimum(free, np.maximum(members[0, 0], most_w)))
    assert free[MEDIAN, 0] > 1010.0


def test_an_hour_is_judged_by_its_quarters_and_most_by_the_last() -> None:
    known = np.full(STEPS, np.nan)
    known[:4] = [1000.0, 1000.0, 1164.5, 1164.5]
    (error,) = last_errors(NOTHING, ["a"], fan(1000.0)[None, None], known[None], 900)
    assert error == pytest.approx((4 + 8) * 2.0 / 15)


@pytest.mark.parametrize(("memory", "low", "high"), [(0.0, 0.0, 0.1), (0.97, 0.6, 0.901)])
def test_as_much_is_carried_as_is_wont_to_come_again(memory: float, low: float, high: float) -> None:
    random = np.random.default_rng(10)
    deviation = np.zeros(900 + STEPS)
    for hour in range(1, deviation.size):
        deviation[hour] = memory * deviation[hour - 1] + np.sqrt(1 - memory**2) * 50.0 * random.normal()
    corrections = taught(["a"], fan(1000.0)[None], 1000.0 + deviation, 900)
    one, two = (
        blend(corrections, ["a"], fan(1000.0)[None, None], 3600, np.array([error]))[0, MEDIAN, 0]
        for error in (0.0, 1.0)
    )
    assert low <= (two - one) / (1.645 * 50.0) <= high


def test_an_experience_is_small_and_crosses_the_wire() -> None:
    names = [f"consumption-own 1.{number}.0" for number in range(9)]
    members = np.stack([fan(1000.0 + 20.0 * number) for number in range(9)])
    corrections = NOTHING
    for first in range(0, 9, 3):
        few = slice(first, first + 3)
        corrections = taught(names[few], members[few], noise(11, 50), 50, corrections)
    assert corrections.members == tuple(names[3:]), "those not seen for long leave"
    text = to_json(corrections)
    assert len(text) < 4096
    assert from_json(ForecastCorrections, text) == corrections


def test_an_experience_of_another_release_counts_as_none() -> None:
    old = ForecastCorrections("load_w", START, 400, ("a", "b"), ((0.1,), (0.2,)), ((0.25,),))
    members = np.stack([fan(1000.0), fan(2000.0)])
    np.testing.assert_allclose(blend(old, ["a", "b"], members[:, None], 3600)[0], members[0])
    learnt = learn(old, ["a", "b"], members, np.full(STEPS, 1000.0), 3600, START + timedelta(hours=1))
    assert len(learnt.quantile_offsets) == BUCKETS
    assert learnt.learnt_to == START + timedelta(hours=1)


def test_names_and_members_must_agree() -> None:
    with pytest.raises(ValueError, match="2 members of 5 levels do not have the shape"):
        blend(NOTHING, ["a", "b"], fan(1000.0)[None, None], 3600)


WATTS = st.floats(0.0, 1e7, allow_subnormal=False)
CAME = st.one_of(st.just(float("nan")), st.floats(-1e9, 1e9))


@settings(max_examples=60, deadline=None)
@given(
    spread=arrays(np.float64, (3, 2, len(LEVELS), 6), elements=WATTS),
    came=arrays(np.float64, (4, 6), elements=CAME),
    error=st.one_of(st.just(float("nan")), st.floats(-3.0, 3.0)),
    step_s=st.sampled_from([900, 3600, 8 * 3600, 28 * 3600]),
)
def test_whatever_came_a_forecast_is_finite_in_order_and_bounded(
    spread: FloatArray, came: FloatArray, error: float, step_s: int
) -> None:
    names = ["a", "b", "c"]
    members = np.sort(spread, axis=2)
    corrections = NOTHING
    for number, actual in enumerate(came):
        origin = START + timedelta(hours=number * number)
        corrections = learn(corrections, names[: 2 + number % 2], members[: 2 + number % 2, 0], actual, step_s, origin)
    made = blend(corrections, names, members, step_s, np.full(2, error))
    assert made.shape == (2, len(LEVELS), 6)
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert (np.diff(made, axis=1) >= 0).all()
    assert made.max() <= 16.0 * members.max() + 1e-6
    assert shares(corrections, names).sum() == pytest.approx(1.0)
