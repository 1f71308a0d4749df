"""What is sent, over real sockets, and what is said of it."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from agent.console.alerts import connection, sending
from agent.console.alerts.outcome import NotReached, Outcome, Refused, Sent
from agent.console.alerts.secrets import SecretFiles
from agent.console.alerts.settings import Mail, Target, Template, Tls, Webhook
from agent.console.alerts.site import Site
from agent.console.alerts.words import read_words
from tests.console.alerts.boxes import BERLIN, NOON, alert
from tests.console.alerts.receivers import Hook, MailServer, certificate, hook

SITE = Site("home-1", "Haus Müller", BERLIN)
SECRET = "hunter2-and-more"  # noqa: S105 - of no real account
ALERT = alert("device_lost/meter", text="no answer from 192.168.1.9")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> SecretFiles:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (folder / "password").write_text(f"{SECRET}\nnot this\n")
    return SecretFiles(tmp_path, None)


def sent(target: Target, files: SecretFiles) -> Outcome:
    outcome = sending.send(target, ALERT, read_words("en"), SITE, files, NOON)
    assert SECRET not in outcome.said
    assert "secret-path" not in outcome.said
    return outcome


def to_hook(url: str, template: Template = Template.JSON, **more: str) -> Target:
    return Target("a", webhook=Webhook(url, template, **more))


@pytest.fixture
def plain() -> Iterator[Hook]:
    with hook() as found:
        yield found


def test_a_webhook_is_told_all(plain: Hook, files: SecretFiles) -> None:
    outcome = sent(to_hook(f"{plain.url}?x=1", token=SECRET), files)
    assert outcome == Sent("127.0.0.1 answered 200 OK")
    [got] = plain.got
    assert got.path == "/in/secret-path?x=1"
    assert got.headers["Authorization"] == f"Bearer {SECRET}"
    assert got.headers["Idempotency-Key"] == ALERT.id
    assert got.headers["Host"] == f"127.0.0.1:{plain.port}"
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


def test_ntfy_is_told_its_topic_in_the_body(plain: Hook, files: SecretFiles) -> None:
    sent(to_hook(f"http://127.0.0.1:{plain.port}/my-topic", Template.NTFY), files)
    [got] = plain.got
    assert got.path == "/"
    assert (got.document["topic"], got.document["priority"]) == ("my-topic", 5)
    assert got.document["tags"] == ["rotating_light"]
    assert got.document["title"] == "Haus Müller: alarm: device does not answer (meter)"
    assert got.document["message"].startswith("no answer from 192.168.1.9\nWhat to check: ")


def test_home_assistant_is_told_a_message(plain: Hook, files: SecretFiles) -> None:
    sent(to_hook(plain.url, Template.HOME_ASSISTANT), files)
    [got] = plain.got
    assert (got.path, got.document["message"]) == ("/in/secret-path", "no answer from 192.168.1.9")
    assert "text" not in got.document


@pytest.mark.parametrize(
    ("status", "kind"),
    [(204, Sent), (301, Refused), (307, Refused), (401, Refused), (404, Refused), (408, NotReached), (429, NotReached),
     (500, NotReached), (503, NotReached)],
)  # fmt: skip
def test_what_a_status_means(plain: Hook, files: SecretFiles, status: int, kind: type[Outcome]) -> None:
    plain.answers.append(status)
    outcome = sent(to_hook(plain.url), files)
    assert isinstance(outcome, kind)
    assert str(status) in outcome.said


def test_no_redirect_is_followed(plain: Hook, files: SecretFiles) -> None:
    with hook() as other:
        plain.answers, plain.headers = [302], {"Location": other.url}
        assert "no redirect is followed" in sent(to_hook(plain.url, token=SECRET), files).said
        assert not other.got
    assert len(plain.got) == 1


def test_of_a_long_answer_little_is_read(plain: Hook, files: SecretFiles) -> None:
    plain.length = 50_000_000
    assert isinstance(sent(to_hook(plain.url), files), Sent)


def test_no_proxy_is_used(plain: Hook, files: SecretFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(sent(to_hook(plain.url), files), Sent)


def test_a_token_may_stand_in_a_file(plain: Hook, files: SecretFiles, tmp_path: Path) -> None:
    assert isinstance(sent(to_hook(plain.url, token_file="password"), files), Sent)  # noqa: S106 - a file's name
    assert plain.got[0].headers["Authorization"] == f"Bearer {SECRET}"
    credentials = SecretFiles(tmp_path / "none", tmp_path / "secrets")
    assert isinstance(sent(to_hook(plain.url, token_file="password"), credentials), Sent)  # noqa: S106 - as above
    missing = sent(to_hook(plain.url, token_file="other"), files)  # noqa: S106 - as above
    assert missing == NotReached(f"there is no file other in {tmp_path / 'secrets'}")
    (tmp_path / "secrets" / "other").write_bytes(b"\x00\xff\n")
    assert isinstance(sent(to_hook(plain.url, token_file="other"), files), NotReached)  # noqa: S106 - as above
    assert len(plain.got) == 2


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


def test_what_is_no_receiver(plain: Hook, files: SecretFiles) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        free = taken.getsockname()[1]
    cases = {
        f"http://127.0.0.1:{free}/": "cannot be reached: Connection refused",
        f"https://127.0.0.1:{plain.port}/": "does not speak TLS",
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


@asynccontextmanager
async def mail_server(context: ssl.SSLContext | None, is_implicit: bool = False) -> AsyncIterator[MailServer]:
    found = MailServer(context, is_implicit)
    server = await found.start()
    try:
        yield found
    finally:
        server.close()


async def mailed(server: MailServer, files: SecretFiles, **more: object) -> Outcome:
    tls = Tls.IMPLICIT if server.is_implicit else Tls.STARTTLS
    words = {"user": "house", "password": SECRET, "ca_file": "ca.pem", **more}
    to = ("me@example.org", "you@example.org")
    mail = Mail("localhost", "house@example.org", to, server.port, tls, **words)  # type: ignore[arg-type]  # a test's own
    return await asyncio.to_thread(sent, Target("m", mail=mail), files)


@pytest.mark.parametrize("is_implicit", [False, True])
async def test_a_mail_goes_through_tls_alone(authority: trustme.CA, files: SecretFiles, is_implicit: bool) -> None:
    async with mail_server(certificate(authority), is_implicit) as server:
        assert await mailed(server, files) == Sent("localhost took the mail for 2 of 2 addresses")
    assert server.logins == [("house", SECRET)]
    assert server.in_clear == ([] if is_implicit else ["ehlo", "STARTTLS"])
    found = email.message_from_string(server.mails[0], policy=email.policy.default)
    assert found["Subject"] == "Haus Müller: alarm: device does not answer (meter)"
    assert found["Message-ID"] == f"<{ALERT.id}@example.org>"
    assert found["From"] == "Haus Müller <house@example.org>"
    assert found["To"] == "me@example.org, you@example.org"
    assert found["Auto-Submitted"] == "auto-generated"
    text = found.get_content()
    assert "no answer from 192.168.1.9" in text
    assert "2026-06-01 14:00:00 (Europe/Berlin)" in text
    assert socket.gethostname() not in server.mails[0]


async def test_a_password_may_stand_in_a_file(authority: trustme.CA, files: SecretFiles) -> None:
    async with mail_server(certificate(authority)) as server:
        assert isinstance(await mailed(server, files, password=None, password_file="password"), Sent)  # noqa: S106
    assert server.logins == [("house", SECRET)]


async def test_a_mail_server_that_is_not_trusted_is_told_nothing(authority: trustme.CA, files: SecretFiles) -> None:
    for name, more in (("other.example", {}), ("localhost", {"ca_file": None})):
        async with mail_server(certificate(authority, name)) as server:
            outcome = await mailed(server, files, **more)
        assert "not trusted" in outcome.said
        assert not server.logins
        assert not server.mails


async def test_a_mail_server_without_tls_is_told_nothing(files: SecretFiles) -> None:
    async with mail_server(None) as server:
        outcome = await mailed(server, files)
    assert outcome == Refused("localhost offers no TLS, or no way to log in that we know")
    assert not server.mails
    assert "AUTH" not in server.in_clear


@pytest.mark.parametrize(
    ("command", "answer", "kind", "said"),
    [
        ("AUTH", f"535 no {SECRET}", Refused, "user or the password (code 535)"),
        ("AUTH", "454 later", Refused, "(code 454)"),
        ("mail", "550 no", Refused, "(code 550)"),
        ("mail", "451 later", NotReached, "(code 451)"),
        ("rcpt", "550 who", Refused, "these addresses (code 550)"),
        ("rcpt", "450 later", NotReached, "these addresses (code 450)"),
        ("data", "554 spam", Refused, "(code 554)"),
    ],
)
async def test_what_a_mail_server_refuses(
    authority: trustme.CA, files: SecretFiles, command: str, answer: str, kind: type[Outcome], said: str
) -> None:
    async with mail_server(certificate(authority)) as server:
        server.answers[command] = answer
        outcome = await mailed(server, files)
    assert isinstance(outcome, kind)
    assert said in outcome.said
