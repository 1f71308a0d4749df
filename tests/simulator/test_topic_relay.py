"""A relay that is played at a broker: orders of every maker, and the command that plays it."""

import subprocess
import sys

import pytest

from simulator.topic_relay import read_order


@pytest.mark.parametrize(
    ("payload", "order"),
    [
        (b"ON", (True, None)),
        (b"off", (False, None)),
        (b'{"state":"OFF"}', (False, None)),
        (b'{"state":"ON","on_time":300}', (True, 300.0)),
        (b'{"id":1,"method":"Switch.Set","params":{"id":0,"on":false,"toggle_after":60}}', (False, 60.0)),
        (b"", None),
        (b"announce", None),
        (b"\xff", None),
    ],
)
def test_orders(payload: bytes, order: tuple[bool, float | None] | None) -> None:
    assert read_order(payload) == order


def test_the_command_prints_what_a_site_file_needs() -> None:
    command = [sys.executable, "-m", "simulator", "relay", "--kind", "shelly", "--no-on"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(22)]
        process.terminate()
        assert process.wait(60.0) == 0
    assert said[0].startswith("shelly heatpump at 127.0.0.1:")
    assert 'command_topic = "heatpump/rpc"\n' in said
    assert said[-1] == "off\n"


def test_a_broker_that_is_not_there_is_one_sentence() -> None:
    command = [sys.executable, "-m", "simulator", "relay", "--broker", "127.0.0.1:1"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("simulator: ")
    assert found.stderr.count("\n") == 1
