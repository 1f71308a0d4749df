"""Tells the platform what becomes of its commands, in order, once each state is written down."""

from agent.cycles.alarms import Alarms
from agent.cycles.command_trail import CommandTrail
from agent.domain.alarms import AlarmKind
from agent.domain.sentence import sentence_of
from agent.ports import Clock, CloudLink, EnvelopeRefused, LinkFailure, Payloads
from agent.recording.pending_writes import PendingWrites

TOPIC = "up/cmd"
AT_ONCE = 50


class CommandAnswers:
    """Run ``step`` after every step of sync; it does not raise. What the link does not take waits."""

    def __init__(
        self, clock: Clock, link: CloudLink, payloads: Payloads, pending: PendingWrites, trail: CommandTrail
    ) -> None:
        self._clock, self._link, self._payloads, self._trail = clock, link, payloads, trail
        self._alarms = Alarms(clock, pending)

    async def step(self) -> None:
        answers = self._trail.answers
        for _ in range(min(len(answers), AT_ONCE)):
            record = answers[0]
            try:
                await self._link.publish(self._payloads.command(record, self._clock.now()))
            except EnvelopeRefused as refusal:
                self._alarms.alarm(AlarmKind.UPLOAD_REFUSED, sentence_of(refusal), TOPIC)  # it stays in the trail
            except LinkFailure:
                return
            else:
                self._alarms.alarm(AlarmKind.UPLOAD_REFUSED, None, TOPIC)
                self._trail.told(record)
            if answers and answers[0] is record:  # else newer ones have pushed it out
                answers.popleft()
