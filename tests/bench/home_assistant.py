"""What a device of Home Assistant costs: memory of the daemon with the section beside without, messages of an hour."""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from simulator.broker import find_mosquitto, start_broker
from tests.bench.children import BenchFailure, compile_sources, daemon, free_port, line_of, memory_mib, running
from tests.bench.figures import Figure, Samples
from tests.bench.site import write_site_file
from tests.home_assistant.listener import Listener, listening, section

SETTLED_S = 30.0
WATCHED_S = 60
PER_HOUR = 3600 / WATCHED_S
FIXED_BYTES = 7  # of a PUBLISH with QoS 1, beside topic and payload, and of its PUBACK


def measure() -> list[Figure]:
    """Anonymous memory once a second for a minute, and what the broker has heard in that minute, as of an hour."""
    if find_mosquitto() is None:
        raise BenchFailure("mosquitto is not installed")
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-home-assistant-") as name:
        with_it, heard = _watched(Path(name) / "with", has_section=True)
        without, _ = _watched(Path(name) / "without", has_section=False)
    messages, size = (Samples((PER_HOUR * value,)) for value in heard)
    return [
        Figure("Home Assistant, anonymous memory of the daemon", "MiB", with_it, without, "the same without it"),
        Figure("Home Assistant, messages of an hour", "", messages, note=f"of {WATCHED_S} s, a synthetic home"),
        Figure("Home Assistant, bytes of an hour", "B", size, note="topics and payloads, without TCP"),
    ]


def _watched(folder: Path, has_section: bool) -> tuple[Samples, tuple[int, int]]:
    """Memory, and (messages, bytes) that came below our topics."""
    (folder / "broker").mkdir(parents=True)
    with ExitStack() as stack:
        broker = start_broker(folder / "broker")
        stack.callback(broker.stop)
        home = stack.enter_context(listening(broker.port))
        inverter_port, meter_port, sdm_port = free_port(), free_port(), free_port()
        ports = ("--inverter-port", str(inverter_port), "--meter-port", str(meter_port), "--sdm-port", str(sdm_port))
        devices = stack.enter_context(running([sys.executable, "-m", "simulator", *ports, "--print-every", "600"]))
        line_of(devices)
        site_file = write_site_file(folder, inverter_port, meter_port, broker.port)
        if has_section:
            site_file.write_text(site_file.read_text("utf-8") + section(broker.port), "utf-8")
        agent = stack.enter_context(running(daemon(site_file)))
        time.sleep(SETTLED_S)
        before, memory = _heard(home), []
        for _ in range(WATCHED_S):
            time.sleep(1.0)
            memory.append(memory_mib(agent.pid)[0])
        messages, size = (after - at for at, after in zip(before, _heard(home), strict=True))
        if has_section and messages == 0:
            raise BenchFailure("the broker has heard nothing for Home Assistant")
        return Samples(tuple(memory)), (messages, size)


def _heard(home: Listener) -> tuple[int, int]:
    ours = {topic: told for topic, told in home.heard.items() if topic.startswith(("enalysis_edge/", "homeassistant/"))}
    sizes = [len(topic) + len(payload) + FIXED_BYTES for topic, told in ours.items() for payload in list(told)]
    return len(sizes), sum(sizes)
