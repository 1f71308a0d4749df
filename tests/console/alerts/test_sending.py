"""What is sent, over real sockets, and what is said of it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from agent.console.alerts import connection, sending
from agent.console.alerts.outcome import NotReached, Outcome, Refused, Sent
from agent.console.alerts.secrets import SecretFiles
from agent.console.alerts.settings import Target, Template, Webhook
from tests.console.alerts.receivers import Hook, certificate, hook
from tests.console.alerts.sent import ALERT, SECRET, sent


def to_hook(url: str, template: Template = Template.JSON, **more: str) -> Target:
    return Target("a", webhook=Webhook(url, template, **more))


def test_a_webhook_is_told_all(receiver: Hook, files: SecretFiles) -> None:
    outcome = sent(to_hook(f"{receiver.url}?x=1", token=SECRET), files)
    assert outcome == Sent("127.0.0.1 answered 200 OK")
    [got] = receiver.got
    assert got.path == "/in/secret-path?x=1"
    assert got.headers["Authorization"] == f"Bearer {SECRET}"
    assert got.headers["Idempotency-Key"] == ALERT.id
    assert got.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert got.document == {
        "version": 1,
        "id": ALERT.id,
        "site": "home-1",
        "site_name": "Haus Müller",
        "at": "2026-06-01T12:00:00+00:00",
        "kind": "device_lost/meter",
        "severity": "alarm",
        "is_over": False,
        "is_test": False,
        "title": "Haus Müller: alarm: device does not answer (meter)",
        "text": "no answer from 192.168.1.9",
        "check": "Check the device's power, its network or serial cable, and its address in the site file.",
        "more": {},
    }


def test_ntfy_is_told_its_topic_in_the_body(receiver: Hook, files: SecretFiles) -> None:
    sent(to_hook(f"http://127.0.0.1:{receiver.port}/my-topic", Template.NTFY), files)
    [got] = receiver.got
    assert got.path == "/"
    assert (got.document["topic"], got.document["priority"]) == ("my-topic", 5)
    assert got.document["tags"] == ["rotating_light"]
    assert got.document["title"] == "Haus Müller: alarm: device does not answer (meter)"
    assert got.document["message"].startswith("no answer from 192.168.1.9\nWhat to check: ")


def test_home_assistant_is_told_a_message(receiver: Hook, files: SecretFiles) -> None:
    sent(to_hook(receiver.url, Template.HOME_ASSISTANT), files)
    [got] = receiver.got
    assert (got.path, got.document["message"]) == ("/in/secret-path", "no answer from 192.168.1.9")
    assert "text" not in got.document


@pytest.mark.parametrize(
    ("status", "kind"),
    [(204, Sent), (301, Refused), (307, Refused), (401, Refused), (404, Refused), (408, NotReached), (429, NotReached),
     (500, NotReached), (503, NotReached)],
)  # fmt: skip
def test_what_a_status_means(receiver: Hook, files: SecretFiles, status: int, kind: type[Outcome]) -> None:
    receiver.answers.append(status)
    outcome = sent(to_hook(receiver.url), files)
    assert isinstance(outcome, kind)
    assert str(status) in outcome.said


def test_no_redirect_is_followed(receiver: Hook, files: SecretFiles) -> None:
    with hook() as other:
        receiver.answers, receiver.headers = [302], {"Location": other.url}
        assert "no redirect is followed" in sent(to_hook(receiver.url, token=SECRET), files).said
        assert not other.got
    assert len(receiver.got) == 1


def test_of_a_long_answer_little_is_read(receiver: Hook, files: SecretFiles) -> None:
    receiver.length = 50_000_000
    assert isinstance(sent(to_hook(receiver.url), files), Sent)


def test_no_proxy_is_used(receiver: Hook, files: SecretFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(sent(to_hook(receiver.url), files), Sent)


def test_a_token_may_stand_in_a_file(receiver: Hook, files: SecretFiles, tmp_path: Path) -> None:
    assert isinstance(sent(to_hook(receiver.url, token_file="password"), files), Sent)  # noqa: S106 - a file's name
    assert receiver.got[0].headers["Authorization"] == f"Bearer {SECRET}"
    credentials = SecretFiles(tmp_path / "none", tmp_path / "secrets")
    assert isinstance(sent(to_hook(receiver.url, token_file="password"), credentials), Sent)  # noqa: S106 - as above
    missing = sent(to_hook(receiver.url, token_file="other"), files)  # noqa: S106 - as above
    assert missing == NotReached(f"there is no file other in {tmp_path / 'secrets'}")
    (tmp_path / "secrets" / "other").write_bytes(b"\x00\xff\n")
    assert isinstance(sent(to_hook(receiver.url, token_file="other"), files), NotReached)  # noqa: S106 - as above
    assert len(receiver.got) == 2


def test_https_with_an_authority_of_its_own(authority: trustme.CA, files: SecretFiles) -> None:
    with hook(certificate(authority)) as safe:
        url = f"https://{'localhost'}:{safe.port}/x"
        assert isinstance(sent(to_hook(url, ca_file="ca.pem"), files), Sent)
        unknown = sent(to_hook(url, token=SECRET), files)
        assert isinstance(unknown, NotReached)
        assert unknown.said.startswith("the certificate of localhost is not trusted: ")
        assert len(safe.got) == 1


@pytest.mark.parametrize("trusts", [True, False])
def test_a_certificate_of_another_name(authority: trustme.CA, files: SecretFiles, trusts: bool) -> None:
    with hook(certificate(authority, "other.example")) as safe:
        more = {"ca_file": "ca.pem"} if trusts else {}
        assert "not trusted" in sent(to_hook(f"https://localhost:{safe.port}/x", **more), files).said
        assert not safe.got


def test_what_is_no_receiver(receiver: Hook, files: SecretFiles) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        free = taken.getsockname()[1]
    cases = {
        f"http://127.0.0.1:{free}/": "cannot be reached: Connection refused",
        f"https://127.0.0.1:{receiver.port}/": "does not speak TLS",
        "http://no-such-name.invalid/": "the name no-such-name.invalid is not known",
        f"http://{'a' * 70}.example/": "",
    }
    for url, said in cases.items():
        outcome = sent(to_hook(url), files)
        assert isinstance(outcome, NotReached)
        assert said in outcome.said


@contextmanager
def odd_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accepts one connection and ``talk``s."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            with closing(listening.accept()[0]) as line, suppress(OSError):
                talk(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def drip(line: socket.socket) -> None:
    """A byte now and then, so that no single wait is long."""
    line.sendall(b"HTTP/1.1 200 ")
    while True:
        line.sendall(b"x")
        time.sleep(0.02)


def silence(line: socket.socket) -> None:
    while line.recv(65536):
        pass


@pytest.mark.parametrize("talk", [drip, silence])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_receiver_that_takes_its_time(
    files: SecretFiles, monkeypatch: pytest.MonkeyPatch, talk: Callable[[socket.socket], None], scheme: str
) -> None:
    monkeypatch.setattr(sending, "connected", lambda host, port: connection.connected(host, port, 0.3))
    with odd_server(talk) as port:
        outcome = sent(to_hook(f"{scheme}://127.0.0.1:{port}/"), files)
    assert isinstance(outcome, NotReached)  # and it has ended: the drip never does


def test_a_receiver_that_speaks_something_else(files: SecretFiles) -> None:
    with odd_server(lambda line: line.sendall(b"220 mail ready\r\n")) as port:
        outcome = sent(to_hook(f"http://127.0.0.1:{port}/"), files)
    assert isinstance(outcome, NotReached)
