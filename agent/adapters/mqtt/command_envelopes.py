"""Signed commands of the platform: ``down/cmd/<name>`` at a site that has keys.

The signature is checked before anything else of the message is, and what is checked then are the bytes that were
signed. What is not signed by a known key for this site is refused and not answered: nobody knows who has sent it.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from agent.adapters.host.signing_keys import NotSigned, Purpose, SigningKeys
from agent.adapters.mqtt.incoming_messages import COMMANDS, LARGEST_PAYLOAD, loggable, said, text_of
from agent.adapters.mqtt.input_messages import Message, Utc, Watts
from agent.domain.canonical_json import canonical
from agent.domain.commands import Command, OverrideBattery, read_command
from agent.domain.override import AUTO, Override, OverrideAction
from agent.domain.sentence import sentence_of
from agent.domain.sentences import messages as say
from agent.domain.signed_command import LONGEST_LEASE, SignedCommand, Unmeant
from agent.domain.wire import WireError
from agent.ports import PayloadRefused

COMMAND_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # it is a level of a topic


class CommandEnvelope(Message):
    """What every signed command has around its ``params``."""

    id: str
    audience: str
    counter: Annotated[int, Field(ge=1, le=2**53)]
    not_before: Utc
    expires_at: Utc
    params: dict[str, Any]
    key: str

    @field_validator("id")
    @classmethod
    def _a_level(cls, found: str) -> str:
        if not COMMAND_ID.fullmatch(found):
            raise ValueError("it has 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")
        return found


class OverrideParams(Message):
    """``lease_s`` seconds from ``not_before`` on; without ``power_w`` it is all that the limits allow."""

    action: Literal["hold", "charge", "discharge", "auto"]
    power_w: Watts | None = None
    lease_s: Annotated[int, Field(ge=1, le=int(LONGEST_LEASE.total_seconds()))] | None = None


def parse_signed(topic: str, payload: bytes, site_id: str, keys: SigningKeys) -> SignedCommand:
    """The command of one message. Raises PayloadRefused with the topic, the place and the reason."""
    found = json.loads(text_of(topic, payload, LARGEST_PAYLOAD))
    try:
        keys.verify(Purpose.COMMAND, found)
        envelope = CommandEnvelope.model_validate_json(canonical(found))
    except NotSigned as error:
        raise PayloadRefused(say.message_refused(topic=topic, cause=sentence_of(error))) from error
    except ValidationError as error:
        raise PayloadRefused(say.message_refused(topic=topic, cause=said(error))) from error
    if envelope.audience != site_id:
        other = say.for_site(site=loggable(envelope.audience))
        raise PayloadRefused(say.message_refused(topic=topic, cause=other))
    name = topic.removeprefix(COMMANDS)
    terms = _terms(name, envelope.params, envelope.id, envelope.not_before)
    times = envelope.not_before, envelope.expires_at
    return SignedCommand(envelope.id, name, envelope.key, envelope.counter, *times, terms)


def _terms(name: str, params: Mapping[str, Any], command_id: str, begins: datetime) -> Command | Unmeant:
    try:
        if name == "override":
            return OverrideBattery(
                _override(OverrideParams.model_validate_json(json.dumps(params)), command_id, begins)
            )
        return read_command(name, params)
    except ValidationError as error:
        return Unmeant(f"params.{said(error)}")
    except ValueError as error:  # a WireError is one
        return Unmeant(f"params: {loggable(str(error))}")


def _override(asked: OverrideParams, command_id: str, begins: datetime) -> Override | None:
    """None lets the agent decide again. Raises ValueError for what cannot be meant."""
    if asked.action == AUTO:
        return None
    if asked.lease_s is None:
        raise WireError("an override ends: lease_s is missing")
    until = begins + timedelta(seconds=asked.lease_s)
    return Override(OverrideAction(asked.action), until, begins, asked.power_w, command_id)
