"""The daemon as systemd runs it: real processes, real sockets, real time."""

import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from simulator.broker import Broker, find_mosquitto
from simulator.platform import Platform
from tests import site_files
from tests.app.processes import Daemon, Inverter, daemon, enalysis_edge, notified, quick_site, until
from tests.site_files import HOME_ID, free_ports

needs_broker = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
HEAVY = {"numpy", "onnxruntime", "highspy", "sqlite_utils", "scipy", "pandas"}
# The daemon with an ear: on SIGUSR1 it writes down what it has imported.
LISTENING = """
import json, os, signal, sys
from pathlib import Path

def tell(*_):
    Path(os.environ["MODULES_FILE"] + ".part").write_text(json.dumps(sorted(sys.modules)))
    os.rename(os.environ["MODULES_FILE"] + ".part", os.environ["MODULES_FILE"])

signal.signal(signal.SIGUSR1, tell)
from agent.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def nobodys_ports() -> tuple[int, int]:
    inverter_port, meter_port = free_ports(2)
    return inverter_port, meter_port


def rows(config: Path, select: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{config.with_name('site.sqlite3')}?mode=ro", uri=True)) as connection:
        return connection.execute(select).fetchall()


def has_planned(config: Path) -> bool:
    if not config.with_name("site.sqlite3").exists():
        return False
    try:
        return rows(config, "SELECT count(*) FROM kept WHERE name = 'plan'") == [(1,)]
    except sqlite3.OperationalError:  # its tables are being made
        return False


def test_systemd_hears_that_it_is_ready_alive_and_stopping(
    tmp_path: Path, ports: tuple[int, int], inverter: Inverter
) -> None:
    config = quick_site(tmp_path, *ports)
    with notified(tmp_path) as (heard, environment):
        with daemon(config, environment={**environment, "WATCHDOG_USEC": "1000000"}) as running:
            assert heard.next() == b"READY=1\nSTATUS=released, waiting for the first plan"
            assert heard.next().startswith(b"WATCHDOG=1\nSTATUS=")
            until(inverter.is_steered, "a setpoint")
            assert running.stop() == 0
            assert not inverter.is_steered()
            *alive, last = heard.until(b"STOPPING=1")
            assert last == b"STOPPING=1\nSTATUS=stopping"
            assert all(one.startswith(b"WATCHDOG=1\nSTATUS=") for one in alive)
        assert "Traceback" not in running.said()
    last_decision = rows(config, "SELECT rung, outcome, reason FROM decision ORDER BY seq DESC LIMIT 1")
    assert last_decision == [("release", "applied", "released: the agent was told to stop")]
    assert rows(config, "SELECT kind FROM event ORDER BY seq") == [("started",), ("stopped",)]


def test_while_it_runs_it_is_alone_light_and_tells_its_status(
    tmp_path: Path, ports: tuple[int, int], inverter: Inverter
) -> None:
    config = quick_site(tmp_path, *ports)
    modules = tmp_path / "modules.json"
    with daemon(config, environment={"MODULES_FILE": str(modules)}, command=("-c", LISTENING)) as running:
        until(inverter.is_steered, "a setpoint")
        until(lambda: has_planned(config), "a plan by the planner process")

        second = enalysis_edge("run", "--config", config)
        assert second.returncode == 75
        assert second.stdout == ""
        assert second.stderr.count("\n") == 1
        assert f"another instance (process {running.process.pid}) runs on the store" in second.stderr

        release = enalysis_edge("release", "--config", config)
        assert release.returncode == 75
        assert release.stderr.startswith("the battery is left alone: another instance")
        assert inverter.is_steered()

        status = enalysis_edge("status", "--config", config)
        assert (status.returncode, status.stderr) == (0, "")
        said = " ".join(status.stdout.split())
        for word in ("Home 1 (home-1): running", " battery ", "by plan", "plan of ", "link none configured"):
            assert word in said

        os.kill(running.process.pid, signal.SIGUSR1)
        until(modules.exists, "the list of modules")
        loaded = {name.split(".")[0] for name in json.loads(modules.read_text())}
        assert "pymodbus" in loaded
        assert loaded & HEAVY == set()
        assert running.stop() == 0


def test_a_log_whose_reader_has_gone_takes_neither_control_nor_rows_with_it(
    tmp_path: Path, ports: tuple[int, int], inverter: Inverter
) -> None:
    """As after a crash of journald: each line that is logged from then on would be an error."""
    config = quick_site(tmp_path, *ports)
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    with daemon(config) as running:
        until(inverter.is_steered, "a setpoint")
        os.close(reader)
        last = "SELECT rung = 'override' FROM decision ORDER BY seq DESC LIMIT 1"
        for order, is_override in (("hold", 1), ("auto", 0)):
            assert enalysis_edge(order, "--config", config).returncode == 0
            until(lambda wanted=is_override: rows(config, last) == [(wanted,)], f"the decision after {order}")  # type: ignore[misc]
            assert inverter.is_steered()
        assert running.stop() == 0
    assert not inverter.is_steered()
    assert rows(config, "SELECT kind FROM event ORDER BY seq DESC LIMIT 1") == [("stopped",)]


@needs_broker
@pytest.mark.broker
def test_killed_in_the_middle_of_a_setpoint_it_loses_nothing_and_the_inverter_saves_itself(
    tmp_path: Path, ports: tuple[int, int], inverter: Inverter, broker: Broker
) -> None:
    platform = Platform(broker.port)
    platform.start()
    config = quick_site(tmp_path, *ports, cloud=site_files.CLOUD.format(port=broker.port))
    received = {name: platform.stream(HOME_ID, name) for name in ("decision", "event")}
    try:
        with daemon(config) as first:
            until(inverter.is_steered, "a setpoint")
            until(lambda: has_planned(config) and len(received["decision"].rows) > 2, "rows at the platform")
            assert inverter.is_steered()
            first.kill()
            before = rows(config, "SELECT seq, at FROM decision ORDER BY seq")
            until(lambda: not inverter.is_steered(), "the end of the setpoint's lease", 10.0 + 1.5)

        with daemon(config) as second:
            until(inverter.is_steered, "a setpoint of the restarted agent")
            until(lambda: len(rows(config, "SELECT 1 FROM event WHERE kind = 'started'")) == 2, "the second start")
            assert second.stop() == 0
        for name, stream in received.items():
            stored = [seq for (seq,) in rows(config, f"SELECT seq FROM {name} ORDER BY seq")]  # noqa: S608 - own names
            assert stored == list(range(stored[0], stored[0] + len(stored)))  # type: ignore[call-overload, operator]
            until(lambda stream=stream, stored=stored: set(stored) == set(stream.rows), f"all of {name}")  # type: ignore[misc]
            assert (stream.gaps, stream.declared_lost) == (0, 0)
        assert rows(config, "SELECT seq, at FROM decision ORDER BY seq")[: len(before)] == before
        assert "Traceback" not in second.said()
    finally:
        platform.stop()


@needs_broker
@pytest.mark.broker
def test_a_frozen_broker_does_not_hold_up_the_end(
    tmp_path: Path, ports: tuple[int, int], inverter: Inverter, broker: Broker
) -> None:
    platform = Platform(broker.port)
    platform.start()
    config = quick_site(tmp_path, *ports, cloud=site_files.CLOUD.format(port=broker.port))
    with daemon(config) as running:
        until(inverter.is_steered, "a setpoint")
        until(lambda: bool(platform.document(HOME_ID, "info")), "a connection to the platform")
        platform.stop()
        broker.freeze()
        try:
            assert running.stop() == 0
        finally:
            broker.thaw()
        assert not inverter.is_steered()
        assert "stopped_late" not in running.said()


def test_release_gives_the_battery_back(tmp_path: Path, ports: tuple[int, int], inverter: Inverter) -> None:
    inverter.steer(1500, hold_s=300)
    assert inverter.is_steered()
    done = enalysis_edge("release", "--config", quick_site(tmp_path, *ports))
    assert (done.returncode, done.stdout) == (0, "inverter is released to its own self-consumption\n")
    assert not inverter.is_steered()


def test_release_without_a_device_is_one_sentence(tmp_path: Path) -> None:
    done = enalysis_edge("release", "--config", quick_site(tmp_path, *nobodys_ports()))
    assert done.returncode == 1
    assert done.stderr.startswith("inverter could not be released: ")
    assert "no connection to 127.0.0.1:" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("stores", ["absent/site.sqlite3", "file/site.sqlite3", "."])
def test_without_a_store_the_battery_is_steered_all_the_same(
    tmp_path: Path, ports: tuple[int, int], inverter: Inverter, stores: str
) -> None:
    (tmp_path / "file").touch()
    config = quick_site(tmp_path, *ports, store=tmp_path / stores)
    checked = enalysis_edge("check", config)
    assert "[store] path is " in checked.stdout
    with daemon(config) as running:
        until(inverter.is_steered, "a setpoint")
        second = enalysis_edge("run", "--config", config)
        assert second.returncode == 75
        assert running.stop() == 0
        assert not inverter.is_steered()
        assert "store_failed" in running.said()
        assert "Traceback" not in running.said()


def test_it_starts_without_devices_and_ends_when_told(tmp_path: Path) -> None:
    config = quick_site(tmp_path, *nobodys_ports())
    with notified(tmp_path) as (heard, environment):
        with daemon(config, environment=environment) as running:
            assert heard.next().startswith(b"READY=1\n")
            assert isinstance(running, Daemon)
            assert running.stop() == 0
        assert "Traceback" not in running.said()


def test_status_shows_this_second_where_the_service_has_a_runtime_folder(
    ports: tuple[int, int], inverter: Inverter, tmp_path: Path
) -> None:
    config, runtime = quick_site(tmp_path, *ports, commit_s=60), tmp_path / "run"
    runtime.mkdir()
    around = {"RUNTIME_DIRECTORY": str(runtime)}

    def status() -> str:
        return enalysis_edge("status", "--config", config, **around).stdout

    with daemon(config, environment=around) as running:
        until(lambda: "as of this second" in status(), "a live picture")
        assert "\nbattery " in status()
        assert running.stop() == 0
    assert not (runtime / "live.json").exists(), "it goes with the service"
    assert "does NOT run" in status()
