"""Weighted samples with holes in them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.forecasting.forecaster import LEVELS, MEDIAN
from agent.forecasting.seasonal import weighted_mean, weighted_quantiles

NAN = float("nan")
VALUES = st.lists(st.one_of(st.floats(0, 1e5), st.just(NAN)), min_size=1, max_size=12)


def test_equal_weights_give_the_middle_value() -> None:
    quantiles = weighted_quantiles(np.array([5.0, 1.0, NAN, 3.0]), np.ones(4))
    assert quantiles[MEDIAN] == 3.0
    assert quantiles[0] == 1.0
    assert quantiles[-1] == 5.0


def test_a_heavy_value_draws_the_median() -> None:
    assert weighted_quantiles(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 20.0]))[MEDIAN] > 8.0


def test_an_empty_sample_stays_missing() -> None:
    assert np.isnan(weighted_quantiles(np.full((2, 3), NAN), np.ones(3))).all()
    assert np.isnan(weighted_mean(np.full(3, NAN), np.ones(3))).all()


@given(VALUES, st.randoms(use_true_random=False))
def test_quantiles_are_ordered_and_within_the_sample(values: list[float], random: object) -> None:
    sample = np.array(values)
    weights = np.array([random.uniform(0.01, 5.0) for _ in values])  # type: ignore[attr-defined]
    quantiles = weighted_quantiles(sample, weights)
    known = sample[np.isfinite(sample)]
    if known.size == 0:
        assert np.isnan(quantiles).all()
        return
    assert quantiles.shape == (len(LEVELS),)
    assert (np.diff(quantiles) >= -1e-9 * known.max()).all()
    assert known.min() - 1e-6 <= quantiles[0] <= quantiles[-1] <= known.max() + 1e-6
