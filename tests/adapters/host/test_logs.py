"""What is logged, as journald, a file and a person at a terminal get it: on real descriptors, in a process each."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable

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
