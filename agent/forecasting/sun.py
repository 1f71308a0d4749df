"""Where the sun stands, and how much of it a clear sky lets through. Angles in degrees, irradiance in W/m2.

Position: the Astronomical Almanac's low-precision algorithm as given by J. J. Michalsky, "The Astronomical Almanac's
algorithm for approximate solar position (1950-2050)", Solar Energy 40 (1988) 227-235; good to about 0.01 degree,
without refraction. Clear sky: B. Haurwitz, Journal of Meteorology 2 (1945) 154-166, with the coefficients of M. Reno,
C. Hansen and J. Stein, SAND2012-2389 (2012).
"""

import numpy as np

from agent.forecasting.forecaster import FloatArray

_J2000_EPOCH_S = 946_728_000.0  # 2000-01-01T12:00Z
_SAMPLE_S = 900


def sun_elevation(epoch_s: FloatArray, latitude: float, longitude: float) -> FloatArray:
    """Elevation of the sun's centre above the horizon, degrees, negative at night.

    ``epoch_s`` is Unix time, any shape; latitude is positive north and longitude positive east, degrees.
    """
    days = (np.asarray(epoch_s, dtype=np.float64) - _J2000_EPOCH_S) / 86_400.0
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 0.0000004 * days)
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    sidereal_h = 18.697375 + 24.0657098242 * days  # Greenwich mean sidereal time
    hour_angle = np.radians(sidereal_h * 15.0 + longitude) - right_ascension
    phi = np.radians(latitude)
    sine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    elevation: FloatArray = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    return elevation


def clear_sky_ghi(elevation_deg: FloatArray) -> FloatArray:
    """Global horizontal irradiance under a clear sky, W/m2; 0 with the sun at or below the horizon."""
    sine = np.sin(np.radians(np.maximum(elevation_deg, 0.0)))
    lit = sine > 0.0
    safe = np.where(lit, sine, 1.0)
    return np.where(lit, 1098.0 * safe * np.exp(-0.059 / safe), 0.0)


def clear_sky_steps(start_s: FloatArray, step_s: int, latitude: float, longitude: float) -> FloatArray:
    """Mean clear-sky irradiance of steps that begin at ``start_s`` (Unix time), W/m2, same shape.

    Several instants are averaged inside a long step, so that the step of sunrise is not taken for night.
    """
    samples = max(1, step_s // _SAMPLE_S)
    offsets = (np.arange(samples) + 0.5) * step_s / samples
    instants = np.asarray(start_s, dtype=np.float64)[..., None] + offsets
    ghi: FloatArray = clear_sky_ghi(sun_elevation(instants, latitude, longitude)).mean(axis=-1)
    return ghi
