"""Whether it is night, without numpy: the controller must know it every second.

The Astronomical Almanac's low-precision algorithm as given by J. J. Michalsky, "The Astronomical Almanac's algorithm
for approximate solar position (1950-2050)", Solar Energy 40 (1988) 227-235; good to about 0.01 degree, without
refraction. ``forecasting/sun.py`` has the same for arrays.
"""

from datetime import datetime
from math import asin, atan2, cos, degrees, radians, sin

_J2000_EPOCH_S = 946_728_000.0  # 2000-01-01T12:00Z


def sun_elevation_deg(at: datetime, latitude: float, longitude: float) -> float:
    """Elevation of the sun's centre above the horizon, degrees, negative at night.

    ``at`` is aware; ``latitude`` is positive north and ``longitude`` positive east, degrees.
    """
    days = (at.timestamp() - _J2000_EPOCH_S) / 86_400.0
    anomaly = radians(357.528 + 0.9856003 * days)
    ecliptic = radians(280.460 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.020 * sin(2.0 * anomaly))
    obliquity = radians(23.439 - 0.0000004 * days)
    declination = asin(sin(obliquity) * sin(ecliptic))
    right_ascension = atan2(cos(obliquity) * sin(ecliptic), cos(ecliptic))
    sidereal_h = 18.697375 + 24.0657098242 * days  # Greenwich mean sidereal time
    hour_angle = radians(sidereal_h * 15.0 + longitude) - right_ascension
    phi = radians(latitude)
    sine = sin(phi) * sin(declination) + cos(phi) * cos(declination) * cos(hour_angle)
    return degrees(asin(min(1.0, max(-1.0, sine))))
