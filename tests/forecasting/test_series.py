"""The door: histories become arrays, and only what was measured counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.forecasting.series import bridge_short_gaps, load_series, solar_series

START = datetime(2023, 5, 1, tzinfo=UTC)
NAN = float("nan")


def history(values: tuple[float | None, ...], step_s: int = 900) -> History:
    return History(Horizon(START, step_s, len(values)), values, values, (False,) * len(values))


@pytest.mark.parametrize(
    ("measured", "wanted"),
    [
        ((1.0, None), (1.0, NAN)),
        ((-5.0, 0.0), (0.0, 0.0)),
        ((float("inf"), 2.0), (NAN, 2.0)),
        ((NAN, 1e9), (NAN, NAN)),
        ((-1e30, 3.0), (NAN, 3.0)),
    ],
)
def test_what_cannot_be_is_missing(measured: tuple[float | None, ...], wanted: tuple[float, ...]) -> None:
    np.testing.assert_array_equal(load_series(history(measured), 900).values, wanted)


def test_curtailed_and_impossible_sun_is_missing() -> None:
    capped = replace(history((100.0, 200.0, 1400.0)), curtailed=(False, True, False))
    np.testing.assert_array_equal(solar_series(capped, 900, rated_w=1000.0).values, (100.0, NAN, NAN))
    np.testing.assert_array_equal(load_series(capped, 900).values, (100.0, 200.0, 1400.0))


def test_an_hour_counts_when_half_of_it_was_measured() -> None:
    quarters = history((1.0, 3.0, None, None, 5.0, None, None, None))
    np.testing.assert_array_equal(load_series(quarters, 3600).values, (2.0, NAN))


def test_a_history_that_starts_within_an_hour_keeps_its_hours() -> None:
    late = History(
        Horizon(START + timedelta(minutes=30), 900, 6), (1.0, 3.0, 4.0, 4.0, 8.0, 8.0), (None,) * 6, (False,) * 6
    )
    series = load_series(late, 3600)
    assert series.start_s == round(START.timestamp())
    np.testing.assert_array_equal(series.values, (2.0, 6.0))


def test_hours_serve_quarters() -> None:
    np.testing.assert_array_equal(load_series(history((1.0, 2.0), 3600), 900).values, [1.0] * 4 + [2.0] * 4)


def test_rasters_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="1000 s cannot be put on a raster of 900 s"):
        load_series(history((1.0,), 1000), 900)
    with pytest.raises(ValueError, match="raster of the history"):
        load_series(history((1.0,)), 900).index_of([START + timedelta(seconds=60)])


@pytest.mark.parametrize(
    ("values", "bridged"),
    [
        ((0.0, NAN, 2.0), (0.0, 1.0, 2.0)),
        ((0.0, NAN, NAN, NAN, 4.0), (0.0, NAN, NAN, NAN, 4.0)),
        ((NAN, 1.0, NAN, NAN, 4.0, NAN), (NAN, 1.0, 2.0, 3.0, 4.0, NAN)),
        ((NAN, NAN), (NAN, NAN)),
        ((), ()),
    ],
)
def test_only_short_gaps_between_values_are_bridged(values: tuple[float, ...], bridged: tuple[float, ...]) -> None:
    np.testing.assert_allclose(bridge_short_gaps(np.array(values, dtype=np.float64), longest=2), bridged)
