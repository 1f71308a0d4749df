"""Secrets of the targets: those that stay when settings are replaced, what of them is shown, and their files."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.console.alerts.settings import AlertSettings, Mail, Target, Webhook, origin
from agent.domain.sentences import receivers as say
from agent.domain.wire import to_json

FOLDER = "secrets"
LARGEST_SECRET = 4096
SET = "set"


class SecretMissing(Exception):
    """``str()`` says which and why, and nothing of what is in it."""


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """Files that hold secrets or certificates: credentials of the unit (systemd's LoadCredential), or in the folder
    ``secrets`` of the console's own. No other file of the gateway can be named from a page."""

    own: Path
    credentials: Path | None

    @classmethod
    def beside(cls, own: Path, environment: Mapping[str, str] = os.environ) -> "SecretFiles":
        named = environment.get("CREDENTIALS_DIRECTORY")
        return cls(own, Path(named) if named else None)

    def path(self, name: str) -> Path:
        """Raises SecretMissing."""
        folders = [self.own / FOLDER] if self.credentials is None else [self.credentials, self.own / FOLDER]
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
        raise SecretMissing(say.secret_file_missing(file=name, path=" or ".join(map(str, folders))))

    def first_line(self, name: str) -> str:
        """Raises SecretMissing."""
        path = self.path(name)
        try:
            with path.open("rb") as file:
                text = file.read(LARGEST_SECRET).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissing(say.secret_file_unreadable(path=str(path))) from error
        line = text.partition("\n")[0].strip()
        if not line or not line.isprintable():
            raise SecretMissing(say.secret_file_no_secret(path=str(path)))
        return line

    def secret(self, given: str | None, file: str | None) -> str | None:
        """What was given, or what the file holds. Raises SecretMissing."""
        return given if file is None else self.first_line(file)


def completed(before: AlertSettings, asked: AlertSettings) -> AlertSettings:
    """``asked`` with the secrets that it leaves as they are. Raises ValueError.

    A kept secret goes on to the host it was given for only: else whoever may change settings could read it elsewhere.
    """
    known = {target.id: target for target in before.targets}
    return replace(asked, targets=tuple(_completed(known.get(target.id), target) for target in asked.targets))


def _completed(before: Target | None, asked: Target) -> Target:
    if asked.webhook is not None:
        return replace(asked, webhook=_webhook(asked.id, None if before is None else before.webhook, asked.webhook))
    assert asked.mail is not None
    return replace(asked, mail=_mail(asked.id, None if before is None else before.mail, asked.mail))


def _webhook(target: str, before: Webhook | None, asked: Webhook) -> Webhook:
    url = asked.url or (before.url if before is not None else "")
    if not url:
        raise ValueError(say.url_missing(receiver=target))
    is_same = before is not None and origin(before.url) == origin(url)
    kept = None if before is None or asked.token_file is not None else before.token
    return replace(asked, url=url, token=_kept(target, "token", asked.token, kept, is_same))


def _mail(target: str, before: Mail | None, asked: Mail) -> Mail:
    is_same = before is not None and (before.host, before.port, before.tls) == (asked.host, asked.port, asked.tls)
    kept = None if before is None or asked.password_file is not None else before.password
    password = _kept(target, "password", asked.password, kept, is_same)
    if asked.user is not None and password is None and asked.password_file is None:
        raise ValueError(say.user_without_password(receiver=target))
    return replace(asked, password=password)


def _kept(target: str, name: str, asked: str | None, kept: str | None, is_same: bool) -> str | None:
    if asked is not None or kept is None:
        return asked or None
    if not is_same:
        again = say.token_again if name == "token" else say.password_again
        raise ValueError(again(receiver=target))
    return kept


def shown(settings: AlertSettings) -> dict[str, Any]:
    """As the API shows it: of a secret only that it is set, of a URL where it leads."""
    document: dict[str, Any] = json.loads(to_json(settings))
    for target in document["targets"]:
        webhook, mail = target["webhook"], target["mail"]
        if webhook is not None:
            webhook["url"] = {SET: True, "origin": origin(webhook["url"])}
            webhook["token"] = SET if webhook["token"] else None
        if mail is not None:
            mail["password"] = SET if mail["password"] else None
    return document
