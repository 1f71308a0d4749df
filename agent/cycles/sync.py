"""Sync: sends what is in the store to the central platform, takes in what the platform says. When, and nothing else.

The store is the only queue. What has been sent is a mark in memory, what has been acknowledged is a mark in the store;
after a return of the link, sending goes on from the acknowledged mark and the platform removes what it has twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from agent.domain.advisory import AdviceRequest, Advisory
from agent.domain.envelope import Envelope
from agent.domain.inputs import Acknowledgement, PlatformInput
from agent.domain.plan import Plan
from agent.latest import Latest
from agent.ports import (
    Clock,
    CloudLink,
    EnvelopeRefused,
    LinkFailure,
    PayloadRefused,
    Payloads,
    Store,
    StoreFailure,
)

STREAMS = ("event", "decision", "minute")  # what a person waits for goes first, also while a backlog drains
COMMANDS = "down/cmd/"
BATCH_ROWS = 500
BATCHES_PER_STEP = 20
REFUSALS_BEFORE_SKIPPING = 5
PAUSE_S = 30.0  # after a refusal by the broker or a failure of the store
REPLAY_PAUSE_S = 30.0  # the same replay is asked for with every batch that was under way
FIRST_PATIENCE_S = 600.0
LONGEST_PATIENCE_S = 86400.0


@dataclass(slots=True)
class Counters:
    """Since the start: rows sent (again ones too), envelopes refused by the broker, messages refused by us, inputs."""

    sent: int = 0
    refused: int = 0
    skipped: int = 0
    messages_refused: int = 0
    inputs: int = 0


@dataclass(slots=True)
class _Stream:
    """``sent`` and ``acked`` are seqs. ``limit`` is how many rows the next envelope may have."""

    sent: int
    acked: int
    prev: int
    limit: int = BATCH_ROWS
    refusals: int = 0
    waiting_since: float | None = None
    patience_s: float = FIRST_PATIENCE_S


class Sync:
    """Run ``step`` every second or so and ``listen`` beside it. One task each; neither raises.

    ``acknowledged_by`` ``platform`` releases rows by the platform's cumulative acknowledgement, ``broker`` by the
    broker's PUBACK. ``take_input`` gets every valid input; its text is in ``latest.kept_documents`` by then, under
    ``input/<name>``. ``report`` gets (kind, severity, sentence) for what a person may want to know.
    """

    def __init__(
        self,
        store: Store,
        link: CloudLink,
        payloads: Payloads,
        clock: Clock,
        latest: Latest,
        facts: Callable[[], Mapping[str, object]],
        take_input: Callable[[PlatformInput], None],
        report: Callable[[str, str, str], None],
        acknowledged_by: Literal["platform", "broker"] = "platform",
    ) -> None:
        self._store = store
        self._link = link
        self._payloads = payloads
        self._clock = clock
        self._latest = latest
        self._facts = facts
        self._take_input = take_input
        self._report = report
        self._by_broker = acknowledged_by == "broker"
        self._streams: dict[str, _Stream] = {}
        self._replayed: dict[str, tuple[int, float]] = {}
        self._published_plan: Plan | None = None
        self._published_advice: tuple[Advisory, ...] | None = None
        self.take_request: Callable[[AdviceRequest], None] = lambda request: None
        self.alarms: Callable[[], tuple[str, ...]] = tuple
        self._told_alarms: tuple[str, ...] = ()
        self._greeted = False
        self._not_before = 0.0
        self.counters = Counters()

    @property
    def acknowledged(self) -> tuple[tuple[str, int], ...]:
        """The marks for ``Batch.acknowledged`` of every commit. They are cumulative, and the store only takes rises."""
        return tuple((name, stream.acked) for name, stream in self._streams.items())

    async def step(self) -> None:
        """Send what can be sent now."""
        self._latest.connected, self._latest.link_trouble = self._link.connected, self._link.trouble
        if not self._link.connected:
            self._greeted = False
            return
        if self._clock.monotonic() < self._not_before:
            return
        try:
            await self._tell_alarms()
            if not self._greeted:
                await self._greet()
            if self._latest.plan is not None and self._latest.plan is not self._published_plan:
                await self._send_plan(self._latest.plan)
            await self._send_advice()
            await self._drain()
        except EnvelopeRefused as refusal:
            self.counters.refused += 1
            self._not_before = self._clock.monotonic() + PAUSE_S
            self._report("upload_refused", "warning", str(refusal))
        except StoreFailure as failure:
            self._not_before = self._clock.monotonic() + PAUSE_S
            self._report("store_failed", "alarm", str(failure))
        except LinkFailure:
            self._greeted = False  # the rows are in the store; the link says why, and comes back by itself

    async def listen(self) -> None:
        """Take in messages for ever."""
        while True:
            topic, payload, retained = await self._link.incoming()
            await self.take(topic, payload, retained)

    async def take(self, topic: str, payload: bytes, retained: bool = False) -> None:
        """Take in one message. A bad one is counted, reported and otherwise ignored.

        A command that the broker has kept is an old one, which would come again with every connection.
        """
        if retained and topic.startswith(COMMANDS):
            self.counters.messages_refused += 1
            self._report("message_refused", "warning", f"{topic}: a command must not be retained")
            return
        try:
            message = self._payloads.parse(topic, payload)
        except PayloadRefused as refusal:
            self.counters.messages_refused += 1
            self._report("message_refused", "warning", str(refusal))
            return
        if isinstance(message, Acknowledgement):
            try:
                await self._acknowledge(message)
            except StoreFailure as failure:
                self._report("store_failed", "alarm", str(failure))
            return
        if isinstance(message, AdviceRequest):
            self.take_request(message)
            return
        self.counters.inputs += 1
        self._latest.kept_documents[topic.removeprefix("down/")] = payload.decode("utf-8")
        self._take_input(message)

    async def _greet(self) -> None:
        """Once a connection: who we are, and back to what the platform is known to have."""
        await self._load_marks()
        for stream in self._streams.values():
            _go_back(stream, stream.acked)
        await self._link.publish(self._payloads.info(self._facts(), self._clock.now()))
        self._published_plan = self._published_advice = None
        self._greeted = True

    async def _tell_alarms(self) -> None:
        """The status again when other alarms stand: this way they reach the platform without the store, too."""
        alarms = self.alarms()
        if alarms != self._told_alarms:
            await self._link.publish(self._payloads.status("online", self._clock.now(), alarms))
            self._told_alarms = alarms

    async def _load_marks(self) -> None:
        if not self._streams:
            backlog = await self._store.backlog()
            self._streams = {name: _Stream(backlog[name][0], backlog[name][0], backlog[name][0]) for name in STREAMS}

    async def _send_plan(self, plan: Plan) -> None:
        await self._link.publish(self._payloads.plan(plan, self._clock.now()))
        self._published_plan = plan

    async def _send_advice(self) -> None:
        advice = self._latest.advice
        if advice is not None and advice != self._published_advice:
            await self._link.publish(self._payloads.advice(advice, self._clock.now()))
            self._published_advice = advice

    async def _drain(self) -> None:
        """Send batches, the most urgent stream first, until nothing is left or the step has had its share."""
        for stream in self._streams.values():
            self._lose_patience(stream)
        for _ in range(BATCHES_PER_STEP):
            sent = [await self._send_batch(name) for name in STREAMS]
            if not any(sent):
                return

    async def _send_batch(self, name: str) -> bool:
        stream = self._streams[name]
        rows = await self._store.pending(name, stream.sent, stream.limit)
        if not rows:
            return False
        envelope = self._payloads.rows(name, rows, stream.prev, self._clock.now())
        mark, taken = stream.sent, sum(seq <= (envelope.seq_to or 0) for seq, _ in rows)
        try:
            await self._link.publish(envelope)
        except EnvelopeRefused:
            self._note_refusal(name, stream, taken, rows[0][0])
            raise
        self.counters.sent += taken
        if stream.sent == mark:  # else the platform has moved the mark in the meantime
            self._note_sent(stream, envelope)
        return True

    def _note_sent(self, stream: _Stream, envelope: Envelope) -> None:
        assert envelope.seq_to is not None
        stream.sent = stream.prev = envelope.seq_to
        stream.refusals, stream.limit = 0, min(2 * stream.limit, BATCH_ROWS)
        if self._by_broker:
            stream.acked = max(stream.acked, envelope.seq_to)
        elif stream.waiting_since is None:
            stream.waiting_since = self._clock.monotonic()

    def _note_refusal(self, name: str, stream: _Stream, taken: int, first: int) -> None:
        """Halve the batch, so that only the row that cannot be sent stands alone in the end; then go on without it.

        It stays in the store. ``prev`` does not move, which tells the platform that it will not come.
        """
        if taken > 1:
            stream.limit = taken // 2
            return
        stream.refusals += 1
        if stream.refusals >= REFUSALS_BEFORE_SKIPPING:
            stream.sent, stream.refusals, stream.limit = first, 0, BATCH_ROWS
            self.counters.skipped += 1
            self._report("row_skipped", "alarm", f"Row {first} of the stream {name} was refused and is not sent.")

    async def _acknowledge(self, message: Acknowledgement) -> None:
        await self._load_marks()
        if self._by_broker:
            return
        for name, seq in message.streams:
            stream = self._streams[name]
            if seq > stream.acked:
                stream.acked, stream.patience_s = seq, FIRST_PATIENCE_S
                stream.waiting_since = None if seq >= stream.sent else self._clock.monotonic()
                if seq > stream.sent:
                    _go_back(stream, seq)
        for name, seq in message.resend_from:
            asked, at = self._replayed.get(name, (-1, 0.0))
            now = self._clock.monotonic()
            if seq <= self._streams[name].sent and (seq != asked or now - at > REPLAY_PAUSE_S):
                self._replayed[name] = (seq, now)
                _go_back(self._streams[name], seq - 1)

    def _lose_patience(self, stream: _Stream) -> None:
        """What the broker took and nobody acknowledges is sent again, each time after twice as long."""
        since = stream.waiting_since
        if since is not None and self._clock.monotonic() - since > stream.patience_s:
            stream.patience_s = min(2 * stream.patience_s, LONGEST_PATIENCE_S)
            _go_back(stream, stream.acked)


def _go_back(stream: _Stream, seq: int) -> None:
    """Send on from after ``seq``."""
    stream.sent = stream.prev = seq
    stream.waiting_since = None
