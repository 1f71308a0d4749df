"""The sun of this room against pvlib, which has its own."""

import numpy as np
import pandas
import pvlib
import pytest

from agent.forecasting.sun import clear_sky_ghi, clear_sky_steps, sun_elevation

PLACES = {
    "Cambridge": (52.2, 0.12),
    "San Diego": (32.88, -117.235),
    "Quito": (-0.18, -78.47),
    "Tromso": (69.65, 18.96),
    "Sydney": (-33.87, 151.21),
    "North Pole": (90.0, 0.0),
    "South Pole": (-90.0, 0.0),
}


@pytest.mark.parametrize("place", PLACES)
def test_position_and_clear_sky_agree_with_pvlib(place: str) -> None:
    latitude, longitude = PLACES[place]
    times = pandas.date_range("2004-01-01", "2039-12-31", periods=4001, tz="UTC")
    epoch_s = times.as_unit("s").asi8.astype(np.float64)
    theirs = pvlib.solarposition.get_solarposition(times, latitude, longitude)
    ours = sun_elevation(epoch_s, latitude, longitude)
    assert np.abs(90.0 - ours - theirs["zenith"].to_numpy()).max() < 0.05
    haurwitz = pvlib.clearsky.haurwitz(theirs["zenith"])["ghi"].to_numpy()
    assert np.abs(clear_sky_ghi(ours) - haurwitz).max() < 2.0


def test_a_night_has_no_sun_and_a_polar_day_no_night() -> None:
    midsummer = 1_687_305_600.0 + 3600.0 * np.arange(24)  # 2023-06-21
    midwinter = midsummer + 183 * 86_400
    assert (clear_sky_steps(midsummer, 3600, 69.65, 18.96) > 0).all()
    assert (clear_sky_steps(midwinter, 3600, 69.65, 18.96) == 0).all()


def test_the_step_of_sunrise_is_not_night() -> None:
    hours = 1_679_356_800.0 + 3600.0 * np.arange(24)  # 2023-03-21, the sun rises near 06:00 UTC at Greenwich
    steps = clear_sky_steps(hours, 3600, 51.5, 0.0)
    quarters = clear_sky_steps(hours[:, None] + 900.0 * np.arange(4), 900, 51.5, 0.0)
    np.testing.assert_allclose(steps, quarters.mean(axis=1))
    assert 0 < steps[6] < 60
