"""A real Home Assistant core beside the real daemon. It is not installed by the tests: ``make test-home-assistant``."""

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.home_assistant.entities import ENTITIES
from simulator.broker import Broker, find_mosquitto
from tests.app.processes import Inverter, daemon, enalysis_edge, quick_site, simulator, until
from tests.home_assistant.listener import section
from tests.site_files import free_ports

PYTHON = os.environ.get("HOME_ASSISTANT_PYTHON")
DOCUMENT = Path("docs/home_assistant.md")
SCRIPT = Path(__file__).with_name("core_process.py")
ENERGIES = [f"{entity.key}" for entity in ENTITIES if entity.key.endswith("_energy")]
pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
    pytest.mark.skipif(PYTHON is None, reason="needs a Home Assistant core: make test-home-assistant"),
]
States = dict[str, Any]


class Core:
    """One process of it; its history and registries are in ``folder``."""

    def __init__(self, folder: Path, broker_port: int, http_port: int) -> None:
        self.log = folder / "core.log"
        with self.log.open("ab") as errors:
            self._process = subprocess.Popen(
                [str(PYTHON), str(SCRIPT), str(folder), str(broker_port), str(http_port)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._answer(60.0) == "ready"

    def ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer(30.0)

    def state(self, key: str) -> str | None:
        found: States = self.ask("states")
        return found.get(f"ee_home-1_{key}", {}).get("state")

    def until(self, reached: Callable[[States], object], what: str, timeout_s: float = 30.0) -> States:
        deadline = time.monotonic() + timeout_s
        while True:
            found: States = self.ask("states")
            if reached({unique_id.removeprefix("ee_home-1_"): one["state"] for unique_id, one in found.items()}):
                return found
            assert time.monotonic() < deadline, f"{what}: {found}"
            time.sleep(0.2)

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20.0)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)

    def _answer(self, within_s: float) -> Any:
        try:
            return json.loads(self._answers.get(timeout=within_s))
        except queue.Empty:
            raise AssertionError(f"no answer: {self.log.read_text('utf-8')[-2000:]}") from None


@contextmanager
def running(folder: Path, broker: Broker) -> Iterator[Core]:
    folder.mkdir(exist_ok=True)
    core = Core(folder, broker.port, free_ports(1)[0])
    try:
        yield core
    finally:
        core.stop()


def all_known(states: States) -> bool:
    """What is known soon after a start: powers, prices, energies."""
    wanted = ("grid_power", "load_power", "solar_power", "battery_power", "battery_soc", "import_price", *ENERGIES)
    return all(states.get(key) not in (None, "unknown", "unavailable") for key in wanted)


def test_it_finds_shows_orders_survives_and_forgets(tmp_path: Path, broker: Broker) -> None:
    ports = free_ports(2)
    config = quick_site(tmp_path, ports[0], ports[1], cloud=section(broker.port, "commands = true\n"))
    with simulator(*ports), running(tmp_path / "core", broker) as core:
        inverter = Inverter(ports[0])
        with daemon(config) as agent:
            found = core.until(lambda states: all_known(states) and states["mode"] in ("plan", "rules"), "all entities")
            assert {unique_id.removeprefix("ee_home-1_") for unique_id in found} == {one.key for one in ENTITIES}
            until(inverter.is_steered, "a setpoint")
            energy = found["ee_home-1_grid_import_energy"]["attributes"]
            assert (energy["device_class"], energy["state_class"]) == ("energy", "total_increasing")
            assert energy["unit_of_measurement"] == "kWh"
            assert core.ask("energy") == [[], [], []], "the Energy dashboard takes grid, solar and battery as they are"

            for line in ("set set_power 1000", "set set_minutes 30"):
                core.ask(line)
            core.until(lambda states: (states["set_power"], states["set_minutes"]) == ("1000", "30"), "the numbers")
            core.ask("set set_override charge")
            found = core.until(
                lambda states: (
                    (states["override"], states["set_override"], states["mode"]) == ("charge", "charge", "override")
                ),
                "the order",
            )
            assert found["ee_home-1_override"]["attributes"]["power_w"] == 1000.0
            assert found["ee_home-1_order_result"]["state"].startswith("charge with 1.00 kW until ")
            core.ask("press set_auto")
            core.until(lambda states: states["override"] == "auto" and states["mode"] != "override", "its end")

            assert agent.stop() == 0
            core.until(lambda states: set(states.values()) == {"unavailable"}, "it is not available")
        with daemon(config) as agent:
            before = core.until(all_known, "all again")
            agent.kill()
            core.until(lambda states: set(states.values()) == {"unavailable"}, "the will")
        with daemon(config):
            after = core.until(all_known, "all again")
            for key in ENERGIES:
                one, other = (float(states[f"ee_home-1_{key}"]["state"]) for states in (before, after))
                assert other >= one, key
        inverter.close()
        assert enalysis_edge("home-assistant", "remove", "--config", config).returncode == 0
        core.until(lambda states: states == {}, "the removal")
    assert "Invalid MQTT" not in core.log.read_text("utf-8")
    assert "Error" not in core.log.read_text("utf-8")


def test_the_automation_of_the_docs_passes_on_the_prices_of_the_exchange(tmp_path: Path, broker: Broker) -> None:
    """Today's, since tomorrow's would count from tomorrow on."""
    document = DOCUMENT.read_text("utf-8").partition("```yaml")[2].partition("```")[0]
    automation = tmp_path / "automation.yaml"
    automation.write_text(document.replace("now().date() + timedelta(days=1)", "utcnow().date()"), "utf-8")
    ports, tariff = free_ports(2), 'kind = "dynamic"\ntopic = "energy/day-ahead"\ntaxes_per_kwh = 1.0'
    config = quick_site(tmp_path, ports[0], ports[1], import_tariff=tariff, cloud=section(broker.port))
    with simulator(*ports), daemon(config), running(tmp_path / "core", broker) as core:
        core.until(lambda states: states.get("import_price") == "unknown", "no price that anybody has said")
        core.ask(f"automation {automation}")
        core.until(lambda states: states["import_price"] in quarters_near(datetime.now(UTC)), "the exchange's price")


def quarters_near(now: datetime) -> list[str]:
    """What a kWh costs in the running quarter, and in the one that may just have ended."""
    numbers = [(4 * at.hour + at.minute // 15) for at in (now, now - timedelta(minutes=1))]
    return [f"{1.0 + (100.0 + number) / 1000.0:.5f}" for number in numbers]


def test_one_that_restarts_finds_the_same_entities_and_their_values(tmp_path: Path, broker: Broker) -> None:
    ports = free_ports(2)
    config = quick_site(tmp_path, ports[0], ports[1], cloud=section(broker.port))
    with simulator(*ports), daemon(config):
        entities = []
        for _ in range(2):
            with running(tmp_path / "core", broker) as core:
                found = core.until(all_known, "all entities")
                entities.append({unique_id: one["entity"] for unique_id, one in found.items()})
        assert entities[0] == entities[1]
        assert not any(one.endswith("_2") for one in entities[1].values())
