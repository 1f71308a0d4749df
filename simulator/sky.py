"""Sun and clouds over a synthetic site: solar power that is available from a roof, minute by minute. Pure.

Position of the sun: declination and equation of time as Fourier series of the day angle (J. W. Spencer, "Fourier series
representation of the position of the sun", Search 2, 1971), good to about a quarter of a degree.
Clear sky: B. Haurwitz, "Insolation in relation to cloudiness and cloud density", Journal of Meteorology 2 (1945), with
the coefficients given by Reno, Hansen and Stein, SAND2012-2389: GHI = 1098 cos z exp(-0.059 / cos z) W/m2.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from simulator.noise import smooth
from simulator.weather import clearness_of_hour

_TILT = math.radians(30.0)
_PERFORMANCE = 0.86  # wiring, temperature, inverter: mean of small roofs
_DAY_S = 86400.0
CLOUD_DEPTH = 0.4  # how far a cloud of minutes goes below and its gap above the mean of a broken sky


@dataclass(frozen=True, slots=True)
class Sun:
    """Where the sun is: elevation above the horizon and azimuth from north through east, degrees."""

    elevation_deg: float
    azimuth_deg: float


def sun_position(epoch_s: float, latitude: float, longitude: float) -> Sun:
    """The sun at ``epoch_s`` (seconds since 1970, UTC), seen from degrees north and east."""
    when = datetime.fromtimestamp(epoch_s, UTC)
    day_part = (epoch_s % _DAY_S) / _DAY_S
    angle = 2.0 * math.pi * (when.timetuple().tm_yday - 1 + day_part - 0.5) / 365.0
    one, two, three = angle, 2.0 * angle, 3.0 * angle
    declination = (
        0.006918
        - 0.399912 * math.cos(one)
        + 0.070257 * math.sin(one)
        - 0.006758 * math.cos(two)
        + 0.000907 * math.sin(two)
        - 0.002697 * math.cos(three)
        + 0.00148 * math.sin(three)
    )
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * math.cos(one)
        - 0.032077 * math.sin(one)
        - 0.014615 * math.cos(two)
        - 0.040849 * math.sin(two)
    )
    hour_angle = math.radians(360.0 * day_part + longitude + equation_min / 4.0 - 180.0)
    north = math.radians(latitude)
    sine = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(declination) * math.cos(hour_angle)
    elevation = math.asin(max(-1.0, min(1.0, sine)))
    westward = math.sin(hour_angle) * math.cos(declination)
    southward = math.cos(hour_angle) * math.cos(declination) * math.sin(north) - math.sin(declination) * math.cos(north)
    azimuth = math.degrees(math.atan2(westward, southward)) + 180.0
    return Sun(math.degrees(elevation), azimuth % 360.0)


def clear_sky_ghi(elevation_deg: float) -> float:
    """Global horizontal irradiance under a clear sky, W/m2 (Haurwitz); 0 when the sun is down."""
    cosine = math.sin(math.radians(elevation_deg))
    return 1098.0 * cosine * math.exp(-0.059 / cosine) if cosine > 0.01 else 0.0


def clearness(seed: int, epoch_s: float) -> float:
    """What the clouds leave of the clear sky, about 0.11..1.1.

    Days and hours are those of ``simulator.weather``. Between them go clouds of a few minutes, most under a broken sky,
    with edges that are a little brighter than a clear one.
    """
    hours = epoch_s / 3600.0 - 0.5
    before = math.floor(hours)
    first, last = (clearness_of_hour(seed, before + i) for i in (0, 1))
    mean = first + (last - first) * (hours - before)
    broken = max(0.0, 1.0 - abs(mean - 0.6) / 0.5)
    cloud = 0.65 * smooth(seed + 2, epoch_s / 780.0) + 0.35 * smooth(seed + 3, epoch_s / 210.0)
    shadow = max(-1.0, min(1.0, (cloud - 0.5) / 0.12))
    haze = 0.03 * (smooth(seed + 5, epoch_s / 9000.0) - 0.5)
    return max(0.11, min(1.1, mean - CLOUD_DEPTH * broken * shadow + haze))


def solar_power_w(seed: int, epoch_s: float, latitude: float, longitude: float, rated_w: float) -> float:
    """Power available from a roof of ``rated_w`` peak, tilted 30 degrees towards the equator, W.

    The beam share of the light falls with the clouds; the rest is taken as equally bright from all of the sky.
    """
    sun = sun_position(epoch_s, latitude, longitude)
    ghi = clear_sky_ghi(sun.elevation_deg)
    if ghi <= 0.0:
        return 0.0
    clear = clearness(seed, epoch_s)
    beam_share = 0.85 * max(0.0, min(1.0, (clear - 0.25) / 0.75))
    elevation = math.radians(sun.elevation_deg)
    facing = math.radians(sun.azimuth_deg - (180.0 if latitude >= 0.0 else 0.0))
    incidence = math.sin(elevation) * math.cos(_TILT) + math.cos(elevation) * math.sin(_TILT) * math.cos(facing)
    beam = ghi * beam_share * max(0.0, min(3.0, incidence / math.sin(elevation)))
    diffuse = ghi * (1.0 - beam_share) * (1.0 + math.cos(_TILT)) / 2.0
    return rated_w * _PERFORMANCE * clear * (beam + diffuse) / 1000.0
