"""The permit beside the site file: whom it lets steer, what it is about, and what cannot be used."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.domain.permit import Permit
from agent.settings.load import load
from agent.settings.permit import accepted, devices_of, permission_of, permit_file, read_permit, write_permit
from tests.site_files import write_home

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    permit_file(config).unlink()
    return config


def test_without_one_nothing_may_be_written(site_file: Path) -> None:
    permission = permission_of(site_file, load(site_file))
    assert permission.locked is not None
    assert permission.locked.startswith("it has not been commissioned: `enalysis-edge commission`")
    assert permission.is_missing


def test_one_that_a_later_release_has_written_lets_it_steer(site_file: Path) -> None:
    settings = load(site_file)
    write_permit(site_file, accepted(settings, "N. Installer", "no time for the test", AT))
    written = json.loads(permit_file(site_file).read_text("utf-8"))
    permit_file(site_file).write_text(json.dumps(written | {"of_a_later_release": 1.0}), "utf-8")
    assert permission_of(site_file, settings).locked is None


def test_a_site_that_shall_observe_does_so_also_where_an_earlier_version_has_steered_it(site_file: Path) -> None:
    text = site_file.read_text("utf-8")
    site_file.write_text(text.replace("[control]\n", '[control]\nmode = "observe"\n'), "utf-8")
    permission = permission_of(site_file, load(site_file))
    assert permission.locked == 'the site file says [control] mode = "observe"'
    assert not permission.is_missing


def test_the_word_of_a_person_lets_it_steer_and_is_shown(site_file: Path) -> None:
    settings = load(site_file)
    write_permit(site_file, accepted(settings, "N. Installer", "no time for the test", AT))
    permission = permission_of(site_file, settings)
    assert (permission.locked, permission.is_missing) == (None, False)
    assert permission.permit is not None
    assert permission.permit.words == (
        "steered without a passed test since 2026-06-01: N. Installer has accepted it (no time for the test)"
    )


def test_it_is_about_the_devices_that_steer_and_the_grid_meter(site_file: Path) -> None:
    settings = load(site_file)
    assert devices_of(settings) == (
        "inverter: sunspec_hybrid at 127.0.0.1:1 unit 1", "meter: sunspec_meter at 127.0.0.1:2 unit 1"
    )  # fmt: skip
    write_permit(site_file, accepted(settings, "N.", "r", AT))
    moved = site_file.read_text().replace("port = 2", "port = 3")
    site_file.write_text(moved)
    locked = permission_of(site_file, load(site_file)).locked
    assert locked is not None
    assert locked.startswith("meter: sunspec_meter at 127.0.0.1:3 unit 1 is not what was commissioned")


def test_the_site_file_may_want_to_observe_whatever_the_permit_says(site_file: Path) -> None:
    site_file.write_text(site_file.read_text().replace("[control]", '[control]\nmode = "observe"'))
    settings = load(site_file)
    write_permit(site_file, accepted(settings, "N.", "r", AT))
    assert permission_of(site_file, settings).locked == 'the site file says [control] mode = "observe"'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"by": "N."}', " " * 70_000])
def test_one_that_cannot_be_read_permits_nothing(site_file: Path, text: str) -> None:
    permit_file(site_file).write_text(text)
    permission = permission_of(site_file, load(site_file))
    assert permission.locked is not None
    assert permission.locked.startswith(f"{permit_file(site_file)} cannot be used: ")
    assert not permission.is_missing


@pytest.mark.parametrize(("by", "reason"), [("", "r"), ("N.", " ")])
def test_an_acceptance_has_a_name_and_a_reason(site_file: Path, by: str, reason: str) -> None:
    with pytest.raises(ValueError, match="a permit has a name and a reason"):
        accepted(load(site_file), by, reason, AT)


def test_what_is_written_is_whole_and_reads_back(site_file: Path) -> None:
    permit = Permit(AT, "the test", "all passed", ("a",), True, 1.5, 2.0, 30.0)
    write_permit(site_file, permit)
    assert read_permit(site_file) == permit
    assert json.loads(permit_file(site_file).read_text())["meter_lag_s"] == 1.5
    assert permit.words == "commissioned on 2026-06-01 by the test: all passed"
    assert [path.name for path in site_file.parent.glob(".*")] == []
