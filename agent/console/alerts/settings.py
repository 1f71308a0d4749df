"""Where alerts go and how many: nouns that check themselves. Their secrets are in no ``repr`` and in no sentence."""

import re
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from agent.domain.alarms import Severity
from agent.domain.sentences import receivers as say

MOST_TARGETS, MOST_KINDS, MOST_ADDRESSES = 5, 100, 10
LONGEST_URL, LONGEST_SECRET, LONGEST_NAME = 500, 500, 60
LANGUAGES = ("en", "de")
_ID = re.compile(r"[a-z0-9_-]{1,30}\Z")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}\Z")
_HOST = re.compile(r"[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,184}\Z")
_AT_HOME = (".local", ".lan", ".home", ".home.arpa", ".internal")


class Template(StrEnum):
    """The form of what a webhook is sent."""

    JSON = "json"
    NTFY = "ntfy"
    HOME_ASSISTANT = "home_assistant"


class Tls(StrEnum):
    """From the first byte on (port 465), or from STARTTLS on (port 587); never without."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"


@dataclass(frozen=True, slots=True)
class Webhook:
    """``url`` is a secret as a whole: the last part of its path is what lets one in at ntfy and Home Assistant.

    ``token`` is sent as Authorization: Bearer. ``token_file`` and ``ca_file`` are names of files, see ``SecretFiles``.
    In what is asked for, an empty ``url`` and a ``token`` of None stay as they are kept, and an empty token is none.
    """

    url: str = field(default="", repr=False)
    template: Template = Template.JSON
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        _check_secret("token", self.token, self.token_file)
        _check_file("ca_file", self.ca_file)
        if not self.url:
            return
        found = parts(self.url)
        if self.template is Template.NTFY and not found.path.strip("/"):
            raise ValueError(say.url_without_topic())
        if found.scheme == "http" and (self.token or self.token_file) and not is_at_home(found.hostname or ""):
            raise ValueError(say.token_in_clear())


@dataclass(frozen=True, slots=True)
class Mail:
    """``password`` as the token of a Webhook. Without ``user`` nobody logs in."""

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    tls: Tls = Tls.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if not _HOST.match(self.host):
            raise ValueError(say.no_mail_server())
        if not 1 <= self.port <= 65535:
            raise ValueError("port is not from 1 to 65535")
        if not 1 <= len(self.to) <= MOST_ADDRESSES:
            raise ValueError(say.mail_addresses_count(most=MOST_ADDRESSES))
        for address in (self.sender, *self.to):
            if not _ADDRESS.match(address):
                raise ValueError(say.no_mail_address())
        if self.user is not None and not (0 < len(self.user) <= LONGEST_NAME * 4 and self.user.isprintable()):
            raise ValueError("user has 1 to 240 printable characters")
        _check_secret("password", self.password, self.password_file)
        _check_file("ca_file", self.ca_file)


@dataclass(frozen=True, slots=True)
class Target:
    """One receiver: a webhook or mail. It is told of events of at least ``severity`` whose kind is in ``kinds``.

    ``kinds`` are words of alarms and events, with or without their subject, or ``alarm``, ``advisory`` and
    ``threshold`` for all of such; none: the notification kinds of the preferences, and thresholds.
    """

    id: str
    webhook: Webhook | None = None
    mail: Mail | None = None
    severity: Severity = Severity.INFO
    kinds: tuple[str, ...] = ()
    enabled: bool = True

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ValueError(say.receiver_name_letters())
        if (self.webhook is None) == (self.mail is None):
            raise ValueError("a target has either webhook or mail")
        if len(self.kinds) > MOST_KINDS or any(not 0 < len(kind) <= LONGEST_NAME for kind in self.kinds):
            raise ValueError(f"kinds names at most {MOST_KINDS} kinds, each of 1 to {LONGEST_NAME} characters")


@dataclass(frozen=True, slots=True)
class Quiet:
    """From ``start`` to before ``end``, times of the site, nothing is sent; with ``alarms_pass`` alarms are."""

    start: time
    end: time
    alarms_pass: bool = True

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(say.quiet_hours_empty())
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("the quiet hours are times of the site, without an offset")

    def holds_at(self, local: time) -> bool:
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All of it. The limits are for each target; alarms and the rest are counted apart."""

    targets: tuple[Target, ...] = ()
    quiet: Quiet | None = None
    most_per_hour_of_kind: int = 4
    most_per_hour: int = 20
    language: str = "en"

    def __post_init__(self) -> None:
        if len(self.targets) > MOST_TARGETS:
            raise ValueError(say.too_many_receivers(most=MOST_TARGETS))
        if len({target.id for target in self.targets}) < len(self.targets):
            raise ValueError(say.receiver_named_twice())
        if not 1 <= self.most_per_hour_of_kind <= self.most_per_hour <= 60:
            raise ValueError("most_per_hour is from 1 to 60, and most_per_hour_of_kind from 1 to that")
        if self.language not in LANGUAGES:
            raise ValueError(f"language is none of {', '.join(LANGUAGES)}")

    @property
    def enabled(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.enabled)


def parts(url: str) -> SplitResult:
    """Raises ValueError, which does not repeat the URL."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(say.url_letters(most=LONGEST_URL))
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        raise ValueError(say.no_url()) from None
    if found.scheme not in ("http", "https") or not _HOST.match(found.hostname or "") or port == 0:
        raise ValueError(say.url_without_host())
    if found.username is not None or found.password is not None or found.fragment:
        raise ValueError(say.url_with_user())
    return found


def origin(url: str) -> str:
    """``https://host:port``, which is no secret."""
    found = parts(url)
    return f"{found.scheme}://{found.netloc}"


def is_at_home(host: str) -> bool:
    """An address or a name that only the own network knows. No name server is asked."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_AT_HOME)
    return address.is_private or address.is_loopback or address.is_link_local


def _check_secret(name: str, secret: str | None, file: str | None) -> None:
    _check_file(f"{name}_file", file)
    if secret and file:
        raise ValueError(f"{name} and {name}_file are both given")
    if secret is not None and (len(secret) > LONGEST_SECRET or not secret.isprintable()):
        raise ValueError(f"{name} has at most {LONGEST_SECRET} printable characters")
    if name == "token" and secret is not None and not secret.isascii():
        raise ValueError(say.token_no_ascii())


def _check_file(name: str, file: str | None) -> None:
    if file is not None and not _FILE.match(file):
        raise ValueError(f"{name} is the name of a file without a folder")


@dataclass(frozen=True, slots=True)
class Test:
    """What is asked for a test: ``target`` is the id of one that is kept."""

    target: str
