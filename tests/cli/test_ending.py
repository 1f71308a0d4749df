"""Ctrl-C while native code is imported, which makes an ImportError of it."""

import os
import signal
from collections.abc import Iterator

import pytest

from agent.cli.ending import ctrl_c_in_imports


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
