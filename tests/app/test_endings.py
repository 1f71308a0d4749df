"""How commands end that are interrupted or not read to their end: real processes, no traceback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import site_files
from tests.app.processes import ROOT

INSTANTS = 20
OURS = tuple(ROOT / name for name in ("agent", "drivers", "simulator", "site_data"))  # the environment is beside them
WITHIN_S = 0.4


def started(arguments: Sequence[str | Path], **options: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, *map(str, arguments)], cwd=ROOT, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    inverter_port, meter_port = site_files.free_ports(2)
    return site_files.write_home(tmp_path, inverter_port=inverter_port, meter_port=meter_port)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "agent", "run"),
        ("-m", "agent", "status"),
        ("-m", "agent", "explain"),
        ("-m", "agent", "release"),
        ("-m", "simulator", "--inverter-port", "0", "--meter-port", "0", "--sdm-port", "0"),
    ],
    ids=lambda words: " ".join(words[1:3]),
)
def test_ctrl_c_at_any_instant_of_a_start_leaves_no_traceback(arguments: tuple[str, ...], config: Path) -> None:
    """What Python says before the first line of ours is read is Python's own: then nothing of ours is in the trace."""
    more = ("--config", config) if arguments[1] == "agent" else ()
    said = []
    for instant in range(INSTANTS):
        process = started((*arguments, *more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(WITHIN_S * instant / INSTANTS)
        process.send_signal(signal.SIGINT)
        try:
            _, error = process.communicate(timeout=20.0)
        finally:
            process.kill()
        said.append(error.decode())
    assert [text for text in said if "Traceback" in text and any(f'File "{room}' in text for room in OURS)] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "agent", "--help"),
        ("-m", "agent", "status"),
        ("-m", "agent", "check"),
        ("-m", "simulator", "--inverter-port", "0", "--meter-port", "0", "--sdm-port", "0", "--print-every", "0.1"),
    ],
    ids=lambda words: " ".join(words[1:3]),
)
def test_a_reader_that_has_gone_ends_a_command_without_a_traceback(arguments: tuple[str, ...], config: Path) -> None:
    if arguments[-1] == "status":
        arguments = (*arguments, "--config", str(config))
    if arguments[-1] == "check":
        arguments = (*arguments, str(config))
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = started(arguments, stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    _, error = process.communicate(timeout=20.0)
    assert error.decode() == ""
    # argparse itself swallows what a help text meets
    assert process.returncode == (0 if arguments[-1] == "--help" and os.environ.get("PYTHONUNBUFFERED") else 141)
