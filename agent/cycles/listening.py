"""Takes in what the platform says: every message is checked, and given to the one that it is for."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.cycles.alarms import Alarms
from agent.cycles.sync import Sync
from agent.domain.alarms import EventKind
from agent.domain.commands import Request
from agent.domain.inputs import Acknowledgement, PlatformInput
from agent.domain.model_delivery import ModelManifest
from agent.domain.notice import Notice
from agent.domain.sentence import sentence_of
from agent.domain.sentences import messages as say
from agent.domain.signed_command import SignedCommand
from agent.hearing import hear
from agent.ports import Clock, CloudLink, PayloadRefused, Payloads, TopicUnknown
from agent.recording.pending_writes import PendingWrites

COMMANDS, NOTICE, DESIRED = "down/cmd/", "_all/down/notice", "down/desired"
REFUSED_EVERY_S = 60.0
LONGEST_NAME = 40
OTHERS = "other topics"  # a flood of them is told as one

TakeDesired = Callable[[bytes], str | None]


def fetch_no_model(_: ModelManifest) -> str | None:
    """Without keys nobody can tell who has made a model."""
    return say.models_without_keys()


@dataclass(frozen=True, slots=True)
class Takers:
    """Who gets what came and is valid; each but ``notice`` says why it refuses it, or None.

    ``command`` gets those that need no signature.
    """

    command: Callable[[Request], str | None]
    input: Callable[[PlatformInput], str | None]
    signed: Callable[[SignedCommand], str | None]
    notice: Callable[[Notice], None]
    model: Callable[[ModelManifest], str | None] = fetch_no_model


@dataclass(slots=True)
class Heard:
    """Messages since the start."""

    refused: int = 0
    inputs: int = 0


def _no_desired(_: bytes) -> str:
    return say.nobody_takes_config()


class Listening:
    """Run ``listen`` as a task of its own; it does not raise.

    ``take_desired`` gets every message on the configuration, unread, and says why it refuses it, or None. The text of
    an input that was taken is kept, under ``input/<name>``.
    """

    def __init__(
        self, clock: Clock, link: CloudLink, payloads: Payloads, pending: PendingWrites, sync: Sync, takers: Takers
    ) -> None:
        self._clock, self._link, self._payloads, self._pending = clock, link, payloads, pending
        self._sync, self._takers = sync, takers
        self._alarms = Alarms(clock, pending)
        self._told: dict[str, tuple[float, int]] = {}
        self.heard = Heard()
        self.take_desired: TakeDesired = _no_desired

    async def listen(self) -> None:
        """Take in messages for ever."""
        await hear(self._link.incoming, self.take)

    async def take(self, topic: str, payload: bytes, retained: bool = False) -> None:
        """Take in one message. A bad one is counted, reported and otherwise ignored.

        A command or a notice that the broker has kept is an old one, which would come again with every connection.
        """
        if retained and (topic.startswith(COMMANDS) or topic == NOTICE):
            if topic == NOTICE:
                self._refuse_if(NOTICE, say.notice_retained())
                return
            known = f"{COMMANDS}{_short(topic.removeprefix(COMMANDS))}"
            self._refuse(COMMANDS, say.message_refused(topic=known, cause=say.command_retained()))
            return
        if topic == DESIRED:
            self._refuse_if(topic, self.take_desired(payload))
            return
        try:
            message = self._payloads.parse(topic, payload)
        except PayloadRefused as error:
            self._refuse(OTHERS if isinstance(error, TopicUnknown) else topic, sentence_of(error))
            return
        match message:
            case Acknowledgement():
                self._refuse_if(topic, await self._sync.acknowledge(message, retained))
            case Request():
                self._refuse_if(topic, self._takers.command(message))
            case SignedCommand():
                self._refuse_if(topic, self._takers.signed(message))
            case Notice():
                self._takers.notice(message)
            case ModelManifest():
                self._refuse_if(topic, self._takers.model(message))
            case _:
                self._take(topic, payload, message)

    def _take(self, topic: str, payload: bytes, message: PlatformInput) -> None:
        refusal = self._takers.input(message)
        self._refuse_if(topic, refusal)
        if refusal is None:
            self.heard.inputs += 1
            self._pending.keep(topic.removeprefix("down/"), payload.decode("utf-8"))

    def _refuse_if(self, topic: str, refusal: str | None) -> None:
        if refusal is not None:
            self._refuse(topic, say.message_refused(topic=topic, cause=refusal))

    def _refuse(self, topic: str, why: str) -> None:
        """Told once a minute and topic; a flood of bad messages is no flood of events."""
        self.heard.refused += 1
        now = self._clock.monotonic()
        told_at, untold = self._told.get(topic, (now - REFUSED_EVERY_S, 0))
        if now - told_at < REFUSED_EVERY_S:
            self._told[topic] = (told_at, untold + 1)
            return
        self._told[topic] = (now, 0)
        told = say.others_before_it(said=why, more=untold) if untold else why
        self._alarms.note(EventKind.MESSAGE_REFUSED, told)


def _short(name: str) -> str:
    """The name of a command as it may stand in a log: it is the sender's."""
    return name if name.isprintable() and len(name) <= LONGEST_NAME else "(a name)"
