"""Where levels are moved, by how much, and that 90 % comes to mean 90 %."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agent.domain.forecast_corrections import BUCKETS, LOW_OUTPUT, ForecastCorrections
from agent.forecasting.combination.blend import blend, learn
from agent.forecasting.combination.calibration import Raster, Verdict, followed, tracked
from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray

START = datetime(2023, 1, 1, tzinfo=UTC)
NORMAL = np.array([-1.645, -0.674, 0.0, 0.674, 1.645])  # the LEVELS of a normal error
STILL = np.zeros((BUCKETS, len(LEVELS)))
NONE = np.zeros(BUCKETS)


def fan(median: FloatArray, spread: FloatArray | float) -> FloatArray:
    """(LEVELS, steps)."""
    made: FloatArray = median + NORMAL[:, None] * spread
    return made


def alone(quantiles: FloatArray) -> FloatArray:
    """One member's one origin."""
    return quantiles[None, None]


@pytest.mark.parametrize(
    ("step_s", "first_steps"), [(900, [4, 8, 12, 24, 48, 48, 48]), (3600, [1, 2, 3, 6, 12, 12, 12])]
)
def test_steps_are_in_the_bucket_of_their_lead(step_s: int, first_steps: list[int]) -> None:
    raster = Raster(np.full((1, 1, len(LEVELS), 48 * 3600 // step_s), 100.0), step_s)
    assert np.bincount(raster.bucket[0], minlength=BUCKETS).tolist() == [*first_steps, 0]


def test_what_lies_beyond_two_days_is_in_the_last_bucket_and_grows() -> None:
    flat = fan(np.full(168, 1000.0), 50.0)
    raster = Raster(alone(flat), 3600)
    assert set(raster.bucket[0, 48:]) == {LOW_OUTPUT - 1}
    moved = raster.moved(flat[None], STILL)[0]
    width = moved[-1] - moved[0]
    assert width[0] == width[47] == pytest.approx(2 * 1.645 * 50.0)
    assert (np.diff(width[48:]) > 0).all()
    assert width[167] == pytest.approx(1.2 * width[0], rel=0.01)


def test_dawn_is_faint_and_night_is_left_alone() -> None:
    sun = np.array([0.0, 0.0, 30.0, 500.0, 900.0, 500.0, 30.0, 0.0])
    quantiles = fan(sun, 0.2 * sun)
    raster = Raster(alone(quantiles), 3600)
    assert (raster.bucket[0] == LOW_OUTPUT).tolist() == [sun_w < 50.0 for sun_w in sun]
    assert raster.alight[0].tolist() == (sun > 0).tolist()
    moved = raster.moved(quantiles[None], STILL + np.array([-1.0, -0.5, 0.0, 0.5, 1.0]))[0]
    assert (moved[:, sun == 0] == 0).all()
    assert (moved[-1] - moved[0])[sun > 0].min() > 0


def test_a_move_is_in_units_of_the_interval_on_its_side() -> None:
    quantiles = np.repeat(np.array([[900.0], [950.0], [1000.0], [1100.0], [1200.0]]), 48, axis=1)
    quantile_offsets = STILL.copy()
    quantile_offsets[:, -1], quantile_offsets[:, 0] = 0.5, 0.1
    moved = Raster(alone(quantiles), 3600).moved(quantiles[None], quantile_offsets)[0]
    np.testing.assert_allclose(moved[:, 0], [910.0, 950.0, 1000.0, 1100.0, 1300.0])


def test_levels_stay_in_order_and_above_nothing() -> None:
    quantiles = fan(np.linspace(10.0, 500.0, 48), 100.0)
    quantiles = np.maximum(quantiles, 0.0)
    moved = Raster(alone(quantiles), 3600).moved(quantiles[None], STILL + np.array([-0.9, 3.0, 0.0, -0.9, -0.9]))[0]
    assert (moved >= 0).all()
    assert (np.diff(moved, axis=0) >= 0).all()


def test_a_tail_that_is_passed_too_often_goes_outwards_and_never_too_far() -> None:
    quantiles = fan(np.full(48, 1000.0), 50.0)
    raster = Raster(alone(quantiles), 3600)
    for actual_w, tail, outwards in ((2000.0, -1, 1.0), (0.0, 0, -1.0)):
        verdict = Verdict(raster, np.full(48, actual_w))
        once = tracked(STILL, verdict.passed(quantiles), verdict.weight, NONE)
        assert (np.sign(once[:LOW_OUTPUT, tail]) == outwards).all()
        assert (once[LOW_OUTPUT] == 0).all(), "nothing was faint"
        often = STILL
        for _ in range(2000):
            often = tracked(often, verdict.passed(quantiles), verdict.weight, NONE)
        assert often[0, tail] == 3.0 * outwards


def test_nothing_that_gives_nothing_is_inside_an_interval_from_nothing() -> None:
    quantiles = np.repeat(np.array([[0.0], [0.0], [10.0], [50.0], [100.0]]), 48, axis=1)
    passed = Verdict(Raster(alone(quantiles), 3600), np.zeros(48)).passed(quantiles)
    assert (passed[:LOW_OUTPUT, 0] < 0).all()
    assert (passed[:LOW_OUTPUT, -1] > 0).all()


def test_what_was_published_follows_two_days_late() -> None:
    quantile_offsets, published = STILL + 1.0, STILL
    for _ in range(48):
        published = followed(published, quantile_offsets, 1.0)
    np.testing.assert_allclose(published, 1 - np.exp(-1))
    np.testing.assert_allclose(followed(STILL, quantile_offsets, 48.0), published)


def noon(step: int) -> float:
    """A clear day, W, by the hour."""
    return max(0.0, 1000.0 * float(np.sin((step % 24 - 6) * np.pi / 12)))


@pytest.mark.parametrize("sunny", [False, True])
@pytest.mark.parametrize(("claimed", "bias"), [(0.5, 0.0), (2.0, 0.0), (1.0, 0.6)])
def test_ninety_per_cent_comes_to_mean_ninety_per_cent(claimed: float, bias: float, sunny: bool) -> None:
    """Errors last for hours; the forecaster claims ``claimed`` times their spread and is off by ``bias`` spreads."""
    random = np.random.default_rng(7)
    hours = 90 * 24
    shape = np.array([noon(step) if sunny else 1000.0 for step in range(hours + 48)])
    noise = np.zeros(hours + 48)
    for hour in range(1, hours + 48):
        noise[hour] = 0.8 * noise[hour - 1] + 0.6 * random.normal()
    truth = np.maximum(shape * (1.0 + 0.1 * noise), 0.0)
    made = np.maximum(fan(shape * (1.0 - 0.1 * bias), 0.1 * claimed * shape), 0.0)
    corrections, inside = ForecastCorrections("pv_w"), []
    for hour in range(48, hours, 3):
        then, ahead = slice(hour - 48, hour), slice(hour, hour + 48)
        origin = START + timedelta(hours=hour - 48)
        corrections = learn(corrections, ["it"], made[None, :, then], truth[then], 3600, origin)
        if hour > 40 * 24:
            said = blend(corrections, ["it"], alone(made[:, ahead]), 3600)[0]
            lit = shape[ahead] > 1.0
            inside.append(((truth[ahead] >= said[0]) & (truth[ahead] <= said[-1]))[lit].mean())
    assert 0.88 <= np.mean(inside) <= 0.92
    assert said[MEDIAN].max() == pytest.approx(made[MEDIAN, ahead].max())
