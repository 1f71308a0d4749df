"""What may come from the platform, as strict models with limits. Unknown fields are ignored, unknown majors refused."""

import json
import re
from typing import Annotated, Literal

from pydantic import (
    Field,
    ValidationError,
)

from agent.adapters.mqtt.input_messages import (
    CarbonMessage,
    GridLimitMessage,
    Message,
    TariffMessage,
    Utc,
    WeatherMessage,
)
from agent.adapters.mqtt.manifest_message import ManifestMessage, said_once
from agent.domain.commands import BY_NAME, COMMAND_KINDS, Request, read_command
from agent.domain.inputs import (
    Acknowledgement,
    Incoming,
    PlatformInput,
)
from agent.domain.model_delivery import ModelManifest
from agent.domain.notice import LONGEST_WAIT_S, Notice, NoticeAction
from agent.domain.printable import printable
from agent.domain.sentence import sentence_of
from agent.domain.sentences import messages as say
from agent.domain.signed_command import SignedCommand
from agent.domain.wire import WireError
from agent.ports import PayloadRefused, TopicUnknown

LARGEST_PAYLOAD = 64 * 1024
DEEPEST = 16
LONGEST_KEY = 40
LONGEST_REASON = 300
MAJOR = 1
Seq = Annotated[int, Field(ge=0, le=2**53)]
Stream = Literal["minute", "decision", "event"]
ContentType = Annotated[str, Field(max_length=120)]


class _Acknowledgement(Message):
    ts: Utc
    streams: Annotated[dict[Stream, Seq], Field(max_length=3)]
    resend_from: Annotated[dict[Stream, Seq], Field(max_length=3)] = Field(default_factory=dict)
    accepts: Annotated[tuple[ContentType, ...], Field(max_length=32)] = ()

    def frozen(self) -> Acknowledgement:
        streams, resend_from = tuple(self.streams.items()), tuple(self.resend_from.items())
        return Acknowledgement(self.ts, streams, resend_from, self.accepts)


class _Notice(Message):
    notice: Literal["reconnect", "resync", "report_info"]
    within_s: Annotated[int, Field(ge=0, le=LONGEST_WAIT_S)] = LONGEST_WAIT_S

    def frozen(self) -> Notice:
        return Notice(NoticeAction(self.notice), self.within_s)


class _Command(Message):
    """What every command that is not signed has besides its own terms."""

    issued_at: Utc
    expires_at: Utc | None = None


_Known = (
    TariffMessage | CarbonMessage | WeatherMessage | GridLimitMessage | _Acknowledgement | _Notice | ManifestMessage
)
COMMANDS = "down/cmd/"
NOTICE_TOPIC = "_all/down/notice"  # of all sites, below ee/1/
_MODELS: dict[str, type[_Known]] = {
    "down/ack": _Acknowledgement,
    NOTICE_TOPIC: _Notice,
    "down/model": ManifestMessage,
    "down/input/tariff": TariffMessage,
    "down/input/carbon": CarbonMessage,
    "down/input/weather": WeatherMessage,
    "down/input/gridlimit": GridLimitMessage,
}
INPUT_TOPICS = tuple(topic for topic in _MODELS if topic.startswith("down/input/"))
COMMAND_TOPICS = tuple(f"{COMMANDS}{kind.name}" for kind in COMMAND_KINDS if kind.from_platform)


def parse_input(name: str, text: str, currency: str) -> PlatformInput:
    """The checked input that was sent, or kept, under ``input/<name>``, prices of it in ``currency``.

    Raises PayloadRefused.
    """
    message = parse_incoming(f"down/input/{name}", text.encode(), LARGEST_PAYLOAD, currency)
    if isinstance(message, Acknowledgement | Request | SignedCommand | Notice | ModelManifest):
        raise PayloadRefused(say.no_input(kept=name))
    return message


def model_of(topic: str) -> "type[_Known | _Command] | None":
    """What a message of ``topic`` must be, without the terms of a command; None for a topic that is not known."""
    return _Command if topic in COMMAND_TOPICS else _MODELS.get(topic)


