"""What a person or the platform may ask of the running agent: one noun each, whichever door it comes in by.

The command line leaves a request in the inbox, the platform sends one under ``down/cmd/<name>``. A noun checks itself:
what cannot be meant raises ValueError with one sentence when it is made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from agent.domain.advisory import Verb
from agent.domain.override import Override
from agent.domain.paired_trial import Schedule
from agent.domain.printable import writable
from agent.domain.wire import WireError, from_json, to_json

LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class AnswerAdvice:
    """What is said to the recommendation ``key``. ``scheduled_for`` belongs to SCHEDULE; None takes its own start."""

    key: str
    verb: Verb
    scheduled_for: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= LONGEST_KEY or self.key != writable(self.key):
            raise ValueError(f"the key of a recommendation has 1 to {LONGEST_KEY} characters")
        if self.scheduled_for is not None and self.verb is not Verb.SCHEDULE:
            raise ValueError(f"scheduled_for does not belong to {self.verb.value}")
        if self.scheduled_for is not None and self.scheduled_for.tzinfo is None:
            raise ValueError("scheduled_for has no time zone")


@dataclass(frozen=True, slots=True)
class ComparePolicies:
    """Optimiser and rule take turns by ``schedule``; one without blocks ends that."""

    schedule: Schedule


@dataclass(frozen=True, slots=True)
class OverrideBattery:
    """Do what ``override`` says, within all limits; None lets the agent decide again."""

    override: Override | None


Command = AnswerAdvice | ComparePolicies | OverrideBattery


@dataclass(frozen=True, slots=True)
class CommandKind:
    """The name of a command's topic and files, its noun, and whether the platform may send it.

    ``unsigned``: it may come unsigned to a site that has no keys.
    """

    name: str
    noun: type[Command]
    from_platform: bool = False
    unsigned: bool = False


COMMAND_KINDS = (
    CommandKind("advice", AnswerAdvice, from_platform=True, unsigned=True),
    CommandKind("comparison", ComparePolicies),
    CommandKind("override", OverrideBattery, from_platform=True),
)
BY_NAME: Mapping[str, CommandKind] = {kind.name: kind for kind in COMMAND_KINDS}


@dataclass(frozen=True, slots=True)
class Request:
    """``command``, asked ``at`` (UTC). One that comes after ``expires_at`` is not obeyed; None: it may come late."""

    command: Command
    at: datetime
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None or (self.expires_at is not None and self.expires_at.tzinfo is None):
            raise ValueError("the time of a request has no time zone")

    @property
    def name(self) -> str:
        """The name of its command."""
        return next(kind.name for kind in COMMAND_KINDS if isinstance(self.command, kind.noun))

    def is_over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


def read_command(name: str, terms: Mapping[str, Any]) -> Command:
    """The command ``name`` of a message whose fields are ``terms``; those it does not know are passed over.

    Raises WireError with the place and the reason.
    """
    kind = BY_NAME.get(name)
    if kind is None:
        raise WireError(f"there is no command {name!r}: known are {', '.join(sorted(BY_NAME))}")
    known = {field.name for field in fields(kind.noun)}
    try:
        return from_json(kind.noun, json.dumps({field: term for field, term in terms.items() if field in known}))
    except WireError as error:
        raise WireError(str(error).removeprefix(kind.noun.__name__).lstrip(".: ")) from error


def request_id(request: Request) -> str:
    """By which the audit trail knows a command that has no id of its own: what was asked, and when."""
    return f"{request.name}-{request.at.astimezone(UTC):%Y%m%dT%H%M%S.%f}Z"


def request_to_json(request: Request) -> str:
    """As ``request_from_json`` reads it."""
    expires_at = None if request.expires_at is None else request.expires_at.isoformat()
    terms = json.loads(to_json(request.command))
    return json.dumps({"command": request.name, "at": request.at.isoformat(), "expires_at": expires_at, "terms": terms})


@dataclass(frozen=True, slots=True)
class _Head:
    command: str
    at: datetime
    expires_at: datetime | None = None


def request_from_json(text: str | bytes) -> Request:
    """Raises WireError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    terms = found.pop("terms", None) if isinstance(found, dict) else None
    if not isinstance(terms, dict):
        raise WireError("it is no command: it has no terms")
    head = from_json(_Head, json.dumps(found))
    command = read_command(head.command, terms)
    try:
        return Request(command, head.at, head.expires_at)
    except ValueError as error:
        raise WireError(str(error)) from error
