"""What systemd hears, on real datagram sockets."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters.host.systemd import Notifier


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket as systemd has one, and its name as it stands in NOTIFY_SOCKET."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.settimeout(5)
        heard.bind(path if request.param == "path" else "\0" + path)
        yield heard, path if request.param == "path" else "@" + path


def test_the_life_of_a_service(listener: tuple[socket.socket, str]) -> None:
    heard, name = listener
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())})
    assert notifier.interval_s == 15.0
    assert notifier.ready("waiting for the first plan")
    assert heard.recv(4096) == b"READY=1\nSTATUS=waiting for the first plan"
    assert notifier.alive("following the plan: 2.1 kW")
    assert heard.recv(4096) == b"WATCHDOG=1\nSTATUS=following the plan: 2.1 kW"
    assert notifier.stopping()
    assert heard.recv(4096) == b"STOPPING=1\nSTATUS=stopping"


def test_a_status_is_one_line(listener: tuple[socket.socket, str]) -> None:
    heard, name = listener
    Notifier({"NOTIFY_SOCKET": name}).ready("one\nSTOPPING=1\n  two €")
    assert heard.recv(4096).decode() == "READY=1\nSTATUS=one STOPPING=1 two €"


def test_without_a_watchdog_only_the_status_is_sent(listener: tuple[socket.socket, str]) -> None:
    heard, name = listener
    notifier = Notifier({"NOTIFY_SOCKET": name})
    assert notifier.interval_s is None
    assert notifier.alive("well")
    assert heard.recv(4096) == b"STATUS=well"


def test_a_watchdog_for_another_process_is_not_ours() -> None:
    assert Notifier({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid() + 1)}).interval_s is None


def test_nothing_is_sent_where_systemd_is_not() -> None:
    notifier = Notifier({})
    assert notifier.interval_s is None
    assert not notifier.ready("well")


def test_a_socket_that_has_gone_does_not_fail_the_caller(tmp_path: Path) -> None:
    assert not Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("well")


def test_a_full_socket_does_not_hold_up_the_caller(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path})
        assert not all(notifier.alive("well") for _ in range(100_000))


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"NOTIFY_SOCKET": "vsock:2:1234"}, "NOTIFY_SOCKET"),
        ({"NOTIFY_SOCKET": "@"}, "NOTIFY_SOCKET"),
        ({"WATCHDOG_USEC": "soon"}, "WATCHDOG_USEC"),
        ({"WATCHDOG_USEC": "0"}, "WATCHDOG_USEC"),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused(environment: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Notifier(environment)
