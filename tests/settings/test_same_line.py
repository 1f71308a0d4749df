"""One line is one line, whatever it is called: by an address, by a name of this machine, by a link to a serial port."""

from pathlib import Path

import pytest

from agent.settings import same_line
from tests.site_files import changed, problems

SECOND_BATTERY = """
[[device]]
name = "second"
family = "sunspec_hybrid"
roles = ["battery"]
host = "{host}"
"""
FURTHER = '[[battery.further]]\ndevice = "second"\nusable_wh = 10000\ncharge_w = 5000\ndischarge_w = 5000\n\n[solar]'


def two_batteries(first: str, second: str, more: str = "") -> str:
    text = changed('host = "192.168.1.20"', f'host = "{first}"', changed("[solar]", FURTHER))
    return f"{text}{SECOND_BATTERY.format(host=second)}{more}"


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST", "localhost.", "::1", "::ffff:127.0.0.1", "battery.localhost", "inverter.lan"]
)
def test_two_batteries_that_are_one_inverter_under_two_names(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 other # inverter.no\n127.0.0.1\tmine Inverter.lan\nrubbish inverter.lan\n\n")
    monkeypatch.setattr(same_line, "HOSTS_FILE", hosts)
    (problem,) = problems(tmp_path, two_batteries("127.0.0.1", name))
    assert problem.key == "[[device]] 3: unit_id"
    assert problem.reason == (f"is 1, like that of inverter on the same line ({name}:502 is 127.0.0.1:502)")
    assert problems(tmp_path, two_batteries("127.0.0.1", name, "unit_id = 2\n")) == ()
    assert problems(tmp_path, two_batteries("127.0.0.1", name, "port = 5020\n")) == ()
    assert problems(tmp_path, two_batteries("127.0.0.1", "inverter.no")) == ()


def test_two_batteries_of_one_unit_are_one_whatever_their_options(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, two_batteries("127.0.0.1", "localhost", 'options = { setpoint_of = "inverter" }\n'))
    assert problem.key == "[[device]] 3: unit_id"


def test_a_serial_line_under_two_names_is_one(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to("ttyUSB0")
    meter = f'\n[[device]]\nname = "heat"\nfamily = "sdm630"\nroles = ["load"]\nserial_port = "{tmp_path}/by-id"\n'
    text = changed("/dev/ttyUSB0", f"{tmp_path}/ttyUSB0") + meter
    assert problems(tmp_path, f"{text}unit_id = 3\n") == ()
    (problem,) = problems(tmp_path, f"{text}unit_id = 3\necho = true\n")
    assert problem.key == "[[device]] 3: echo"
    assert "is true, but meter on the same line" in problem.reason
    assert problem.reason.endswith("has false")
