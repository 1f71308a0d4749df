"""A site file that is broken while the daemon runs: the commands go on by what the daemon started with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.settings.site_file import LAST_GOOD
from tests.app.processes import Inverter, daemon, enalysis_edge, quick_site, simulator, until
from tests.site_files import free_ports

NOTICE = "the site file is broken; what follows is by the settings the agent last started with"


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    inverter_port, meter_port = free_ports(2)
    with simulator(inverter_port, meter_port):
        yield inverter_port, meter_port


def test_a_broken_site_file_blinds_no_command_and_a_release_still_finds_the_battery(
    ports: tuple[int, int], tmp_path: Path
) -> None:
    config = quick_site(tmp_path, *ports)
    good = config.read_text("utf-8")
    with daemon(config) as running:
        until(lambda: enalysis_edge("status", "--config", config).stdout.count("\nbattery ") == 1, "a first state")
        until((tmp_path / LAST_GOOD).exists, "the last good copy, which says where the store is")
        for broken, wrong in (
            (good.replace("usable_wh = ", "usable_kwh = "), "usable_kwh is not a key"),
            (good[: len(good) * 3 // 4].rstrip() + '"', "this is not TOML"),
            (good.replace('id = "home-1"', "id = home-1"), "this is not TOML"),
        ):
            config.write_text(broken, "utf-8")
            status = enalysis_edge("status", "--config", config)
            assert status.returncode == 2
            assert "running" in status.stdout
            assert "\nbattery " in status.stdout
            first, second = status.stderr.splitlines()
            assert wrong in first
            assert second == NOTICE
            assert enalysis_edge("report", "--config", config).stderr.splitlines()[1] == NOTICE
            refused = enalysis_edge("run", "--config", config)
            assert (refused.returncode, refused.stdout) == (2, "")
        config.write_text("", "utf-8")
        inverter = Inverter(ports[0])
        try:
            running.kill()
            inverter.steer(1500, 600)
            released = enalysis_edge("release", "--config", config)
            assert released.returncode == 0, released.stderr
            assert not inverter.is_steered()
        finally:
            inverter.close()


def test_a_mistyped_name_leads_to_no_other_site(tmp_path: Path) -> None:
    status = enalysis_edge("status", "--config", tmp_path / "absent.toml")
    assert (status.returncode, status.stdout) == (2, "")
    assert "there is no such file" in status.stderr


def test_a_release_that_fails_says_why_in_words(tmp_path: Path) -> None:
    inverter_port, meter_port = free_ports(2)
    released = enalysis_edge("release", "--config", quick_site(tmp_path, inverter_port, meter_port))
    assert released.returncode == 1
    assert released.stderr.startswith("inverter could not be released: ")
    for mark in ("Unreachable", "reason=", "(", "Traceback"):
        assert mark not in released.stderr
