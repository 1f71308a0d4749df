"""What of an edit is gone by while the agent runs, and what waits for a start."""

import json
from pathlib import Path

import pytest

from agent.settings.last_run import differences
from agent.settings.load import load
from agent.settings.run_time import at_run_time
from agent.settings.schema import Settings
from tests.site_files import RIVERSIDE, Sections, site_text, with_keys, written


def settings(folder: Path, changes: Sections) -> Settings:
    return load(written(folder, site_text(with_keys(RIVERSIDE, changes))))


def told(before: Settings, after: Settings) -> list[str]:
    return [one.split()[0] for one in differences(before, after)]


@pytest.mark.parametrize(
    ("changes", "taken", "waits"),
    [
        ({"tariff.export": {"price_per_kwh": 0.11}}, ["tariff.export.price_per_kwh"], []),
        ({"connection": {"import_limit_w": 9000}}, ["connection.import_limit_w"], []),
        ({"battery": {"soc_min_pct": 15, "charge_w": 4000}}, ["battery.charge_w", "battery.soc_min_pct"], []),
        ({"site": {"latitude": 52.3}}, ["site.latitude"], []),
        ({"planning": {"horizon_h": 24, "memory_mb": 300}}, ["planning.horizon_h"], ["planning.memory_mb"]),
        ({"control": {"hold_s": 90.0, "step_s": 2.0}}, ["control.hold_s"], ["control.step_s"]),
        ({"site": {"id": "other", "currency": "EUR"}}, [], ["site.id", "site.currency"]),
        ({"cloud": {"host": "mqtt.example.com"}}, [], ["cloud.host"]),
        ({"store": {"keep_days": 60}}, [], ["store.keep_days"]),
        ({"log": {"level": "debug"}}, [], ["log.level"]),
        ({"control": {"mode": "observe"}}, ["control.mode"], []),
    ],
)
def test_each_key_is_gone_by_at_once_or_waits(
    changes: Sections, taken: list[str], waits: list[str], tmp_path: Path
) -> None:
    before, edited = settings(tmp_path, {}), settings(tmp_path, changes)
    now = at_run_time(before, edited)
    assert told(before, now) == taken
    assert told(now, edited) == waits


def test_a_device_that_is_added_or_moved_is_gone_by(tmp_path: Path) -> None:
    inverter, meter = RIVERSIDE["device"]
    third = {"name": "roof", "family": "sdm630", "roles": ["load"], "serial_port": "/dev/ttyUSB0", "unit_id": 3}
    edited = settings(tmp_path, {"device": [{**inverter, "host": "192.168.1.21"}, meter, third]})
    before = settings(tmp_path, {})
    assert at_run_time(before, edited) == edited


def test_another_device_that_steers_waits_and_limits_and_the_wish_to_observe_do_not(tmp_path: Path) -> None:
    inverter, meter = RIVERSIDE["device"]
    changes: Sections = {
        "battery": {"device": "hybrid"},
        "device": [{**inverter, "name": "hybrid"}, meter],
        "connection": {"import_limit_w": 9000},
        "control": {"mode": "observe"},
    }
    before, edited = settings(tmp_path, {}), settings(tmp_path, changes)
    now = at_run_time(before, edited)
    assert told(before, now) == ["connection.import_limit_w", "control.mode"]
    assert now.devices == before.devices, "its old name is no device any more"


def test_what_may_be_a_secret_is_named_without_its_values(tmp_path: Path) -> None:
    one, other = (
        settings(tmp_path, {"cloud": {"username": name, "password_file": f"{name}.txt"}}) for name in ("anna", "otto")
    )
    found = differences(one, other)
    assert found == ["cloud.username", "cloud.password_file"]


def test_of_a_section_that_came_only_what_was_written_is_told(tmp_path: Path) -> None:
    before, bare, filled = (
        settings(tmp_path, changes) for changes in ({}, {"console": {}}, {"console": {"port": 8099}})
    )
    assert differences(before, bare) == ["console - to as it comes"]
    assert differences(before, filled) == ["console.port - to 8099"]
    assert differences(filled, before) == ["console.port 8099 to -"]
    kept = before.model_dump_json(by_alias=True)
    assert differences(kept, filled) == ["console.port - to 8099"]
    older = json.loads(kept)
    del older["planning"]["memory_mb"]
    assert differences(json.dumps(older), before) == [], "of a version that did not have the key"
