"""Sync: sends what is in the store to the central platform. When, and nothing else.

The store is the only queue. What has been sent is a mark in memory, what has been acknowledged is a mark in the store;
after a return of the link, sending goes on from the acknowledged mark and the platform removes what it has twice.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from agent.cycles.acknowledgements import Acknowledgements
from agent.cycles.alarms import Alarms
from agent.cycles.alarms_told import AlarmsTold
from agent.cycles.document_rests import DocumentRests
from agent.cycles.stream_marks import FIRST_ROWS, NOT_THE_ROW, StreamMarks
from agent.cycles.sync_rules import Counters, SyncRules
from agent.domain.advisory import Advisory
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.desired import RemoteConfig
from agent.domain.documents import PARKED
from agent.domain.envelope import HISTORY_TYPE, Envelope
from agent.domain.inputs import Acknowledgement
from agent.domain.plan import Plan
from agent.domain.records import OutboxRow
from agent.domain.sentence import sentence_of
from agent.domain.sentences.events import row_skipped
from agent.domain.sentences.link import connection_ends_with
from agent.ports import Clock, CloudLink, EnvelopeRefused, LinkFailure, Payloads, Store, StoreFailure
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet

STREAMS = ("event", "decision", "minute")  # what a person waits for goes first, also while a backlog drains
PAUSE_S, LONGEST_PAUSE_S = 30.0, 600.0  # after a refusal of what opens a connection, or a failure of the store
HISTORY_ROWS = 16  # from so many on a batch is a backlog
LIVE_EVERY_S, LIVE_WHILE_DRAINING_S = 30.0, 5.0
BATCHES_PER_STEP, MOST_PARKED = 20, 50


class Sync:
    """Run ``step`` every second or so; it does not raise. ``facts`` are what the platform is told once a connection."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        link: CloudLink,
        payloads: Payloads,
        pending: PendingWrites,
        outlet: Outlet,
        facts: Callable[[], Mapping[str, object]],
        rules: SyncRules,
    ) -> None:
        self._clock, self._store, self._link, self._payloads = clock, store, link, payloads
        self._pending, self._outlet = pending, outlet
        self._facts, self._rules = facts, rules
        self._alarms = Alarms(clock, pending)
        self._acknowledgements = Acknowledgements(clock, store, pending, self._alarms)
        self._streams: dict[str, StreamMarks] = {}
        self._published_plan: Plan | None = None
        self._published_advice: tuple[Advisory, ...] | None = None
        self._published_config: RemoteConfig | None = None
        self._alarms_told = AlarmsTold()
        self._greeted: int | None = None  # which connection, while it is there
        self._info_is_due = False
        self._not_before = self._pause_s = 0.0
        self._live_at = -LIVE_EVERY_S
        self._draining = False
        self._history_read = False  # by the platform, as its newest acknowledgement says
        self._rests = DocumentRests()
        self._refused: set[str] = set()  # topics that the broker does not take
        self._parked: list[dict[str, object]] = []
        self.counters = Counters()

    def go_by(self, facts: Callable[[], Mapping[str, object]]) -> None:
        """Other facts from now on; they are told without waiting for the next connection."""
        self._facts, self._info_is_due = facts, True

    async def step(self) -> None:
        """Send what can be sent now."""
        self._outlet.show(replace(self._outlet.view, connected=self._link.connected, link_trouble=self._link.trouble))
        if not self._link.connected:
            self._leave()
            self._alarms.alarm(AlarmKind.STORE_FAILED, None, by="sync")  # nothing is read until the link is back
            return
        if self._clock.monotonic() < self._not_before:
            return
        try:
            await self._tell_alarms()
            if self._greeted != self._link.connections:
                await self._greet()
            elif self._info_is_due:
                await self._tell_info()
            await self._send_live()
            await self._send_plan()
            await self._send_advice()
            await self._send_reported()
            await self._drain()
            self._acknowledgements.watch(self._streams)
            self._pause_s = 0.0
            self._alarms.alarm(AlarmKind.STORE_FAILED, None, by="sync")
        except EnvelopeRefused as refusal:
            self._pause()
            self._note_refused("up/info", sentence_of(refusal))
        except StoreFailure as failure:
            self._pause()
            self._alarms.alarm(AlarmKind.STORE_FAILED, sentence_of(failure), by="sync")
        except LinkFailure:
            self._leave()  # the rows are in the store; the link says why, and comes back by itself

    def _leave(self) -> None:
        """The connection is over; the next one is greeted."""
        self._acknowledgements.leave(self._streams)
        self._greeted = None

    def _pause(self) -> None:
        """Wait before the next step, each time twice as long."""
        self._pause_s = min(max(PAUSE_S, 2 * self._pause_s), LONGEST_PAUSE_S)
        self._not_before = self._clock.monotonic() + self._pause_s

    async def acknowledge(self, message: Acknowledgement, retained: bool = False) -> str | None:
        """What the platform has, and what it wants to have again. Why it is not believed, else None.

        One that the broker had ``retained`` when it was first reached is of before this run. A store that cannot be
        read is an alarm.
        """
        try:
            return await self._acknowledge(message, retained and self._link.connections == 1)
        except StoreFailure as failure:
            self._alarms.alarm(AlarmKind.STORE_FAILED, sentence_of(failure), by="sync")
            return None

    def resync(self) -> None:
        """Send again what is not acknowledged."""
        for stream in self._streams.values():
            stream.go_back(stream.acked)

    def report_info(self) -> None:
        """Say again what this site runs, with the next step."""
        self._info_is_due = True

    async def _greet(self) -> None:
        """Once a connection: who we are, and back to what the platform is known to have."""
        connection = self._link.connections
        await self._load_marks()
        for stream in self._streams.values():
            stream.go_back(stream.acked)
            stream.limit, stream.not_before = min(stream.limit, FIRST_ROWS), 0.0
        await self._tell_info()
        self._published_plan = self._published_advice = self._published_config = None
        self._greeted = connection

    async def _tell_info(self) -> None:
        acknowledged = {name: stream.acked for name, stream in self._streams.items()}
        facts = {**self._facts(), "acknowledged": acknowledged}  # a platform that lacks more sees it by this
        await self._link.publish(self._payloads.info(facts, self._clock.now()))
        self._info_is_due = False
        self._note_taken("up/info")

    async def _tell_alarms(self) -> None:
        """The status again: this way the alarms that stand reach the platform without the store, too."""
        now, standing = self._clock.monotonic(), self._pending.standing.all
        if self._alarms_told.are_due(standing, now):
            texts = tuple(alarm.text for alarm in standing)
            await self._link.publish(self._payloads.status("online", self._clock.now(), texts))
            self._alarms_told.note(standing, now)

    async def _load_marks(self) -> None:
        if not self._streams:
            backlog, before = await self._store.backlog(), await self._store.before_start()
            parked = self._alarms.read_kept(PARKED, await self._store.kept(PARKED.name), "skipped rows")
            self._parked = parked if isinstance(parked, list) else []
            self._streams = {
                name: StreamMarks(acked, acked, acked, highest=before[name], before=before[name])
                for name, (acked, _) in ((name, backlog[name]) for name in STREAMS)
            }

    async def _send_live(self) -> None:
        """What is measured now, which does not wait for a backlog."""
        now, view = self._clock.monotonic(), self._outlet.view
        state = view.state
        if state is not None and now - self._live_at >= (LIVE_WHILE_DRAINING_S if self._draining else LIVE_EVERY_S):
            self._live_at = now
            await self._send_document("live", lambda at: self._payloads.live(state, view.setpoint, view.override, at))

    async def _send_plan(self) -> None:
        plan = self._outlet.view.plan
        if plan is None or plan is self._published_plan:
            return
        if await self._send_document("plan", lambda at: self._payloads.plan(plan, at)):
            self._published_plan = plan

    async def _send_advice(self) -> None:
        advice = self._outlet.view.advice
        if advice is None or advice == self._published_advice:
            return
        if await self._send_document("advice", lambda at: self._payloads.advice(advice, at)):
            self._published_advice = advice

    async def _send_reported(self) -> None:
        config = self._outlet.view.remote_config
        if config is None or config == self._published_config:
            return
        if await self._send_document("reported", lambda at: self._payloads.reported(config, at)):
            self._published_config = config

    async def _send_document(self, name: str, make: Callable[[datetime], Envelope]) -> bool:
        """Whether the broker has answered. One that it refuses is not tried again: the next one replaces it.

        One at which the connection ends again and again is left out for a while: rows do not wait for it.
        """
        topic, began = f"up/{name}", self._clock.monotonic()
        if self._rests.rests(topic, began):
            return False
        try:
            await self._link.publish(make(self._clock.now()))
        except EnvelopeRefused as refusal:
            self._note_refused(topic, sentence_of(refusal))
        except LinkFailure as failure:
            if self._rests.ended(topic, began, self._clock.monotonic()):
                self._note_refused(topic, connection_ends_with(topic=topic, cause=sentence_of(failure)))
            raise
        else:
            self._note_taken(topic)
        self._rests.answered(topic)
        return True

    async def _drain(self) -> None:
        """Send batches, the most urgent stream first, until nothing is left or the step has had its share."""
        began = self._clock.monotonic()
        for stream in self._streams.values():
            stream.lose_patience(began)
            stream.replay(began)
        for _ in range(BATCHES_PER_STEP):
            sent = [await self._send_batch(name) for name in STREAMS]
            self._draining = any(sent)
            if not self._draining or self._clock.monotonic() - began >= self._rules.drain_s:
                return
            await self._send_live()

    async def _send_batch(self, name: str) -> bool:
        stream, began = self._streams[name], self._clock.monotonic()
        if began < stream.not_before:
            return False
        rows = stream.sendable(await self._store.pending(name, stream.sent, stream.to_read))
        if not rows:
            return False
        history = self._history_read and self._rules.history and len(rows) >= HISTORY_ROWS
        envelope = self._payloads.rows(name, rows, stream.prev, self._clock.now(), history)
        assert envelope.seq_to is not None
        stream.note_sending(envelope.seq_to)
        mark, taken = stream.sent, [row.seq for row in rows if row.seq <= envelope.seq_to]
        stream.note_fit(len(rows), len(taken))
        try:
            await self._link.publish(envelope)
        except EnvelopeRefused as refusal:
            if refusal.code in NOT_THE_ROW:
                self._note_refused(envelope.topic, sentence_of(refusal))
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
            stream.note_sent(envelope.seq_to, len(taken), now - began, now, self._rules.by_broker)
            if self._rules.by_broker:
                self._pending.acknowledge(name, stream.acked)
        return True

    def _note_refused(self, topic: str, refusal: str) -> None:
        self.counters.refused += 1
        self._refused.add(topic)
        self._alarms.alarm(AlarmKind.UPLOAD_REFUSED, refusal, topic)

    def _note_taken(self, topic: str) -> None:
        if topic in self._refused:
            self._refused.discard(topic)
            self._alarms.alarm(AlarmKind.UPLOAD_REFUSED, None, topic)

    def _park(self, name: str, row: OutboxRow) -> None:
        """It is not sent any more; it stays in the store, and a copy of it longer than the store keeps rows."""
        self.counters.skipped += 1
        text = json.dumps(row.named(), separators=(",", ":"), ensure_ascii=False)
        self._parked = [*self._parked, {"stream": name, "seq": row.seq, "row": text}][-MOST_PARKED:]
        self._pending.keep(PARKED.name, json.dumps(self._parked))
        self._alarms.note(EventKind.ROW_SKIPPED, row_skipped(row=row.seq, stream=name))

    async def _acknowledge(self, message: Acknowledgement, of_before: bool) -> str | None:
        await self._load_marks()
        self._history_read = HISTORY_TYPE in message.accepts
        if self._rules.by_broker:
            return None
        return await self._acknowledgements.take(message, self._streams, of_before)
