"""Sends one alert to one target, in a thread of its own: blocking, ten seconds at most once it is connected.

No redirect is followed, no proxy of the environment is used, and of an answer no more than its status is looked at.
"""

import http.client
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage

from agent.console.alerts.alert import Alert
from agent.console.alerts.connection import LONGEST_S, Late, connected, tls_context
from agent.console.alerts.outcome import NotReached, Outcome, Refused, Sent
from agent.console.alerts.render import Post, mail_message, webhook_post
from agent.console.alerts.secrets import SecretFiles, SecretMissing
from agent.console.alerts.settings import Mail, Target, Tls, Webhook
from agent.console.alerts.site import Site
from agent.console.alerts.words import Words

LARGEST_ANSWER = 4096
PASSING = frozenset({408, 425, 429})  # HTTP: they say "later", not "no"
OUR_NAME = "[127.0.0.1]"  # what we call ourselves to a mail server: the gateway's name is nobody's business


def send(target: Target, alert: Alert, words: Words, site: Site, files: SecretFiles, now: datetime) -> Outcome:
    """What came of it."""
    try:
        if target.webhook is not None:
            return _webhook(target.webhook, alert, words, site, files)
        assert target.mail is not None
        return _mail(target.mail, alert, words, site, files, now)
    except SecretMissing as missing:
        return NotReached(str(missing))


def _webhook(webhook: Webhook, alert: Alert, words: Words, site: Site, files: SecretFiles) -> Outcome:
    post = webhook_post(webhook, files.secret(webhook.token, webhook.token_file), alert, words, site)
    return _tried(post.host, post.port, lambda: _posted(post, _context(webhook.ca_file, files)))


def _context(ca_file: str | None, files: SecretFiles) -> ssl.SSLContext:
    """Raises SecretMissing."""
    path = None if ca_file is None else files.path(ca_file)
    try:
        return tls_context(path)
    except (OSError, ssl.SSLError) as error:
        raise SecretMissing(f"the certificates in {path} cannot be used") from error


def _posted(post: Post, context: ssl.SSLContext) -> Outcome:
    with connected(post.host, post.port) as line:
        used = context.wrap_socket(line, server_hostname=post.host) if post.scheme == "https" else line
        connection = http.client.HTTPConnection(post.host, post.port)
        connection.sock = used
        with used:
            connection.request("POST", post.target, post.body, dict(post.headers))
            answer = connection.getresponse()
            answer.read(LARGEST_ANSWER)
    status, said = answer.status, f"{post.host} answered {answer.status} {_phrase(answer.status)}".rstrip()
    if 200 <= status < 300:
        return Sent(said)
    if 300 <= status < 400:
        return Refused(f"{said}, and no redirect is followed: give the address that it leads to")
    return NotReached(said) if status >= 500 or status in PASSING else Refused(said)


def _phrase(status: int) -> str:
    """The standard's own, not the receiver's."""
    return http.client.responses.get(status, "")


class _Smtp(smtplib.SMTP):
    """Over a connection that there is already. The library asks this method for it, as its own SMTP_SSL does."""

    def __init__(self, line: socket.socket, host: str, port: int) -> None:
        self._line = line
        super().__init__(host, port, OUR_NAME, LONGEST_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._line


def _mail(mail: Mail, alert: Alert, words: Words, site: Site, files: SecretFiles, now: datetime) -> Outcome:
    message = mail_message(mail, alert, words, site, now)
    password = files.secret(mail.password, mail.password_file)
    context = _context(mail.ca_file, files)
    return _tried(mail.host, mail.port, lambda: _mailed(mail, message, password, context))


def _mailed(mail: Mail, message: EmailMessage, password: str | None, context: ssl.SSLContext) -> Outcome:
    with connected(mail.host, mail.port) as line:
        is_implicit = mail.tls is Tls.IMPLICIT
        used = context.wrap_socket(line, server_hostname=mail.host) if is_implicit else line
        smtp = _Smtp(used, mail.host, mail.port)
        try:
            if not is_implicit:
                smtp.starttls(context=context)
            if mail.user is not None:
                smtp.login(mail.user, password or "")
            left_out = smtp.send_message(message, mail.sender, list(mail.to))
            with suppress(OSError, smtplib.SMTPException):  # it has the mail: its goodbye is not waited for
                smtp.putcmd("QUIT")
        finally:
            smtp.close()
    taken = len(mail.to) - len(left_out)
    return Sent(f"{mail.host} took the mail for {taken} of {len(mail.to)} addresses")


def _tried(host: str, port: int, attempt: Callable[[], Outcome]) -> Outcome:
    """Says what went wrong in our own words: those of a receiver may repeat a secret."""
    try:
        return attempt()
    except smtplib.SMTPException as error:
        return _of_mail(host, error)
    except Late:
        return NotReached(f"{host} did not finish within {LONGEST_S:g} s")
    except ssl.SSLCertVerificationError as error:
        return NotReached(f"the certificate of {host} is not trusted: {error.verify_message}")
    except ssl.SSLError:
        return NotReached(f"{host} port {port} does not speak TLS as we do")
    except socket.gaierror:
        return NotReached(f"the name {host} is not known")
    except TimeoutError:
        return NotReached(f"{host} port {port} does not answer")
    except OSError as error:
        return NotReached(f"{host} port {port} cannot be reached: {error.strerror or 'the connection was lost'}")
    except (http.client.HTTPException, UnicodeError):
        return NotReached(f"{host} port {port} does not answer in HTTP")


def _of_mail(host: str, error: smtplib.SMTPException) -> Outcome:
    match error:
        case smtplib.SMTPNotSupportedError():
            return Refused(f"{host} offers no TLS, or no way to log in that we know")
        case smtplib.SMTPAuthenticationError():
            return Refused(f"{host} does not accept the user or the password (code {error.smtp_code})")
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({code for code, _ in error.recipients.values()})
            said = f"{host} takes no mail for these addresses (code {', '.join(map(str, codes))})"
            return NotReached(said) if any(code < 500 for code in codes) else Refused(said)
        case smtplib.SMTPResponseException():
            said = f"{host} does not take the mail (code {error.smtp_code})"
            return Refused(said) if 500 <= error.smtp_code < 600 else NotReached(said)
        case _:
            return NotReached(f"{host} ended the conversation")
