"""The peers of `python -m training evaluate`, where the extra `peers` is installed."""

from importlib import import_module

import numpy as np
import pytest

from tests.forecasting.sites import CAMBRIDGE, RATED_W, regular_site
from training.peers.hours import hours_of
from training.sites.measured_site import MeasuredSite


@pytest.mark.parametrize(("library", "quantity"), [("xgboost", "pv_w"), ("prophet", "load_w")])
def test_a_peer_forecasts_two_days(library: str, quantity: str) -> None:
    pytest.importorskip(library, reason=f"{library} (the extra peers) is not installed")
    peer = getattr(import_module(f"training.peers.{library}_peer"), f"{library}_band")
    truth = regular_site(CAMBRIDGE, days=50, step_s=3600)
    hours, origin = hours_of(MeasuredSite("here", CAMBRIDGE, RATED_W, truth, None), quantity), 24 * 47  # a Monday
    (band,) = peer(hours, np.array([origin]))
    actual = hours.values[origin : origin + 48]
    assert band.shape == (3, 48)
    assert (np.diff(band, axis=0) >= 0).all()
    assert np.abs(band[1] - actual).sum() < np.abs(actual.mean() - actual).sum()
