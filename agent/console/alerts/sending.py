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
from agent.domain.sentence import sentence_of
from agent.domain.sentences import receivers as say

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
        return NotReached(sentence_of(missing))


def _webhook(webhook: Webhook, alert: Alert, words: Words, site: Site, files: SecretFiles) -> Outcome:
    post = webhook_post(webhook, files.secret(webhook.token, webhook.token_file), alert, words, site)
    return _tried(post.host, post.port, lambda: _posted(post, _context(webhook.ca_file, files)))


def _context(ca_file: str | None, files: SecretFiles) -> ssl.SSLContext:
    """Raises SecretMissing."""
    path = None if ca_file is None else files.path(ca_file)
    try:
        return tls_context(path)
    except (OSError, ssl.SSLError) as error:
        raise SecretMissing(say.receiver_certificates_unusable(path=str(path))) from error


def _posted(post: Post, context: ssl.SSLContext) -> Outcome:
    with connected(post.host, post.port) as line:
        used = context.wrap_socket(line, server_hostname=post.host) if post.scheme == "https" else line
        connection = http.client.HTTPConnection(post.host, post.port)
        connection.sock = used
        with used:
            connection.request("POST", post.target, post.body, dict(post.headers))
            answer = connection.getresponse()
            answer.read(LARGEST_ANSWER)
    status, told = answer.status, f"{answer.status} {_phrase(answer.status)}".rstrip()
    said = say.receiver_answered(host=post.host, answer=told)
    if 200 <= status < 300:
        return Sent(said)
    if 300 <= status < 400:
        return Refused(say.receiver_redirects(host=post.host, answer=told))
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
    return Sent(say.mail_taken(host=mail.host, count=taken, most=len(mail.to)))


def _tried(host: str, port: int, attempt: Callable[[], Outcome]) -> Outcome:
    """Says what went wrong in our own words: those of a receiver may repeat a secret."""
    try:
        return attempt()
    except smtplib.SMTPException as error:
        return _of_mail(host, error)
    except Late:
        return NotReached(say.receiver_late(host=host, within_s=LONGEST_S))
    except ssl.SSLCertVerificationError as error:
        return NotReached(say.receiver_not_trusted(host=host, cause=error.verify_message))
    except ssl.SSLError:
        return NotReached(say.receiver_no_tls(host=host, port=port))
    except socket.gaierror:
        return NotReached(say.receiver_name_unknown(host=host))
    except TimeoutError:
        return NotReached(say.receiver_silent(host=host, port=port))
    except OSError as error:
        cause = error.strerror or say.receiver_connection_lost()
        return NotReached(say.receiver_not_reached(host=host, port=port, cause=cause))
    except (http.client.HTTPException, UnicodeError):
        return NotReached(say.receiver_no_http(host=host, port=port))


def _of_mail(host: str, error: smtplib.SMTPException) -> Outcome:
    match error:
        case smtplib.SMTPNotSupportedError():
            return Refused(say.mail_without_tls(host=host))
        case smtplib.SMTPAuthenticationError():
            return Refused(say.mail_login_refused(host=host, number=error.smtp_code))
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({code for code, _ in error.recipients.values()})
            said = say.mail_addresses_refused(host=host, answer=", ".join(map(str, codes)))
            return NotReached(said) if any(code < 500 for code in codes) else Refused(said)
        case smtplib.SMTPResponseException():
            said = say.mail_refused(host=host, number=error.smtp_code)
            return Refused(said) if 500 <= error.smtp_code < 600 else NotReached(said)
        case _:
            return NotReached(say.mail_broken_off(host=host))
