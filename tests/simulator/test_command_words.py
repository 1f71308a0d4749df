"""What the commands of the simulator say of words that nothing can be played by."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from simulator.__main__ import main
from tests import site_files
from tests.adapters.models.model_folders import SHIPPED


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """The relay listens to both, before it knows whether it can begin."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--start 0001-01-01T00:00:00+00:00", "not a year from 1970 to 2100"),
        ("--start 9999-12-31T00:00:00+00:00", "not a year from 1970 to 2100"),
        ("--host 203.0.113.77", "cannot listen on 203.0.113.77:5020: Cannot assign requested address"),
        ("--faults nowhere.txt", "nowhere.txt: cannot be read: No such file or directory\n"),
        ("--faults /", "/: cannot be read: Is a directory\n"),
        (f"--faults {SHIPPED}/consumption/model.onnx", "model.onnx: cannot be read: it is no text in UTF-8\n"),
        (f"--site {SHIPPED}/consumption/model.onnx", "model.onnx: cannot be read: it is no text in UTF-8\n"),
        ("relay --broker here", "'here' is no address of a broker: write HOST:PORT"),
        ("relay --broker 127.0.0.1:99999", "'127.0.0.1:99999' is no address of a broker"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(words: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith("simulator: ")
    assert why in said
    assert "not allowed" not in said
    assert said.count("\n") == 1


def test_a_broker_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = site_files.free_ports(1)
    assert main(["relay", "--broker", f"127.0.0.1:{port}"]) == 2
    assert capsys.readouterr().err == f"simulator: no broker at 127.0.0.1:{port}: Connection refused\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--meter-port 99999", "'99999' is no port: it is 0 to 65535"),
        ("--speed 0", "0 is not above 0"),
        ("--speed fast", "'fast' is no number"),
        ("--meter-lag nan", "nan is no number from 0 on"),
    ],
)
def test_a_number_that_is_none_is_refused(words: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


FREE_PORTS = ("--inverter-port", "0", "--meter-port", "0", "--sdm-port", "0")


@pytest.mark.parametrize("words", [FREE_PORTS, ("relay",)], ids=["site", "relay"])
def test_lines_that_nobody_reads_or_no_disk_takes_leave_no_traceback(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "simulator", *words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "simulator: its lines cannot be written: No space left on device\n")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
