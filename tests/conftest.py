"""What all tests share."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from simulator.broker import Broker, start_broker
from simulator.platform import Platform

# Daemons of tests steer simulated inverters on ports of the moment: their locks need not outlive the tests.
if "ENALYSIS_EDGE_LOCKS" not in os.environ:
    os.environ["ENALYSIS_EDGE_LOCKS"] = tempfile.mkdtemp(prefix="enalysis-edge-locks-")
    atexit.register(shutil.rmtree, os.environ["ENALYSIS_EDGE_LOCKS"], ignore_errors=True)

# A landing is judged by the same examples every time; at the desk, hypothesis goes on looking for new ones.
# No deadline: how long an example takes says what else the machine does.
settings.register_profile("desk", deadline=None)
settings.register_profile("landing", deadline=None, derandomize=True)
settings.load_profile("landing" if os.environ.get("CI") else "desk")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker on loopback, with its files in a folder of its own."""
    (tmp_path / "broker").mkdir()
    started = start_broker(tmp_path / "broker")
    yield started
    started.stop()


@pytest.fixture
def platform(broker: Broker) -> Iterator[Platform]:
    """A central platform that is connected to ``broker``."""
    running = Platform(broker.port)
    running.start()
    yield running
    running.stop()
