"""What the platform says that it has of each stream, and wants to have again: what of that is believed.

One above all that was sent, which the broker has kept since before this run, is no lie: the store is older than what
the platform knows, restored from a copy, or made anew by a wrong clock. Rows that are written on from there would be
taken for ones that the platform has already, so they get numbers above it.
"""

from collections.abc import Mapping

from agent.cycles.alarms import Alarms
from agent.cycles.stream_marks import StreamMarks
from agent.domain.alarms import AlarmKind, EventKind, Severity
from agent.domain.inputs import Acknowledgement
from agent.domain.sentences.alarms import not_acknowledged
from agent.domain.sentences.events import numbers_known_already
from agent.domain.sentences.joined import joined
from agent.domain.sentences.messages import acknowledged_beyond
from agent.ports import Clock, Store
from agent.recording.pending_writes import PendingWrites


class Acknowledgements:
    """Moves the marks of the streams, and keeps how far each was acknowledged."""

    def __init__(self, clock: Clock, store: Store, pending: PendingWrites, alarms: Alarms) -> None:
        self._clock, self._store, self._pending, self._alarms = clock, store, pending, alarms

    async def take(self, message: Acknowledgement, streams: Mapping[str, StreamMarks], of_before: bool) -> str | None:
        """Why something of ``message`` is not believed, else None; ``of_before``: nothing had been sent in this run.

        Raises StoreFailure.
        """
        now, doubts, utc = self._clock.monotonic(), [], self._clock.now() if self._clock.trusted() else None
        for name, seq in message.streams:
            stream = streams[name]
            if stream.may_be_of_another_store(seq, of_before, utc):
                await self._number_above(name, seq, stream)
            elif not stream.may_be_known(seq, of_before):
                doubts.append(acknowledged_beyond(stream=name, row=seq, highest=stream.highest))
                continue
            stream.acknowledge(seq, now)
            self._pending.acknowledge(name, stream.acked)
        for name, seq in message.resend_from:
            streams[name].ask_again(seq, now)
        return joined(doubts) if doubts else None

    def watch(self, streams: Mapping[str, StreamMarks]) -> None:
        """The alarm, while the link is up: a subscription that the broker has granted proves nothing."""
        now = self._clock.monotonic()
        unheard = any(stream.is_unheard(now) for stream in streams.values())
        self._alarms.alarm(AlarmKind.NOT_ACKNOWLEDGED, not_acknowledged() if unheard else None)

    def leave(self, streams: Mapping[str, StreamMarks]) -> None:
        """The connection is over, and with it the wait of rows that had not waited for too long."""
        now = self._clock.monotonic()
        for stream in streams.values():
            if not stream.is_unheard(now):
                stream.unheard_since = None

    async def _number_above(self, name: str, seq: int, stream: StreamMarks) -> None:
        """Rows that are not acknowledged are sent under numbers that the platform does not know.

        What was sent before this was heard comes twice where the platform has taken it: better so than not at all.
        """
        rows = await self._store.number_above(name, seq)
        stream.note_sending(seq)
        stream.go_back(stream.acked)
        told = numbers_known_already(stream=name, row=seq, rows=rows)
        self._alarms.note(EventKind.STORE_REPLACED, told, severity=Severity.WARNING)
