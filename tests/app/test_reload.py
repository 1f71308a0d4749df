"""The site file is edited under the daemon: real processes, real sockets, real editors."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from simulator.broker import Broker, find_mosquitto
from simulator.platform import Platform
from tests.app.processes import Daemon, Inverter, daemon, enalysis_edge, notified, quick_site, until
from tests.desired import cloud_with_keys, desired
from tests.site_files import HOME_ID

TARIFF = ("price_per_kwh = 0.28", "price_per_kwh = 0.31")


def lines(running: Daemon, word: str) -> list[str]:
    return [line for line in running.said().splitlines() if word in line]


def until_it_steers(running: Daemon, inverter: Inverter) -> None:
    """A setpoint alone may be that of a daemon before it, which was killed."""
    until(lambda: "setpoint" in running.said() and inverter.is_steered(), "a setpoint")


def test_a_signal_reads_it_at_once_and_systemd_is_told(
    ports: tuple[int, int], inverter: Inverter, tmp_path: Path
) -> None:
    config = quick_site(tmp_path, *ports)
    with notified(tmp_path) as (heard, environment), daemon(config, environment=environment) as running:
        assert heard.next().startswith(b"READY=1\n")
        until_it_steers(running, inverter)
        config.write_text(config.read_text("utf-8").replace(*TARIFF), "utf-8")
        asked_us = time.monotonic() * 1e6
        running.process.send_signal(signal.SIGHUP)
        key, _, stamp = heard.until(b"RELOADING=1\n")[-1].decode().partition("\n")[2].partition("=")
        assert key == "MONOTONIC_USEC"
        assert asked_us - 1e6 <= int(stamp) <= time.monotonic() * 1e6
        heard.until(b"READY=1\n")
        (told,) = lines(running, "settings_changed")
        assert "tariff.import.price_per_kwh 0.28 to 0.31" in told
        assert inverter.is_steered()
        until(lambda: "0.28 to 0.31" in enalysis_edge("status", "--config", config).stdout, "a word in status")
        assert running.stop() == 0
    assert "Traceback" not in running.said()
    assert "job_failed" not in running.said()


def test_an_editor_that_shows_an_empty_file_for_half_a_second_is_waited_for(
    ports: tuple[int, int], inverter: Inverter, tmp_path: Path
) -> None:
    config = quick_site(tmp_path, *ports)
    edited = config.read_text("utf-8").replace(*TARIFF)
    with daemon(config) as running:
        until_it_steers(running, inverter)
        steered = []
        for _ in range(3):
            config.write_bytes(b"")
            time.sleep(0.5)
            config.write_text(edited, "utf-8")
            steered.append(inverter.is_steered())
            time.sleep(0.7)
        until(lambda: lines(running, "settings_changed") != [], "the edit is taken up")
        assert lines(running, "site_file_bad") == []
        assert steered == [True] * 3
        assert inverter.is_steered()


def test_an_edit_that_stays_bad_is_an_alarm_with_its_line_until_it_is_put_right(
    ports: tuple[int, int], inverter: Inverter, tmp_path: Path
) -> None:
    config = quick_site(tmp_path, *ports)
    good = config.read_text("utf-8")
    bad = good.replace("charge_w = 3000", "charge_w = 3000 W", 1)
    line = bad[: bad.index("3000 W")].count("\n") + 1
    with daemon(config) as running:
        until_it_steers(running, inverter)
        other = tmp_path / ".site.toml.swp"  # most editors replace the file
        other.write_text(bad, "utf-8")
        os.replace(other, config)
        until(lambda: lines(running, "site_file_bad") != [], "the alarm")
        assert f"{config}:{line}: this is not TOML" in lines(running, "site_file_bad")[0]
        assert inverter.is_steered()
        config.write_text(good, "utf-8")
        until(lambda: len(lines(running, "site_file_bad")) == 2, "the end of the alarm")
        assert lines(running, "settings_changed") == []
        assert inverter.is_steered()


@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
@pytest.mark.broker
def test_the_platform_narrows_a_limit_and_is_answered_over_a_real_broker(
    ports: tuple[int, int], inverter: Inverter, broker: Broker, tmp_path: Path
) -> None:
    platform = Platform(broker.port)
    platform.start()
    try:
        platform.send_desired(HOME_ID, json.loads(desired(3, {"connection.import_limit_w": 9000})))
        with daemon(quick_site(tmp_path, *ports, cloud=cloud_with_keys(tmp_path, broker.port))) as running:
            until_it_steers(running, inverter)
            until(lambda: state_at(platform) == "trying", "the trial", 40.0)
            found = platform.document(HOME_ID, "reported") or {}
            assert found["version"] == 3
            assert found["config"] == {"connection.import_limit_w": 9000}
            assert found["errors"] == []
            assert found["cost_after"] >= found["cost_before"] - 0.01
            assert inverter.is_steered()
            assert running.stop() == 0
    finally:
        platform.stop()


def state_at(platform: Platform) -> object:
    return (platform.document(HOME_ID, "reported") or {}).get("state")
