"""A terminal or file whose character set lacks a letter gets a question mark in its place, and no traceback."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from rich.console import Console

from agent.cli.commission_show import show_report
from agent.domain.commissioning import BatteryTest, Commissioning
from tests.site_files import write_home


@pytest.mark.parametrize("charset", ["ascii", "latin-1"])
def test_a_name_with_other_letters_is_shown_as_far_as_it_goes(charset: str, tmp_path: Path) -> None:
    """As on a machine with LANG=de_DE."""
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    text = config.read_text("utf-8")
    named = text.replace(text[(start := text.index('name = "')) : text.index("\n", start)], 'name = "Haus Łódź"', 1)
    config.write_text(named, "utf-8")
    command = [sys.executable, "-m", "agent", "check", str(config)]
    environment = os.environ | {"PYTHONIOENCODING": charset}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Haus ?" in done.stdout


def test_curves_are_left_out_where_their_dots_cannot_be_shown() -> None:
    test = BatteryTest("inverter", 500.0, (), ((0.0, 0.0), (30.0, 500.0)), ((0.0, 500.0), (30.0, 0.0)), (), ())
    report = Commissioning(datetime(2026, 6, 1, tzinfo=UTC), "root", "home", True, "", (), (), (test,))
    shown = {}
    for charset in ("utf-8", "latin-1"):
        out = TextIOWrapper(BytesIO(), charset, "replace")
        show_report(Console(file=out, width=80), report)
        out.seek(0)
        shown[charset] = out.read()
    assert "battery, kW" in shown["utf-8"]
    assert "battery, kW" not in shown["latin-1"]
