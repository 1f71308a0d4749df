"""Sends what is due, each target in its own time: one at a time, in a thread, and ever more seldom where it fails."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from agent.console.alerts.alert import TEST, Alert, alert_id
from agent.console.alerts.outbox import Waiting, refused, rest_s, without
from agent.console.alerts.outbox_file import OutboxFile
from agent.console.alerts.outcome import NotReached, Outcome, Refused, Sent
from agent.console.alerts.secrets import SecretFiles
from agent.console.alerts.settings import AlertSettings, Target
from agent.console.alerts.site import Site
from agent.console.alerts.throttle import due
from agent.console.alerts.words import read_words
from agent.console.problem import Problem
from agent.console.source import Source
from agent.domain.alarms import Severity
from agent.domain.sentences import receivers as say

ABANDONED_S = 12.0  # the time of a connection, and a little; a name server may take longer
TEST_EVERY_S = 5.0
ABANDONED = say.receiver_no_answer_in_time()

log = structlog.get_logger("alerts")


@dataclass(frozen=True, slots=True)
class Last:
    """What came of the last try for a target; ``at`` is UTC."""

    at: datetime
    outcome: Outcome


@dataclass(slots=True)
class Line:
    """What this process knows of one target. Times are of the monotonic clock. ``threads`` are sending, those that
    were given up among them."""

    task: asyncio.Task[None] | None = None
    threads: int = 0
    failures: int = 0
    rests_until: float = float("-inf")
    tested_at: float = float("-inf")
    last: Last | None = None


class Delivery:
    """``file`` holds what waits. ``lines`` are by target."""

    def __init__(self, source: Source, file: OutboxFile, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._source, self._file, self._monotonic = source, file, monotonic
        site = source.settings.site
        self._site = Site(site.id, site.name, source.zone, site.currency)
        self._files = SecretFiles.beside(source.own)
        self._settings = AlertSettings()
        self.lines: dict[str, Line] = {}

    def begin(self, settings: AlertSettings) -> None:
        """A task for each target that something is due for, where it neither has one nor rests."""
        self._settings = settings
        for target in settings.enabled:
            line = self.lines.setdefault(target.id, Line())
            is_free = (line.task is None or line.task.done()) and not line.threads
            if is_free and self._monotonic() >= line.rests_until and self._due(target, settings):
                line.task = asyncio.create_task(self._deliver(target, line, settings))

    def changed(self, settings: AlertSettings) -> None:
        """They are others: nobody is told by the old ones, and nobody rests any more."""
        self._settings = settings
        for line in self.lines.values():
            line.failures, line.rests_until = 0, float("-inf")

    async def test(self, target: Target, settings: AlertSettings) -> Outcome:
        """Sent at once, whatever waits, rests or is quiet. Raises Problem where one is being sent."""
        line = self.lines.setdefault(target.id, Line())
        now, at = self._monotonic(), self._source.now()
        if line.threads:
            raise Problem("busy", say.receiver_busy(receiver=target.id), after_s=int(TEST_EVERY_S))
        if now - line.tested_at < TEST_EVERY_S:
            said = say.receiver_tested_just_now(receiver=target.id, after_s=TEST_EVERY_S)
            raise Problem("busy", said, after_s=int(TEST_EVERY_S))
        line.tested_at = now
        text = read_words(settings.language)["test.text"]
        alert = Alert(alert_id(self._site.id, TEST, at.isoformat()), at, TEST, Severity.INFO, text)
        line.last = Last(at, await self._sent(target, alert, line, settings))
        return line.last.outcome

    async def close(self) -> None:
        tasks = [line.task for line in self.lines.values() if line.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _due(self, target: Target, settings: AlertSettings) -> Waiting | None:
        return due(self._file.box(), target.id, settings, self._source.now(), self._source.zone)

    async def _deliver(self, target: Target, line: Line, settings: AlertSettings) -> None:
        """Until nothing is due any more, or one fails."""
        while settings == self._settings and (one := self._due(target, settings)):
            outcome, before = await self._sent(target, one.alert, line, settings), line.last
            now = self._source.now()
            line.last = Last(now, outcome)
            match outcome:
                case Sent():
                    self._file.put(without(self._file.box(), one))
                    if line.failures:
                        log.info("sent_again", target=target.id)
                    line.failures = 0
                    continue
                case Refused():
                    self._file.put(refused(self._file.box(), one, now))
                case NotReached():
                    pass
            line.failures += 1
            line.rests_until = self._monotonic() + rest_s(line.failures)
            if before is None or before.outcome != outcome:
                log.warning("not_sent", target=target.id, why=outcome.said)
            return

    async def _sent(self, target: Target, alert: Alert, line: Line, settings: AlertSettings) -> Outcome:
        """In a thread that keeps nobody waiting, neither for its name server nor at the end of the process."""
        loop, words, now = asyncio.get_running_loop(), read_words(settings.language), self._source.now()
        answer: asyncio.Future[Outcome] = loop.create_future()

        def told(outcome: Outcome) -> None:
            line.threads -= 1
            if not answer.done():
                answer.set_result(outcome)

        def work() -> None:
            try:
                from agent.console.alerts.sending import send  # 1.3 MB for mail and HTTP: not before they are needed

                outcome: Outcome = send(target, alert, words, self._site, self._files, now)
            except Exception as error:
                log.exception("defect", target=target.id, exc_info=error)
                outcome = NotReached(say.receiver_defect())
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(told, outcome)

        line.threads += 1
        threading.Thread(target=work, name=f"alert-{target.id}", daemon=True).start()
        try:
            async with asyncio.timeout(ABANDONED_S):
                return await answer
        except TimeoutError:
            return NotReached(ABANDONED)
