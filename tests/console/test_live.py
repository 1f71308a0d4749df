"""What the console shows of this second."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.flows import flows
from agent.console.live import look
from agent.domain.alarms import AlarmKind, StandingAlarm
from agent.domain.site import MISSING
from agent.domain.wire import to_json
from tests.console.served import STATE, Times, show, site_source

SINCE = datetime(2026, 6, 1, 11, tzinfo=UTC)
ALARM = StandingAlarm("device_lost", "meter", SINCE, "no answer", "no answer", "check it")


def of(**wanted: float) -> dict[str, float]:
    """All of them, those that are not said 0."""
    names = ("solar_to_home_w", "solar_to_battery_w", "solar_to_grid_w", "battery_to_home_w", "battery_to_grid_w")
    more = ("grid_to_home_w", "grid_to_battery_w", "unexplained_w")
    return {**dict.fromkeys((*names, *more), 0.0), **wanted}


@pytest.mark.parametrize(
    ("grid_w", "pv_w", "battery_w", "load_w", "wanted"),
    [
        (0, 0, 0, 0, of()),
        (1000, 0, 0, 1000, of(grid_to_home_w=1000)),
        (500, 2000, -1500, 1000, of(solar_to_battery_w=1500, solar_to_home_w=500, grid_to_home_w=500)),
        (3000, 2000, -3000, 2000, of(grid_to_battery_w=1000, solar_to_battery_w=2000, grid_to_home_w=2000)),
        (-2000, 3000, 500, 1500, of(solar_to_grid_w=2000, solar_to_home_w=1000, battery_to_home_w=500)),
        (-2000, 0, 3000, 1000, of(battery_to_grid_w=2000, battery_to_home_w=1000)),
        (60, -50, 0, 10, of(grid_to_home_w=60)),  # an inverter's own use at night
        (500, 0, 0, 1000, of(grid_to_home_w=500, unexplained_w=500)),
        (1000, 0, 0, 500, of(grid_to_home_w=500, unexplained_w=-500)),
        (0, 0, -700, 0, of(unexplained_w=700)),
    ],
)
def test_who_gives_what_to_whom(
    grid_w: float, pv_w: float, battery_w: float, load_w: float, wanted: dict[str, float]
) -> None:
    assert flows(grid_w, pv_w, battery_w, load_w).document() == wanted


WATTS = st.integers(-20_000, 20_000).map(float)


@given(WATTS, WATTS, WATTS)
def test_what_balances_is_explained_wholly(grid_w: float, pv_w: float, battery_w: float) -> None:
    load_w = grid_w + pv_w + battery_w
    found = flows(grid_w, pv_w, battery_w, load_w)
    parts = found.document()
    assert min(value for name, value in parts.items() if name != "unexplained_w") >= 0.0
    if load_w >= 0.0:
        assert found.unexplained_w == 0.0
        assert found.grid_to_home_w + found.grid_to_battery_w == max(0.0, grid_w)
        assert found.solar_to_grid_w + found.battery_to_grid_w == max(0.0, -grid_w)
        assert found.solar_to_home_w + found.solar_to_battery_w + found.solar_to_grid_w == max(0.0, pv_w)
        assert found.battery_to_home_w + found.battery_to_grid_w == max(0.0, battery_w)


def test_now(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source, setpoint={"rung": "plan", "reason": "cheap"}, link={"connected": True}, override=None)
    found = look(source).document()
    assert found["running"] is True
    assert found["state"]["battery_w"] == {"value": -1500.0, "quality": "good", "age_s": 0.0}
    assert found["flows"]["solar_to_battery_w"] == 1500.0
    assert (found["setpoint"]["reason"], found["link"], found["override"]) == ("cheap", {"connected": True}, None)


def test_what_is_missing_is_null_and_no_flow_is_invented(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source, replace(STATE, pv_w=MISSING))
    found = look(source).document()
    assert found["state"]["pv_w"] == {"value": None, "quality": "missing", "age_s": 0.0}
    assert found["flows"] is None
    assert found["setpoint"] is None


def test_an_agent_that_has_stopped_is_shown_with_its_age(tmp_path: Path) -> None:
    times = Times()
    source = site_source(tmp_path, times)
    show(source)
    assert source.runtime is not None
    written_at = (times.now - timedelta(seconds=300)).timestamp()
    os.utime(source.runtime / "live.json", (written_at, written_at))
    now = look(source)
    assert not now.running
    assert now.age_s == pytest.approx(300.0)


@pytest.mark.parametrize("text", ["", "{", '{"site": "home-1"}', '{"site": "another", "documents": {}}', "[" * 100_000])
def test_a_file_that_is_half_written_or_of_another_site_shows_nothing(tmp_path: Path, text: str) -> None:
    source = site_source(tmp_path)
    assert source.runtime is not None
    (source.runtime / "live.json").write_text(text)
    now = look(source)
    assert (now.running, now.document()["state"], now.alarm_keys) == (False, None, frozenset())


def test_documents_of_another_version_are_left_out(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source, state={"at": "x"}, alarms=5)
    now = look(source)
    assert now.running
    assert now.document()["state"] is None
    assert now.alarm_keys == frozenset()


def test_alarms_that_stand(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    assert source.runtime is not None
    show(source)
    file = source.runtime / "live.json"
    file.write_text(file.read_text().replace('"[]"', repr(to_json((ALARM,))).replace('"', '\\"').replace("'", '"')))
    assert look(source).alarm_keys == {"device_lost/meter"}
    (found,) = look(source).document()["alarms"]
    assert (found["key"], found["severity"], found["text"]) == ("device_lost/meter", "alarm", "no answer")


def test_a_warning_is_shown_as_one(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    away = replace(ALARM, kind=AlarmKind.HOME_ASSISTANT_AWAY.value, subject="")
    show(source, alarms=json.loads(to_json((away,))))
    assert [one["severity"] for one in look(source).document()["alarms"]] == ["warning"]
