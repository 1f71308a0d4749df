"""The sun of the controller stands where that of the forecasts does, and where a library says."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pvlib.solarposition import get_solarposition

from agent.domain.sun_position import sun_elevation_deg
from agent.forecasting.sun import sun_elevation

PLACES = [(51.5, 0.0), (47.4, 8.5), (-33.9, 151.2), (69.6, 18.9), (0.0, -78.5)]
TIMES = [datetime(2026, 1, 3, tzinfo=UTC) + timedelta(hours=37.3 * i) for i in range(235)]


@pytest.mark.parametrize("place", PLACES)
def test_it_agrees_with_the_forecasts_and_with_pvlib(place: tuple[float, float]) -> None:
    found = np.array([sun_elevation_deg(at, *place) for at in TIMES])
    ours = sun_elevation(np.array([at.timestamp() for at in TIMES]), *place)
    assert np.abs(found - ours).max() < 1e-9
    theirs = get_solarposition(pd.DatetimeIndex(TIMES), *place)["elevation"].to_numpy()
    assert np.abs(found - theirs).max() < 0.05
