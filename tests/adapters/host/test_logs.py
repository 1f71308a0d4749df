"""What is logged, as journald, a file and a person at a terminal get it: on real descriptors, in a process each."""

import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

LOGS = """
from agent.adapters.host import logs
logs.configure("info")
import structlog
log = structlog.get_logger("control")
log.info("job_done", job="planning", left=None, took_s=0.25)
log.warning("device_lost/meter", text="no answer \\x1b[2J\\nfrom 10.0.0.7", severity="alarm")
try:
    raise ValueError("two\\nlines")
except ValueError as error:
    log.error("failed", exc_info=error)
"""


def environment(**more: str) -> dict[str, str]:
    usual = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
    return {**usual, "TZ": "Asia/Kolkata", **more}


def piped(**more: str) -> list[str]:
    command = [sys.executable, "-c", LOGS]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True, env=environment(**more)).stderr.split(
        "\n"
    )[:-1]


def on_a_terminal(**more: str) -> list[str]:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", LOGS], stderr=theirs, env=environment(**more)) as running:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # the other end is closed
            pass
        assert running.wait() == 0
    os.close(ours)
    return said.decode().replace("\r", "").split("\n")[:-1]


def test_on_a_terminal_a_line_has_local_time_level_words_and_the_rest_dimmed() -> None:
    info, warning, error = on_a_terminal()
    stamp = re.match(r"\x1b\[2m(\d\d):(\d\d):\d\d\x1b\[0m ", info)
    assert stamp is not None
    assert info[stamp.end() :] == "info    job done \x1b[2mjob=planning took_s=0.25\x1b[0m"
    told = r"device lost/meter: no answer \x1b[2J\nfrom 10.0.0.7"
    assert warning.endswith(f" \x1b[33mwarning\x1b[0m {told} \x1b[2mseverity=alarm\x1b[0m")
    assert "\x1b[31merror  \x1b[0m failed" in error
    assert "two\\nlines" in error


def test_the_time_on_a_terminal_is_that_of_its_zone() -> None:
    (utc, *_), (local, *_) = piped(), on_a_terminal()
    minutes_utc, minutes_local = (
        60 * int(hour) + int(minute)
        for hour, minute in (re.findall(r"(\d\d):(\d\d):\d\d", line)[0] for line in (utc, local))
    )
    assert (minutes_local - minutes_utc) % (24 * 60) in (330, 331)  # India's; the two began one after the other


@pytest.mark.parametrize("say", [piped, on_a_terminal])
def test_under_journald_a_line_has_its_priority_and_no_time(say: Callable[..., list[str]]) -> None:
    info, warning, _ = say(JOURNAL_STREAM="8:1")
    assert info == "<6>level=info event=job_done job=planning left= took_s=0.25"
    assert warning.startswith("<4>level=warning event=device_lost/meter text=")


def test_in_a_file_a_line_has_utc_and_no_colours() -> None:
    info, warning, error = piped()
    assert re.fullmatch(r"timestamp=\S+Z level=info event=job_done job=planning left= took_s=0.25", info)
    assert "\x1b[3" not in warning + error


# What it says when nobody takes its lines any more; then, told to on its standard input, one line more.
UNTAKEN = """
import sys
from agent.adapters.host import logs
logs.configure("info")
import structlog
log = structlog.get_logger("control")
for _ in range(3):
    log.info("setpoint", reason="x" * 70_000)
print("went on", flush=True)
sys.stdin.read()
log.info("last")
"""


def untaken(stderr: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", UNTAKEN]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, env=environment(JOURNAL_STREAM="8:1")
    )


def test_a_log_that_nobody_reads_any_more_costs_its_lines_alone() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with untaken(writer) as running:
        os.close(writer)
        said, _ = running.communicate(timeout=60.0)
    assert (running.returncode, said) == (0, b"went on\n")


def test_a_log_on_a_full_disk_costs_its_lines_alone() -> None:
    with Path("/dev/full").open("wb") as full, untaken(full.fileno()) as running:
        said, _ = running.communicate(timeout=60.0)
    assert (running.returncode, said) == (0, b"went on\n")


@pytest.mark.parametrize("pair", [os.pipe, lambda: tuple(end.detach() for end in socket.socketpair())])
def test_a_log_whose_reader_hangs_is_not_waited_for_and_says_what_was_lost(pair: Callable[[], tuple[int, int]]) -> None:
    """As journald does whose disk hangs. Of the line that no room was left for the beginning is there."""
    reader, writer = pair()
    with untaken(writer) as running:
        os.close(writer)
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == b"went on\n"
        os.set_blocking(reader, False)
        with suppress(BlockingIOError):
            while os.read(reader, 65536):
                pass
        running.stdin.close()
        os.set_blocking(reader, True)
        with os.fdopen(reader, "rb") as log:
            rest = log.read()
    assert running.returncode == 0
    assert rest == b"\n<6>level=info event=last lost=3\n"
