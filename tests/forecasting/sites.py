"""Small sites with known habits, for the tests of this room."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.forecasting.sun import clear_sky_steps

CAMBRIDGE = Place(52.2, 0.12, "Europe/London", (date(2023, 5, 29),))
SAN_DIEGO = Place(32.88, -117.235, "America/Los_Angeles")
TROMSO = Place(69.65, 18.96, "Europe/Oslo")
RATED_W = 10_000.0
NOW = datetime(2023, 6, 15, tzinfo=UTC)
NIGHT_W, DAY_W = 2000.0, 8000.0


def regular_site(
    place: Place, days: int = 56, step_s: int = 900, end: datetime = NOW, noise_w: float = 150.0
) -> History:
    """A load with a working week by the local clock, and an array under skies of changing clearness, up to ``end``."""
    random = np.random.default_rng(3)
    steps = days * 86_400 // step_s
    horizon = Horizon(end - timedelta(days=days), step_s, steps)
    load = [working_load(time, place) for time in horizon.times()] + random.normal(0, 1, steps) * noise_w
    starts = np.array([time.timestamp() for time in horizon.times()])
    clear = 0.9 * RATED_W / 1000.0 * clear_sky_steps(starts, step_s, place.latitude, place.longitude)
    pv = clear * np.repeat(random.uniform(0.2, 1.0, days), 86_400 // step_s)
    return History(horizon, tuple(load.tolist()), tuple(pv.tolist()), (False,) * steps)


def working_load(at: datetime, place: Place) -> float:
    """What the regular site draws without its noise, W."""
    local = at.astimezone(ZoneInfo(place.timezone))
    return DAY_W if local.weekday() < 5 and 8 <= local.hour < 18 else NIGHT_W


def empty_site(days: int = 1, step_s: int = 900, end: datetime = NOW) -> History:
    """A history in which nothing was measured."""
    steps = days * 86_400 // step_s
    nothing = (None,) * steps
    return History(Horizon(end - timedelta(days=days), step_s, steps), nothing, nothing, (False,) * steps)


def with_values_from(history: History, first: int, load_w: float | None, pv_w: float | None) -> History:
    """The same history up to step ``first``, other values from there on."""
    rest = history.horizon.steps - first
    return replace(
        history, load_w=history.load_w[:first] + (load_w,) * rest, pv_w=history.pv_w[:first] + (pv_w,) * rest
    )
