"""What a weather model says about the site, for steps that have passed and for steps to come."""

from dataclasses import dataclass

from agent.domain.horizon import Horizon


@dataclass(frozen=True, slots=True)
class Weather:
    """A weather forecast on its own raster; a tuple has one entry a step, or is empty when the feed lacks the column.

    Units are what the feed says they are. A forecaster compares the columns with what the site did under them, so that
    an irradiance in the plane of the array or one that is a third too high does no harm.
    """

    horizon: Horizon
    temperature_c: tuple[float | None, ...] = ()
    ghi_w_m2: tuple[float | None, ...] = ()
    cloud_pct: tuple[float | None, ...] = ()
