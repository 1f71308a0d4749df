"""`enalysis-edge enrol`: what is no token is not sent."""

from pathlib import Path

import pytest

from agent.__main__ import main
from tests import site_files

CLOUD = """[cloud]
host = "127.0.0.1"
port = 1
enrol_url = "https://127.0.0.1:1/enrol"
"""


@pytest.mark.parametrize("line", ["", "\n", "  \n4711", "two words", "gr\u00fc\u00dfe"])
def test_a_line_that_is_no_token_is_refused_before_anybody_is_asked(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, cloud=CLOUD)
    token = tmp_path / "token.txt"
    token.write_text(line, "utf-8")
    assert main(["enrol", "--config", str(config), "--token-file", str(token)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"the first line of {token} is no token: ")
    assert said.count("\n") == 1
    assert "4711" not in said


def test_a_token_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, cloud=CLOUD)
    token = tmp_path / "token.txt"
    token.write_text("  eyJh.4711-_~+/= \n", "utf-8")
    assert main(["enrol", "--config", str(config), "--token-file", str(token)]) == 1
    assert capsys.readouterr().err == "127.0.0.1: Connection refused\n"
