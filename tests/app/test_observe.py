"""The first day: without a permit the daemon reads, plans and shows, and no register is ever written."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.host.inbox import drop, inbox_of
from agent.domain.commands import OverrideBattery, Request
from agent.domain.override import OBEYED_WITHIN, Override, OverrideAction
from agent.settings.load import load
from agent.settings.permit import permit_file
from tests import site_files
from tests.app.processes import Inverter, daemon, enalysis_edge, quick_site, simulator, until


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    inverter_port, meter_port = site_files.free_ports(2)
    with simulator(inverter_port, meter_port):
        yield inverter_port, meter_port


def test_it_observes_until_it_may_steer_and_then_steers(ports: tuple[int, int], tmp_path: Path) -> None:
    config, inverter = quick_site(tmp_path, *ports), Inverter(ports[0])
    permit = permit_file(config).read_bytes()
    permit_file(config).unlink()

    def status() -> str:
        return enalysis_edge("status", "--config", config).stdout

    with daemon(config) as running:
        until(lambda: "only observed; it would" in " ".join(status().split()), "what it would do")
        assert "only observing: it has not been commissioned" in status().replace("\n", " ")
        refused = enalysis_edge("charge", "--kw", "1", "--config", config)
        assert (refused.returncode, refused.stderr[:26]) == (1, "the site is only observed,")
        now = datetime.now(UTC)
        asked = Override(OverrideAction.CHARGE, now + timedelta(hours=1), now, 1000.0)
        drop(inbox_of(Path(load(config).store.path)), Request(OverrideBattery(asked), now, now + OBEYED_WITHIN))
        until(lambda: "command_refused" in running.said(), "a refusal")
        assert not inverter.is_steered()
        assert running.stop() == 0
    given = enalysis_edge("release", "--config", config)
    assert (given.returncode, given.stdout.split(";")[0]) == (0, "nothing is to be given back")
    permit_file(config).write_bytes(permit)
    with daemon(config):
        until(inverter.is_steered, "a setpoint")
    inverter.close()


def test_what_a_killed_agent_left_is_given_back_without_a_permit_too(ports: tuple[int, int], tmp_path: Path) -> None:
    config, inverter = quick_site(tmp_path, *ports), Inverter(ports[0])
    with daemon(config):
        until(inverter.is_steered, "a setpoint")
    permit_file(config).unlink()
    site_file = config.read_text().replace("port = " + str(ports[1]), "port = 1")  # and another meter
    assert inverter.is_steered()
    config.write_text(site_file)
    given = enalysis_edge("release", "--config", config)
    assert given.returncode == 0, given.stderr
    assert "released to its own self-consumption" in given.stdout
    assert not inverter.is_steered()
    inverter.close()


def test_a_run_with_a_broken_site_file_gives_back_what_a_killed_one_left(
    ports: tuple[int, int], tmp_path: Path
) -> None:
    config, inverter = quick_site(tmp_path, *ports), Inverter(ports[0])
    with daemon(config) as running:
        until(inverter.is_steered, "a setpoint")
        config.write_text(config.read_text("utf-8").replace("soc_min_pct = 10", "soc_min_pct = 99"), "utf-8")
        beside = enalysis_edge("run", "--config", config)
        assert (beside.returncode, "release" in beside.stderr) == (2, False)
        assert inverter.is_steered(), "by the daemon that runs"
        running.kill()
    started = enalysis_edge("run", "--config", config)
    assert started.returncode == 2
    assert "soc_min_pct" in started.stderr
    assert "released to its own self-consumption" in started.stderr
    assert not inverter.is_steered()
    again = enalysis_edge("run", "--config", config)
    assert again.stderr.splitlines()[-1] == "nothing is to be given back; the site file is broken"
    inverter.close()


def test_a_device_that_was_moved_after_a_kill_is_named_and_not_forgotten(
    ports: tuple[int, int], tmp_path: Path
) -> None:
    config, inverter = quick_site(tmp_path, *ports), Inverter(ports[0])
    with daemon(config) as running:
        until(inverter.is_steered, "a setpoint")
        running.kill()
    good = config.read_text("utf-8")
    (elsewhere,) = site_files.free_ports(1)
    config.write_text(good.replace(f"port = {ports[0]}", f"port = {elsewhere}"), "utf-8")
    given = enalysis_edge("release", "--config", config)
    assert given.returncode == 1
    gone = "steered and not given back, and no device of the site any more"
    assert f"127.0.0.1:{ports[0]} unit 1: {gone}" in given.stderr
    config.write_text(good, "utf-8")
    assert enalysis_edge("release", "--config", config).returncode == 0
    assert not inverter.is_steered()
    inverter.close()
