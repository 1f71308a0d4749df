from collections.abc import Iterator

import pytest

from tests.app.processes import Inverter, simulator
from tests.site_files import free_ports


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """A simulated site that runs for all tests of a file: the ports of its inverter and its meter."""
    inverter_port, meter_port = free_ports(2)
    with simulator(inverter_port, meter_port):
        yield inverter_port, meter_port


@pytest.fixture
def inverter(ports: tuple[int, int]) -> Iterator[Inverter]:
    seen = Inverter(ports[0])
    yield seen
    seen.close()
