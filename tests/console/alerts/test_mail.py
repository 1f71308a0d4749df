"""Mails over real sockets: what goes through TLS, and what is said of it."""

import asyncio
import email
import email.policy
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from agent.console.alerts.alert import Alert
from agent.console.alerts.outcome import NotReached, Outcome, Refused, Sent
from agent.console.alerts.secrets import SecretFiles
from agent.console.alerts.settings import Mail, Target, Tls
from agent.domain.alarms import AlarmKind
from agent.domain.sentences.alarms import delivers_less
from tests.console.alerts.boxes import alert as alert_of
from tests.console.alerts.receivers import MailServer, certificate
from tests.console.alerts.sent import ALERT, SECRET, sent


@asynccontextmanager
async def mail_server(context: ssl.SSLContext | None, is_implicit: bool = False) -> AsyncIterator[MailServer]:
    found = MailServer(context, is_implicit)
    server = await found.start()
    try:
        yield found
    finally:
        server.close()


async def mailed(
    server: MailServer, files: SecretFiles, *, alert: Alert = ALERT, language: str = "en", **more: Any
) -> Outcome:
    tls = Tls.IMPLICIT if server.is_implicit else Tls.STARTTLS
    words = {"user": "house", "password": SECRET, "ca_file": "ca.pem", **more}
    to = ("me@example.org", "you@example.org")
    mail = Mail("localhost", "house@example.org", to, server.port, tls, **words)
    return await asyncio.to_thread(sent, Target("m", mail=mail), files, alert, language)


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


async def test_a_german_mail_is_german_from_the_subject_to_the_last_line(
    authority: trustme.CA, files: SecretFiles
) -> None:
    limited = alert_of("battery_limited", text=delivers_less(asked_w=3000.0, power_w=1240.4))
    async with mail_server(certificate(authority)) as server:
        assert isinstance(await mailed(server, files, alert=limited, language="de"), Sent)
    found = email.message_from_string(server.mails[0], policy=email.policy.default)
    assert found["Subject"] == "Haus Müller: Alarm: Batterie ist begrenzt"
    said, check, nothing, at, *_ = found.get_content().replace("\u00a0", " ").splitlines()
    assert said == "Die Batterie leistet 1,24 kW von 3,00 kW, die verlangt sind"
    assert check.startswith("Was zu tun ist: ")
    assert AlarmKind.BATTERY_LIMITED.check not in check
    assert (nothing, at) == ("", "Zeitpunkt: 01.06.2026, 14:00:00 Uhr (Europe/Berlin)")


async def test_what_an_older_agent_has_written_is_mailed_as_it_was(authority: trustme.CA, files: SecretFiles) -> None:
    async with mail_server(certificate(authority)) as server:
        assert isinstance(await mailed(server, files, language="de"), Sent)
    found = email.message_from_string(server.mails[0], policy=email.policy.default)
    assert found.get_content().splitlines()[0] == "no answer from 192.168.1.9"


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
