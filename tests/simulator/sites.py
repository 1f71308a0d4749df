"""Small sites for the tests: constant load and sun, and a clock that the test moves."""

from datetime import UTC, datetime, timedelta

from drivers import registry
from drivers.device import Readable
from drivers.endpoint import TcpEndpoint
from drivers.modbus import Bus
from drivers.reading import Quantity
from simulator.columns import MeasuredColumn
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.traces import Trace

BEGINNING = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
BATTERY = BatterySpec(10000.0, 5000.0, 4000.0, idle_w=0.0)


class Clock:
    """Shows ``at``."""

    def __init__(self, at: datetime = BEGINNING) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def hourly_trace(loads_w: list[float], pvs_w: list[float], start: datetime = BEGINNING) -> Trace:
    first = int(start.timestamp())
    return Trace({"load_w": MeasuredColumn(first, 3600, loads_w), "pv_w": MeasuredColumn(first, 3600, pvs_w)})


def flat_plant(
    clock: Clock, load_w: float = 1000.0, pv_w: float = 3000.0, battery: BatterySpec = BATTERY, **options: float
) -> Plant:
    """A plant with constant load and sun for two days, 50 % full, that does to the watt what it is told."""
    trace = hourly_trace([load_w] * 48, [pv_w] * 48)
    options = {"regulation_w": 0.0, **options}
    return Plant(trace, battery, 6000.0, clock, **options)  # type: ignore[arg-type]


def discharging(clock: Clock) -> Plant:
    """A plant that takes 3000 W from the battery, 1000 W from the sun and nothing from the grid."""
    plant = flat_plant(clock, load_w=4000.0, pv_w=1000.0)
    clock.move(60)
    return plant


def built(family: str, port: int, unit_id: int = 1) -> Readable:
    """A device of the family on a bus of its own, without options."""
    return registry.build(family, family, Bus(TcpEndpoint("127.0.0.1", port)).transport(unit_id), {})


async def values(device: Readable) -> dict[Quantity, float | None]:
    return {reading.quantity: reading.value for reading in await device.read()}
