"""Once a night candidate models are tried. When, and nothing else."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.cycles.night import is_its_time
from agent.cycles.planning import Question
from agent.cycles.retry import NIGHTLY_RESTS_S, Retry
from agent.domain.alarms import EventKind
from agent.domain.documents import MODEL_TRIAL
from agent.domain.sentence import sentence_of
from agent.domain.sentences.events import no_trial
from agent.ports import Clock, TrialFailure, Trials
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet

SOON = timedelta(hours=12)
USUAL_SOC_PCT = 50.0


class NightlyTrials:
    """Run ``step`` every few minutes. When the last trials were is kept in the store, under ``trial``.

    Trials that fail night after night are held ever more seldom.
    """

    def __init__(
        self, clock: Clock, trials: Trials, question: Question, pending: PendingWrites, outlet: Outlet, zone: ZoneInfo
    ) -> None:
        self._clock, self._trials, self._question = clock, trials, question
        self._pending, self._outlet, self._zone = pending, outlet, zone
        self._alarms = Alarms(clock, pending)
        self._retry = Retry(NIGHTLY_RESTS_S)
        self._last: datetime | None = None

    def recall(self, document: str | None) -> None:
        """The kept document from before the start; one that cannot be read counts as none."""
        try:
            at = datetime.fromisoformat(json.loads(document or "{}")["at"])
        except (ValueError, KeyError, TypeError):
            return
        self._last = at if at.tzinfo is not None else None

    async def step(self) -> None:
        """Hold trials when it is time. What they decide, or why there were none, is an event; nothing is raised."""
        now = self._clock.now()
        if not self._is_due(now):
            return
        state = self._outlet.view.state
        soc_pct = None if state is None else state.soc_pct.known
        request = self._question(now, USUAL_SOC_PCT if soc_pct is None else soc_pct)
        if request is None:
            return  # no price is known yet; planning says so
        self._note_time(now)
        began_s = self._clock.monotonic()
        try:
            sentences = await self._trials.hold(request)
        except TrialFailure as failure:
            self._retry.failed(began_s, self._clock.monotonic())
            self._alarms.note(EventKind.TRIAL_FAILED, no_trial(cause=sentence_of(failure)))
            return
        self._retry.succeeded()
        for sentence in sentences:
            self._alarms.note(EventKind.MODEL_TRIAL, sentence)

    def _is_due(self, now: datetime) -> bool:
        if not self._clock.trusted() or self._retry.rests(self._clock.monotonic()):
            return False
        if self._last is None or self._last > now:
            self._note_time(now)
        assert self._last is not None
        return is_its_time(now, self._last, SOON, self._zone)

    def _note_time(self, at: datetime) -> None:
        self._last = at
        self._pending.keep(MODEL_TRIAL.name, json.dumps({"at": at.isoformat(timespec="seconds")}))
