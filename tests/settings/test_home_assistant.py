"""The section [home_assistant]: what it takes, and what is refused as in [cloud]."""

from pathlib import Path

import pytest

from agent.settings.check import report
from agent.settings.load import load
from tests.site_files import TEXT, problems, written

SECTION = '\n[home_assistant]\nhost = "homeassistant.local"\n'


def test_a_host_is_enough_and_nothing_is_allowed_by_that(tmp_path: Path) -> None:
    found = load(written(tmp_path, TEXT + SECTION)).home_assistant
    assert found is not None
    assert (found.port, found.tls, found.commands, found.discovery_prefix) == (8883, True, False, "homeassistant")
    assert load(written(tmp_path, TEXT)).home_assistant is None


@pytest.mark.parametrize(
    ("more", "key", "reason"),
    [
        ('username = "u"\n', "username", "is given without password_file"),
        ('tls = false\nusername = "u"\npassword_file = "p"\n', "password_file", "would cross the network in clear"),
        ('tls = false\nca_file = "c"\n', "ca_file", "is given, but tls is false"),
        ('password = "hunter2"\n', "password", "secret"),
        ('discovery_prefix = "home/#"\n', "discovery_prefix", ""),
        ('discovery_prefix = "/home"\n', "discovery_prefix", ""),
        ('commands = "yes"\n', "commands", "true or false"),
        ('device_name = ""\n', "device_name", ""),
        ('protocol = "3.1.1"\n', "protocol", "not a key"),
    ],
)
def test_what_is_refused(tmp_path: Path, more: str, key: str, reason: str) -> None:
    (problem,) = problems(tmp_path, TEXT + SECTION + more)
    assert problem.key == f"[home_assistant] {key}"
    assert reason in problem.reason
    assert "hunter2" not in str(problem)


def test_a_host_with_a_scheme_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, TEXT + SECTION.replace("homeassistant", "mqtt://homeassistant"))
    assert problem.key == "[home_assistant] host"
    assert problem.remedy == "write the name alone, without mqtt:// and without a path"


def test_plain_text_without_a_password_is_allowed_where_it_is_said(tmp_path: Path) -> None:
    assert problems(tmp_path, TEXT + SECTION + "tls = false\n") == ()


def test_check_tells_where_and_whether_it_may_command(tmp_path: Path) -> None:
    text, code = report(written(tmp_path, TEXT + SECTION + 'commands = true\nca_file = "home.pem"\n'))
    assert code == 0
    assert "home      homeassistant.local:8883, with commands" in text
    absent = f"[home_assistant] ca_file is {tmp_path}/home.pem, which is not there; "
    assert f"{absent}Home Assistant cannot be reached without it" in text
