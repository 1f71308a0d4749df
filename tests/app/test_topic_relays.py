"""The real daemon and a relay at a real broker: held by the plan, and left at rest however the daemon ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.devices.kept_steering import read_steering
from simulator.broker import Broker, find_mosquitto
from simulator.topic_relay import TopicRelay
from tests.app.processes import ROOT, daemon, enalysis_edge, quick_site, until
from tests.site_files import free_ports

needs_broker = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
PUMP = """
[[flexible_load]]
name = "heat pump"
power_w = 2500
duration_min = 5
earliest = "{opens}:00"
latest = "{closes}:00"
usual = "{usual}:00"
at_rest = "on"
interruptible = true

"""


def held_for_hours() -> str:
    """A machine whose window is open now, and whose usual time is hours away, as is the cheap hour."""
    hour = datetime.now(ZoneInfo("Europe/London")).hour
    opens, usual, closes = (f"{(hour + hours) % 24:02d}" for hours in (-2, 6, 8))
    return PUMP.format(opens=opens, usual=usual, closes=closes)


def cheap_later() -> str:
    """A tariff with one cheap hour, some hours from now."""
    hour = datetime.now(ZoneInfo("Europe/London")).hour
    window = f'price_per_kwh = 0.05\nfrom = "{(hour + 5) % 24:02d}:00"\nto = "{(hour + 6) % 24:02d}:00"'
    return f'kind = "time_of_use"\ndefault_per_kwh = 0.60\n\n[[tariff.import.window]]\n{window}\n'


@pytest.fixture
def pump(broker: Broker) -> Iterator[TopicRelay]:
    device = TopicRelay(broker.port, "heatpump", "zigbee2mqtt", on=True)
    device.start()
    yield device
    device.stop()


@pytest.mark.broker
@needs_broker
def test_killed_stopped_and_released(tmp_path: Path, ports: tuple[int, int], pump: TopicRelay) -> None:
    config = quick_site(tmp_path, *ports, cloud=held_for_hours() + pump.lines(), import_tariff=cheap_later())
    with daemon(config) as running:
        until(lambda: not pump.on, "off: it waits", 120.0)
        running.kill()
        until(lambda: pump.on, "the last will", 5.0)
    with daemon(config) as running:
        until(lambda: not pump.on, "off again", 120.0)
        assert running.stop() == 0
        assert pump.on
        assert "Traceback" not in running.said()
    pump.press(on=False)  # as if the broker had died with the daemon
    released = enalysis_edge("release", "--config", config)
    assert (released.returncode, pump.on) == (0, True)
    assert "left at rest: heat pump" in released.stdout
    pump.played.deaf = True
    pump.press(on=False)
    released = enalysis_edge("release", "--config", config)
    assert released.returncode == 1
    assert "not left at rest: heat pump: it was told to go on, and zigbee2mqtt/heatpump did not" in released.stderr


def kept(folder: Path) -> str:
    document, trouble = read_steering(folder / "site.sqlite3")
    return document or f'"steering": true, perhaps: {trouble}'


@pytest.mark.broker
@needs_broker
def test_a_power_cut_of_broker_and_gateway_and_a_site_that_is_only_observed_then(
    tmp_path: Path, ports: tuple[int, int], broker: Broker, pump: TopicRelay
) -> None:
    config = quick_site(tmp_path, *ports, cloud=held_for_hours() + pump.lines(), import_tariff=cheap_later())
    with daemon(config) as running:
        until(lambda: not pump.on, "off: it waits", 120.0)
        broker.kill()
        running.kill()
    config.write_text(config.read_text("utf-8").replace("[control]\n", '[control]\nmode = "observe"\n'), "utf-8")
    broker.restart()
    assert not pump.on, "no will was said"
    pump.played.deaf = True
    released = enalysis_edge("release", "--config", config)
    assert (released.returncode, "not left at rest: heat pump" in released.stderr) == (1, True)
    pump.played.deaf = False
    with daemon(config) as running:
        until(lambda: '"steering": true' not in kept(tmp_path), "all is given back")
        assert pump.on
        pump.press(on=False)
        assert running.stop() == 0
    assert not pump.on, "what was given back is left alone"


@pytest.mark.parametrize("has_relay", [True, False])
def test_its_room_is_loaded_only_where_a_machine_has_such_a_relay(tmp_path: Path, has_relay: bool) -> None:
    lines = TopicRelay(1883).lines()
    config = quick_site(tmp_path, *free_ports(2), cloud=held_for_hours() + lines if has_relay else "")
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom agent.adapters.host.clock import SystemClock\n"
        "from agent.app import build\nfrom agent.settings.load import load\n"
        f"async def made(): return build(load(Path({str(config)!r})), SystemClock())\n"
        "asyncio.run(made())\nprint(*(name in sys.modules for name in "
        "('agent.relay_bridge', 'agent.adapters.mqtt.topic_relays')))"
    )
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=around, capture_output=True, text=True, timeout=120
    )
    assert said.stdout.split() == [str(has_relay)] * 2, said.stderr
