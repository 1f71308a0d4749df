"""A simulated site served by the test itself, which sees when each request came and what each order became."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.server import SimulatedSite
from simulator.traces import synthetic
from tests.site_files import free_ports


@dataclass(slots=True)
class ServedSite:
    """``asked_at`` are the instants (monotonic) at which a request had the plant brought to its clock."""

    plant: Plant
    inverter_port: int
    meter_port: int
    asked_at: list[float] = field(default_factory=list)

    @property
    def is_steered(self) -> bool:
        return self.plant.band is not None

    def requests_since(self, began: float) -> int:
        """Since ``began`` (monotonic): each control step asks the same of each device."""
        return sum(at >= began for at in self.asked_at)


@asynccontextmanager
async def served_site() -> AsyncIterator[ServedSite]:
    """It runs on the monotonic clock from now on, half full."""
    beginning, origin, asked_at = datetime.now(UTC), time.monotonic(), []

    def now() -> datetime:
        asked_at.append(time.monotonic())
        return beginning + timedelta(seconds=asked_at[-1] - origin)

    plant = Plant(synthetic(1, beginning - timedelta(days=1), 4), BatterySpec(10_000, 5000, 5000), 5000, now)
    inverter_port, meter_port = free_ports(2)
    async with SimulatedSite(plant, inverter_port=inverter_port, meter_port=meter_port):
        yield ServedSite(plant, inverter_port, meter_port, asked_at)


async def until(reached: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Wait until ``reached``; the site is served meanwhile."""
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s"
        await asyncio.sleep(0.02)
