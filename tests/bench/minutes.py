"""Fifty points at 1 Hz, folded to minute rows by the agent's own recorder."""

import random
from datetime import timedelta

from agent.domain.records import MinuteRow
from agent.domain.setpoint import Rung
from agent.domain.site import Measured, SiteState
from agent.recording.minute_means import ControlStep, MinuteMeans
from tests.bench.site import NOW

POINTS = tuple(f"{device}.quantity_{index}" for device in ("inverter", "meter") for index in range(25))
NOISE = 0.002  # of the size of a point, from one second to the next


def minute_rows(count: int, seed: int = 1) -> list[MinuteRow]:
    """``count`` minute rows, one after the other, of random walks that meters of a home could show."""
    chance = random.Random(seed)
    sizes = [chance.choice((1.0, 50.0, 230.0, 3000.0, 1e6)) for _ in POINTS]
    values = [size * chance.uniform(0.3, 1.0) for size in sizes]
    means = MinuteMeans()
    for second in range(60 * count):
        values = [value + chance.gauss(0.0, NOISE) * size for value, size in zip(values, sizes, strict=True)]
        readings = {name: round(value, 2) for name, value in zip(POINTS, values, strict=True)}
        means.add(ControlStep(state(second, values), readings, 0.28, 0.07, 0.25, Rung.PLAN, False, True), 1.0)
    return means.finished(NOW + timedelta(minutes=count))


def state(second: int, values: list[float]) -> SiteState:
    """The site in one second."""
    grid, pv, battery = (Measured(round(value, 1), age_s=0.4) for value in values[:3])
    load = Measured(round(sum(values[:3]), 1), age_s=0.4)
    return SiteState(NOW + timedelta(seconds=second), grid, pv, battery, load, Measured(55.0, age_s=0.4))
