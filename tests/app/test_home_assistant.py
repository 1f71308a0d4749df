"""The real daemon beside a real broker of Home Assistant: it comes, dies, stops and is removed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.broker import Broker, find_mosquitto, start_broker
from simulator.platform import Platform
from tests import site_files
from tests.app.processes import ROOT, Inverter, daemon, enalysis_edge, quick_site, simulator, until
from tests.home_assistant.listener import Listener, listening, retained, section
from tests.site_files import HOME_ID, free_ports

needs_broker = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
ENERGIES = ("grid_import_energy", "grid_export_energy", "battery_charge_energy", "battery_discharge_energy")


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """A big load at noon: what flows at a home in a few seconds of a night is no watt-hour yet."""
    inverter_port, meter_port = free_ports(2)
    with simulator(inverter_port, meter_port, "--kind", "commercial", "--start", "2026-03-17T12:00:00+00:00"):
        yield inverter_port, meter_port


@pytest.fixture
def home(broker: Broker) -> Iterator[Listener]:
    with listening(broker.port) as listener:
        yield listener


def has_energies(home: Listener) -> bool:
    return all(home.state(key) not in (None, "None") for key in ENERGIES)


def energy_kwh(home: Listener) -> float:
    said = [home.state(key) for key in (*ENERGIES, "solar_energy")]
    return sum(float(one) for one in said if one not in (None, "None"))


@pytest.mark.broker
@needs_broker
def test_from_the_first_start_to_the_removal(
    tmp_path: Path, ports: tuple[int, int], broker: Broker, home: Listener
) -> None:
    config = quick_site(tmp_path, *ports, cloud=section(broker.port))
    with daemon(config) as running:
        home.until(lambda: home.state("availability") == "online", "online")
        home.until(lambda: home.config() and has_energies(home), "the discovery, and what was written of energies")
        home.until(lambda: home.state("mode") in ("plan", "rules"), "how it is steered")
        home.until(lambda: home.state("grid_power") not in (None, "None"), "what flows")
        refused = enalysis_edge("home-assistant", "remove", "--config", config)
        assert (refused.returncode, refused.stdout) == (75, "")
        assert refused.stderr.startswith("stop the agent first: another instance")
        assert running.stop() == 0
        home.catch_up()
        assert home.state("availability") == "offline"
    with daemon(config) as running:
        home.until(lambda: home.state("availability") == "online", "online again")
        home.until(lambda: energy_kwh(home) > 0.0, "what the minute had that was cut off by the stop")
        home.until(lambda: len(home.heard["homeassistant/device/ee_home-1/config"]) == 2, "the discovery again")
        assert "Traceback" not in running.said()
        running.kill()
        home.until(lambda: home.state("availability") == "offline", "the will")
    for key in ENERGIES:
        said = [float(one) for one in home.heard[f"enalysis_edge/home-1/{key}"] if one != b"None"]
        assert said == sorted(said), key
    assert enalysis_edge("home-assistant", "remove", "--config", config).returncode == 0
    assert retained(broker.port) == {}


@pytest.mark.broker
@needs_broker
def test_a_broker_that_is_not_there_keeps_neither_battery_nor_platform(
    tmp_path: Path, ports: tuple[int, int], broker: Broker, platform: Platform
) -> None:
    (nobodys,) = free_ports(1)
    cloud = site_files.CLOUD.format(port=broker.port) + section(nobodys)
    config = quick_site(tmp_path, *ports, cloud=cloud)
    inverter = Inverter(ports[0])
    with daemon(config) as running:
        until(inverter.is_steered, "a setpoint")
        until(lambda: (platform.document(HOME_ID, "status") or {}).get("status") == "online", "the platform's link")
        assert running.stop() == 0
        assert "Traceback" not in running.said()
    inverter.close()
    removed = enalysis_edge("home-assistant", "remove", "--config", config)
    assert removed.returncode == 1
    assert "the device was not removed: " in removed.stderr
    assert "no broker listens there" in removed.stderr


@pytest.mark.broker
@needs_broker
def test_a_frozen_broker_does_not_hold_up_the_end(tmp_path: Path, ports: tuple[int, int]) -> None:
    broker = start_broker(tmp_path)
    config, inverter = quick_site(tmp_path, *ports, cloud=section(broker.port)), Inverter(ports[0])
    with listening(broker.port) as home, daemon(config) as running:
        home.until(lambda: home.config() and home.state("mode") in ("plan", "rules"), "the discovery")
        until(inverter.is_steered, "a setpoint")
        broker.freeze()
        assert running.stop() == 0
        assert "stopped_late" not in running.said()
        assert not inverter.is_steered()
        broker.thaw()
    inverter.close()
    broker.stop()


def test_without_the_section_there_is_nothing_to_remove_and_the_file_stays_good(tmp_path: Path) -> None:
    config = quick_site(tmp_path, *free_ports(2))
    removed = enalysis_edge("home-assistant", "remove", "--config", config)
    assert (removed.returncode, removed.stdout) == (1, "")
    assert "has no section [home_assistant]" in removed.stderr


@pytest.mark.parametrize("has_section", [True, False])
def test_its_room_is_loaded_only_where_the_site_file_asks_for_it(tmp_path: Path, has_section: bool) -> None:
    config = quick_site(tmp_path, *free_ports(2), cloud=section(1883) if has_section else "")
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom agent.adapters.host.clock import SystemClock\n"
        "from agent.app import build\nfrom agent.settings.load import load\n"
        f"async def made(): return build(load(Path({str(config)!r})), SystemClock())\n"
        "asyncio.run(made())\nprint('agent.home_bridge' in sys.modules, 'agent.home_assistant' in sys.modules)"
    )
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=around, capture_output=True, text=True, timeout=60
    )
    assert said.stdout.split() == [str(has_section)] * 2, said.stderr
