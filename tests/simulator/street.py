"""Simulated devices at loopback addresses of their own, all on one port, as on the network of a house."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from simulator.faults import FaultScript
from simulator.server import SimulatedSite
from tests.simulator.sites import Clock, flat_plant

NETWORK = "127.0.0.0/28"
METER = "sdm630"  # no profile of an inverter: the meter of a site


@dataclass
class Street:
    """What stands at each address, and the port that all listen on."""

    port: int
    sites: dict[str, SimulatedSite] = field(default_factory=dict)

    def writes(self) -> int:
        """Write requests that were taken, of all inverters together."""
        return sum(len(unit.requests) for site in self.sites.values() for unit in site.units.values())


@asynccontextmanager
async def street(
    profiles: Mapping[int, str], faults: Mapping[int, FaultScript] | None = None, port: int | None = None
) -> AsyncIterator[Street]:
    """``profiles`` by the last number of the address, from 2."""
    found = Street(free_port() if port is None else port)
    async with AsyncExitStack() as stack:
        for number, profile in profiles.items():
            host = f"127.0.0.{number}"
            is_meter = profile == METER
            site = SimulatedSite(
                flat_plant(Clock()),
                "gen24" if is_meter else profile,
                (faults or {}).get(number),
                host=host,
                strict_writes=True,
                inverter_port=0 if is_meter else found.port,
                sdm_port=found.port if is_meter else 0,
            )
            found.sites[host] = await stack.enter_async_context(site)
        yield found


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
