"""What the site did: equal steps of means, missing where nothing was measured."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.horizon import Horizon
from agent.domain.weather import Weather

# What a plan is made of: four weeks whose errors become scenarios, and three before them, of the four that a forecaster
# looks back. No path of the sun goes above what was measured in it.
LOOK_BACK = timedelta(days=50)


@dataclass(frozen=True, slots=True)
class History:
    """Mean powers per step, W, oldest first. None where the step was not measured well enough to be used.

    ``curtailed[i]`` is true when the solar output of step i was capped, so that it says nothing about the sun.
    ``weather`` is the weather model's word for the steps measured and for those ahead, None without a feed.
    """

    horizon: Horizon
    load_w: tuple[float | None, ...]
    pv_w: tuple[float | None, ...]
    curtailed: tuple[bool, ...]
    weather: Weather | None = None

    @property
    def end(self) -> datetime:
        return self.horizon.end