def parse_incoming(topic: str, payload: bytes, largest: int, currency: str) -> Incoming:
    """The checked object of one message, prices of it in ``currency``.

    A command is one that is not signed. Raises PayloadRefused with the topic, the place and the reason.
    """
    model = model_of(topic)
    if model is None:
        raise TopicUnknown(say.message_refused(topic=loggable(topic), cause=say.topic_unknown()))
    text = text_of(topic, payload, largest)
    if model is _Command:
        _check_unsigned(topic, text)
    try:
        return _frozen(topic, text, model.model_validate_json(text, context=currency))
    except WireError as error:
        raise PayloadRefused(say.message_refused(topic=topic, cause=loggable(str(error)))) from error
    except ValidationError as error:
        raise PayloadRefused(say.message_refused(topic=topic, cause=said(error))) from error


def _check_unsigned(topic: str, text: str) -> None:
    """Of this site, which has no keys: some commands may come unsigned, and none can be checked."""
    if not BY_NAME[topic.removeprefix(COMMANDS)].unsigned:
        raise PayloadRefused(say.message_refused(topic=topic, cause=say.only_signed()))
    if "signature" in json.loads(text):
        raise PayloadRefused(say.message_refused(topic=topic, cause=say.signed_without_keys()))


def text_of(topic: str, payload: bytes, largest: int) -> str:
    """JSON text of an object of the topic's schema, as far as that can be told without a model.

    Raises PayloadRefused with the topic and the reason.
    """
    try:
        return object_text(topic.rsplit("/", 1)[-1], payload, largest)
    except PayloadRefused as error:
        raise PayloadRefused(say.message_refused(topic=topic, cause=sentence_of(error))) from error


def object_text(name: str, payload: bytes, largest: int) -> str:
    """JSON text of an object of the schema ``name``. Raises PayloadRefused with the reason."""
    if len(payload) > largest:
        raise PayloadRefused(say.payload_too_large(counted=len(payload), most=largest))
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PayloadRefused(say.payload_no_utf8(number=error.start)) from error
    _check_shape(name, text)
    return text


def said(error: ValidationError) -> str:
    """The place and the reason of the first thing that is wrong."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(_shown, first["loc"])) or "message"
    return f"{place}: {first['msg']}"


def _shown(part: int | str) -> str:
    """A part of a place as it may stand in a log: the sender's own keys are shown only where they are short words."""
    text = str(part)
    return text if text.isprintable() and len(text) <= LONGEST_KEY else "(a key)"


def loggable(reason: str) -> str:
    """A reason that may quote the sender, as it may stand in a log."""
    return printable(reason, LONGEST_REASON) + ("..." if len(reason) > LONGEST_REASON else "")


def _frozen(topic: str, text: str, message: "_Known | _Command") -> Incoming:
    """Raises WireError for a command whose terms are wrong, or a manifest that could be read in two ways."""
    if isinstance(message, _Command):
        command = read_command(topic.removeprefix(COMMANDS), json.loads(text))
        return Request(command, message.issued_at, message.expires_at)
    if isinstance(message, ManifestMessage):
        return message.frozen(said_once(text))
    return message.frozen()


def _check_shape(name: str, text: str) -> None:
    """JSON, an object, not too deep, and of the schema ``name/1.x``."""
    if _is_deep(text):
        raise PayloadRefused(say.payload_too_deep(most=DEEPEST))
    try:
        found = json.loads(text)
    except ValueError as error:
        raise PayloadRefused(say.payload_no_json(cause=str(error))) from error
    schema = found.get("schema") if isinstance(found, dict) else None
    match = re.fullmatch(r"([a-z]+)/(\d{1,4})\.(\d{1,4})", schema) if isinstance(schema, str) else None
    if match is None or match[1] != name:
        raise PayloadRefused(say.schema_other(wanted=f"{name}/{MAJOR}.x"))
    if int(match[2]) != MAJOR:
        raise PayloadRefused(say.schema_version_unknown(found=match[2], newest=MAJOR))


def _is_deep(text: str) -> bool:
    """Whether brackets are nested too deep, those within strings left out. It looks no further than to the first."""
    depth = 0
    for mark in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if mark[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif mark[0] in "]}":
            depth -= 1
    return False
