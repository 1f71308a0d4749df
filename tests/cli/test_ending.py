"""Ctrl-C while native code is imported, which makes an ImportError of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.ending import ctrl_c_in_imports
from tests.interrupted_imports import environment


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted_import() -> None:
    """As pybind11 tells of Ctrl-C in the midst of an initialisation."""
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt as interrupt:
        raise ImportError("initialization failed") from interrupt


def test_ctrl_c_in_an_import_is_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt), ctrl_c_in_imports():
        interrupted_import()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_elsewhere_it_is_what_it_was() -> None:
    with pytest.raises(KeyboardInterrupt), ctrl_c_in_imports():
        os.kill(os.getpid(), signal.SIGINT)


def test_what_is_not_installed_is_still_said() -> None:
    with pytest.raises(ImportError, match="no such library"), ctrl_c_in_imports():
        raise ImportError("no such library")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_does_not_listen_is_not_made_to() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ctrl_c_in_imports():
        os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize(
    ("words", "library", "code", "said"),
    [
        (("agent", "devices", "list"), "pydantic", -signal.SIGINT, ""),
        (("agent", "check", "site.toml"), "pydantic", -signal.SIGINT, ""),
        (("demo", "--days", "1"), "highspy", 130, "stopped\n"),
    ],
)
def test_a_command_that_is_interrupted_in_an_import_leaves_no_traceback(
    words: tuple[str, ...], library: str, code: int, said: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, env=environment(tmp_path, library), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, said)
