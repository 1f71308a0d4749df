"""Sync: sends what is in the store to the central platform, takes in what the platform says. When, and nothing else.

The store is the only queue. What has been sent is a mark in memory, what has been acknowledged is a mark in the store;
after a return of the link, sending goes on from the acknowledged mark and the platform removes what it has twice.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from agent.cycles.alarms import Alarms
from agent.cycles.stream_marks import FIRST_ROWS, NOT_THE_ROW, StreamMarks
from agent.domain.advisory import AdviceRequest, Advisory
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.documents import PARKED
from agent.domain.envelope import Envelope
from agent.domain.inputs import Acknowledgement, PlatformInput
from agent.domain.plan import Plan
from agent.domain.records import OutboxRow
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
from agent.site_view import Outlet

STREAMS = ("event", "decision", "minute")  # what a person waits for goes first, also while a backlog drains
COMMANDS = "down/cmd/"
BATCHES_PER_STEP = 20
PAUSE_S, LONGEST_PAUSE_S = 30.0, 600.0  # after a refusal of what opens a connection, or a failure of the store
REPLAY_PAUSE_S = 30.0  # the same replay is asked for with every batch that was under way
LIVE_EVERY_S, LIVE_WHILE_DRAINING_S = 30.0, 5.0
REFUSED_MESSAGES_EVERY_S = 60.0
MOST_PARKED = 50


@dataclass(slots=True)
class Counters:
    """Since the start: rows sent (again ones too), envelopes refused by the broker, rows parked, messages refused by
    us, inputs."""

    sent: int = 0
    refused: int = 0
    skipped: int = 0
    messages_refused: int = 0
    inputs: int = 0


class Sync:
    """Run ``step`` every second or so and ``listen`` beside it. One task each; neither raises.

    ``acknowledged_by`` ``platform`` releases rows by the platform's cumulative acknowledgement, ``broker`` by the
    broker's PUBACK. ``take_input`` gets every valid input and says why it refuses it, or None; the text of one that
    was taken is given to ``keep``, under ``input/<name>``. A step drains for no longer than ``drain_s``, so that it can
    stand between two control steps.
    """

    def __init__(
        self,
        store: Store,
        link: CloudLink,
        payloads: Payloads,
        clock: Clock,
        outlet: Outlet,
        facts: Callable[[], Mapping[str, object]],
        take_input: Callable[[PlatformInput], str | None],
        alarms: Alarms,
        keep: Callable[[str, str], None],
        acknowledged_by: Literal["platform", "broker"] = "platform",
    ) -> None:
        self._store, self._link, self._payloads = store, link, payloads
        self._clock, self._outlet = clock, outlet
        self._facts = facts
        self._take_input = take_input
        self._alarms, self._keep = alarms, keep
        self._by_broker = acknowledged_by == "broker"
        self._streams: dict[str, StreamMarks] = {}
        self._replayed: dict[str, tuple[int, float]] = {}
        self._published_plan: Plan | None = None
        self._published_advice: tuple[Advisory, ...] | None = None
        self.take_request: Callable[[AdviceRequest], None] = lambda request: None
        self.drain_s = 2.0
        self._told_alarms: tuple[str, ...] = ()
        self._greeted = False
        self._not_before = self._pause_s = 0.0
        self._live_at = -LIVE_EVERY_S
        self._draining = False
        self._refused: set[str] = set()  # topics that the broker does not take
        self._parked: list[dict[str, object]] = []
        self._messages_refused: dict[str, tuple[float, int]] = {}
        self.counters = Counters()

    @property
    def acknowledged(self) -> tuple[tuple[str, int], ...]:
        """The marks for ``Batch.acknowledged`` of every commit. They are cumulative, and the store only takes rises."""
        return tuple((name, stream.acked) for name, stream in self._streams.items())

    async def step(self) -> None:
        """Send what can be sent now."""
        link = self._link
        self._outlet.show(replace(self._outlet.view, connected=link.connected, link_trouble=link.trouble))
        if not self._link.connected:
            self._greeted = False
            self._alarms.alarm(AlarmKind.STORE_FAILED, None, by="sync")  # nothing is read until the link is back
            return
        if self._clock.monotonic() < self._not_before:
            return
        try:
            await self._tell_alarms()
            if not self._greeted:
                await self._greet()
            await self._send_live()
            await self._send_plan()
            await self._send_advice()
            await self._drain()
            self._pause_s = 0.0
            self._alarms.alarm(AlarmKind.STORE_FAILED, None, by="sync")
        except EnvelopeRefused as refusal:
            self._pause()
            self._note_refused("up/info", refusal)
        except StoreFailure as failure:
            self._pause()
            self._alarms.alarm(AlarmKind.STORE_FAILED, str(failure), by="sync")
        except LinkFailure:
            self._greeted = False  # the rows are in the store; the link says why, and comes back by itself

    def _pause(self) -> None:
        """Wait before the next step, each time twice as long."""
        self._pause_s = min(max(PAUSE_S, 2 * self._pause_s), LONGEST_PAUSE_S)
        self._not_before = self._clock.monotonic() + self._pause_s

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
            self._refuse_message(topic, f"{topic}: a command must not be retained")
            return
        try:
            message = self._payloads.parse(topic, payload)
        except PayloadRefused as error:
            self._refuse_message(topic, str(error))
            return
        if isinstance(message, Acknowledgement):
            try:
                await self._acknowledge(message)
            except StoreFailure as failure:
                self._alarms.alarm(AlarmKind.STORE_FAILED, str(failure), by="sync")
            return
        if isinstance(message, AdviceRequest):
            self._take_request(topic, message)
            return
        refusal = self._take_input(message)
        if refusal is not None:
            self._refuse_message(topic, f"{topic}: {refusal}")
            return
        self.counters.inputs += 1
        self._keep(topic.removeprefix("down/"), payload.decode("utf-8"))

    def _take_request(self, topic: str, request: AdviceRequest) -> None:
        if request.expires_at is not None and self._clock.trusted() and request.expires_at <= self._clock.now():
            expired = f"the command has expired at {request.expires_at:%Y-%m-%d %H:%M:%S} UTC"
            self._refuse_message(topic, f"{topic}: {expired}")
            return
        self.take_request(request)

    def _refuse_message(self, topic: str, why: str) -> None:
        """Told once a minute and topic; a flood of bad messages is no flood of events."""
        self.counters.messages_refused += 1
        now = self._clock.monotonic()
        told_at, untold = self._messages_refused.get(topic, (now - REFUSED_MESSAGES_EVERY_S, 0))
        if now - told_at < REFUSED_MESSAGES_EVERY_S:
            self._messages_refused[topic] = (told_at, untold + 1)
            return
        self._messages_refused[topic] = (now, 0)
        self._alarms.note(EventKind.MESSAGE_REFUSED, why + (f" (and {untold} more before it)" if untold else ""))

    async def _greet(self) -> None:
        """Once a connection: who we are, and back to what the platform is known to have."""
        await self._load_marks()
        for stream in self._streams.values():
            stream.go_back(stream.acked)
            stream.limit, stream.not_before = min(stream.limit, FIRST_ROWS), 0.0
        await self._link.publish(self._payloads.info(self._facts(), self._clock.now()))
        self._note_taken("up/info")
        self._published_plan = self._published_advice = None
        self._greeted = True

    async def _tell_alarms(self) -> None:
        """The status again when other alarms stand: this way they reach the platform without the store, too."""
        alarms = self._alarms.texts
        if alarms != self._told_alarms:
            await self._link.publish(self._payloads.status("online", self._clock.now(), alarms))
            self._told_alarms = alarms

    async def _load_marks(self) -> None:
        if not self._streams:
            backlog = await self._store.backlog()
            self._parked = json.loads(await self._store.kept(PARKED.name) or "[]")
            self._streams = {
                name: StreamMarks(backlog[name][0], backlog[name][0], backlog[name][0]) for name in STREAMS
            }

    async def _send_live(self) -> None:
        """What is measured now, which does not wait for a backlog."""
        now, state = self._clock.monotonic(), self._outlet.view.state
        if state is not None and now - self._live_at >= (LIVE_WHILE_DRAINING_S if self._draining else LIVE_EVERY_S):
            self._live_at = now
            await self._send_document(self._payloads.live(state, self._outlet.view.setpoint, self._clock.now()))

    async def _send_plan(self) -> None:
        plan = self._outlet.view.plan
        if plan is not None and plan is not self._published_plan:
            await self._send_document(self._payloads.plan(plan, self._clock.now()))
            self._published_plan = plan

    async def _send_advice(self) -> None:
        advice = self._outlet.view.advice
        if advice is not None and advice != self._published_advice:
            await self._send_document(self._payloads.advice(advice, self._clock.now()))
            self._published_advice = advice

    async def _send_document(self, envelope: Envelope) -> None:
        """One that the broker refuses is not tried again: the next one replaces it, and rows do not wait for it."""
        try:
            await self._link.publish(envelope)
        except EnvelopeRefused as refusal:
            self._note_refused(envelope.topic, refusal)
        else:
            self._note_taken(envelope.topic)

    async def _drain(self) -> None:
        """Send batches, the most urgent stream first, until nothing is left or the step has had its share."""
        began = self._clock.monotonic()
        for stream in self._streams.values():
            stream.lose_patience(began)
        for _ in range(BATCHES_PER_STEP):
            sent = [await self._send_batch(name) for name in STREAMS]
            self._draining = any(sent)
            if not self._draining or self._clock.monotonic() - began >= self.drain_s:
                return
            await self._send_live()

    async def _send_batch(self, name: str) -> bool:
        stream, began = self._streams[name], self._clock.monotonic()
        if began < stream.not_before:
            return False
        rows = stream.sendable(await self._store.pending(name, stream.sent, stream.limit))
        if not rows:
            return False
        envelope = self._payloads.rows(name, rows, stream.prev, self._clock.now())
        assert envelope.seq_to is not None
        mark, taken = stream.sent, [row.seq for row in rows if row.seq <= envelope.seq_to]
        try:
            await self._link.publish(envelope)
        except EnvelopeRefused as refusal:
            if refusal.code in NOT_THE_ROW:
                self._note_refused(envelope.topic, refusal)
            else:
                self.counters.refused += 1  # a row that cannot be sent is told when it is parked
            if stream.note_refusal(refusal.code, taken, self._clock.monotonic()):
                self._park(name, rows[0])
            return False
        except LinkFailure:
            if stream.note_failure(taken, self._clock.monotonic() - began):
                self._park(name, rows[0])
            raise
        self.counters.sent += len(taken)
        self._note_taken(envelope.topic)
        if stream.sent == mark:  # else the platform has moved the mark in the meantime
            now = self._clock.monotonic()
            stream.note_sent(envelope.seq_to, len(taken), now - began, now, self._by_broker)
        return True

    def _note_refused(self, topic: str, refusal: EnvelopeRefused) -> None:
        self.counters.refused += 1
        self._refused.add(topic)
        self._alarms.alarm(AlarmKind.UPLOAD_REFUSED, str(refusal), topic)

    def _note_taken(self, topic: str) -> None:
        if topic in self._refused:
            self._refused.discard(topic)
            self._alarms.alarm(AlarmKind.UPLOAD_REFUSED, None, topic)

    def _park(self, name: str, row: OutboxRow) -> None:
        """It is not sent any more; it stays in the store, and a copy of it longer than the store keeps rows."""
        self.counters.skipped += 1
        text = json.dumps(row.named(), separators=(",", ":"), ensure_ascii=False)
        self._parked = [*self._parked, {"stream": name, "seq": row.seq, "row": text}][-MOST_PARKED:]
        self._keep(PARKED.name, json.dumps(self._parked))
        self._alarms.note(
            EventKind.ROW_SKIPPED,
            f"Row {row.seq} of the stream {name} was refused time and again and is parked: not sent, kept.",
        )

    async def _acknowledge(self, message: Acknowledgement) -> None:
        await self._load_marks()
        if self._by_broker:
            return
        now = self._clock.monotonic()
        for name, seq in message.streams:
            self._streams[name].acknowledge(seq, now)
        for name, seq in message.resend_from:
            asked, at = self._replayed.get(name, (-1, 0.0))
            if seq <= self._streams[name].sent and (seq != asked or now - at > REPLAY_PAUSE_S):
                self._replayed[name] = (seq, now)
                self._streams[name].go_back(seq - 1)
