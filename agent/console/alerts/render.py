"""An alert as a receiver gets it: a request for a webhook, or a mail. Pure.

ntfy: docs.ntfy.sh/publish, "Publish as JSON": posted to the server's root, the topic in the body; priorities from 1
to 5. Home Assistant: the webhook trigger, which shows a JSON body as ``trigger.json``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from agent.console.alerts.alert import TEST, Alert
from agent.console.alerts.said import body, check
from agent.console.alerts.settings import Mail, Template, Webhook, parts
from agent.console.alerts.site import Site
from agent.console.alerts.words import Words, title
from agent.domain.alarms import Severity

VERSION = 1
PRODUCT = "enalysis-edge"
_PRIORITY = {Severity.INFO: 2, Severity.WARNING: 4, Severity.ALARM: 5}
_TAGS = {Severity.INFO: "information_source", Severity.WARNING: "warning", Severity.ALARM: "rotating_light"}


@dataclass(frozen=True, slots=True)
class Post:
    """A request: POST ``target``, which is a path with its query, at ``host``."""

    scheme: str
    host: str
    port: int
    target: str
    headers: Mapping[str, str]
    body: bytes


def webhook_post(webhook: Webhook, token: str | None, alert: Alert, words: Words, site: Site) -> Post:
    """``Idempotency-Key`` is the alert's id: what comes twice has it twice."""
    url = parts(webhook.url)
    path, document = url.path or "/", _document(alert, words, site)
    match webhook.template:
        case Template.JSON:
            pass
        case Template.HOME_ASSISTANT:
            document["message"] = document.pop("text")
        case Template.NTFY:
            folder, _, topic = path.rstrip("/").rpartition("/")
            path, document = f"{folder}/", _ntfy(topic, alert, words, site)
    headers = {
        "Host": url.netloc,
        "Content-Type": "application/json",
        "User-Agent": PRODUCT,
        "Idempotency-Key": alert.id,
        "Connection": "close",
    }
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    assert url.hostname is not None  # ``parts`` has refused it otherwise
    port = url.port or (443 if url.scheme == "https" else 80)
    target = f"{path}?{url.query}" if url.query else path
    return Post(url.scheme, url.hostname, port, target, headers, json.dumps(document, ensure_ascii=False).encode())


def _document(alert: Alert, words: Words, site: Site) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": alert.id,
        "site": site.id,
        "site_name": site.name,
        "at": alert.at.isoformat(),
        "kind": alert.kind,
        "severity": alert.severity.value,
        "is_over": alert.is_over,
        "is_test": alert.word == TEST,
        "title": title(words, site.name, alert),
        "text": body(words, alert, site),
        "check": check(words, alert, site),
        "more": {one.word: one.count for one in alert.more},
    }


def _ntfy(topic: str, alert: Alert, words: Words, site: Site) -> dict[str, Any]:
    return {
        "topic": topic,
        "title": title(words, site.name, alert),
        "message": _text(words, alert, site),
        "priority": 3 if alert.is_over else _PRIORITY[alert.severity],
        "tags": ["white_check_mark" if alert.is_over else _TAGS[alert.severity]],
    }


def _text(words: Words, alert: Alert, site: Site) -> str:
    lines, to_check = [body(words, alert, site)], check(words, alert, site)
    if to_check is not None:
        lines.append(words["mail.check"].format(check=to_check))
    return "\n".join(lines)


def mail_message(mail: Mail, alert: Alert, words: Words, site: Site, sent_at: datetime) -> EmailMessage:
    """Its Message-ID is the alert's id, so that what comes twice is known as one."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(_one_line(site.name), addr_spec=mail.sender)
    message["To"] = tuple(Address(addr_spec=address) for address in mail.to)
    message["Subject"] = _one_line(title(words, site.name, alert))
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{alert.id}@{mail.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    local = alert.at.astimezone(site.zone)
    when = words["mail.at"].format(at=local.strftime(words["mail.time"]), zone=str(site.zone))
    message.set_content(f"{_text(words, alert, site)}\n\n{when}\n", cte="quoted-printable")
    return message


def _one_line(text: str) -> str:
    return " ".join(text.split())
