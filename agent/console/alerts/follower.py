"""Follows the store's events and the live file while there are targets to be told.

Without a target nothing is read and nothing is sent. What waits is kept before it is sent, and taken out of the file
once it was: a console that is killed in between sends it again, under the same id.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from agent.console.alerts.delivery import Delivery
from agent.console.alerts.intake import with_events, with_passed
from agent.console.alerts.outbox import Outbox
from agent.console.alerts.outbox_file import OutboxFile
from agent.console.alerts.reading import MOST_EVENTS, Found, found, values
from agent.console.alerts.settings import AlertSettings
from agent.console.alerts.thresholds import Watch, watched
from agent.console.alerts.throttle import ready
from agent.console.alerts.words import read_words, threshold_text
from agent.console.live import look
from agent.console.own_settings import OwnFolderFailure, OwnSettings, Preferences
from agent.console.problem import Problem
from agent.console.source import Source

LOOK_EVERY_S = 5.0
LONGEST_LOOK_S = 60.0  # a gateway that slept has not watched a value meanwhile

log = structlog.get_logger("alerts")


class Follower:
    """``file`` is where it has got to, ``delivery`` sends. ``wake`` after the settings have changed."""

    def __init__(
        self,
        source: Source,
        own: OwnSettings,
        file: OutboxFile,
        delivery: Delivery,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._own, self._file, self._delivery = source, own, file, delivery
        self._monotonic = monotonic
        self._site = source.settings.site
        self._watch: Watch | None = None
        self._looked_at = monotonic()
        self._woken = asyncio.Event()
        self._told: str | None = None

    def wake(self) -> None:
        self._woken.set()

    async def follow(self) -> None:
        """For ever. What goes wrong is told in the journal, once while it stays the same."""
        try:
            while True:
                try:
                    await self.look()
                    self._told = None
                except OwnFolderFailure as failure:
                    self._tell(str(failure))
                except Exception as error:
                    log.exception("defect", exc_info=error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._woken.wait()
                self._woken.clear()
        finally:
            await self._delivery.close()

    async def look(self) -> None:
        """Once: what is new goes into the outbox, and what is due begins to be sent. Raises OwnFolderFailure."""
        settings, preferences = self._own.alerts(), self._own.preferences()
        if not settings.enabled:
            if self._file.box() != Outbox():
                self._file.put(Outbox())
            self._watch = None
            return
        before = self._file.box()
        news = await self._news(before.seq, before.mark)
        # From here on nothing is waited for: what was sent meanwhile is out of the outbox already.
        box = self._with_news(self._file.box(), news, settings, preferences)
        box = self._with_thresholds(box, news, settings, preferences)
        self._file.put(ready(box, settings, self._source.now(), self._source.zone))
        self._delivery.begin(settings)

    async def _news(self, seq: int | None, mark: str | None) -> Found | None:
        """None where the store cannot be read: the pages tell why, and it is asked again."""
        try:
            return await self._source.ask(found, self._source.store, seq, mark, self._source.now())
        except Problem as problem:
            self._tell(problem.detail)
            return None

    def _with_news(self, box: Outbox, news: Found | None, settings: AlertSettings, preferences: Preferences) -> Outbox:
        if news is None:
            return box
        if news.is_another:
            log.warning("another_store", events=len(news.events))
        if box.seq is None or (news.is_another and not news.events):
            return replace(box, seq=news.last, mark=news.last_mark)
        if len(news.events) == MOST_EVENTS:
            self.wake()  # there are more
        return with_events(box, self._site.id, news.events, settings, preferences.notify, self._source.now())

    def _with_thresholds(
        self, box: Outbox, news: Found | None, settings: AlertSettings, preferences: Preferences
    ) -> Outbox:
        now, at = self._monotonic(), self._source.now()
        elapsed_s, self._looked_at = min(LONGEST_LOOK_S, now - self._looked_at), now
        before = self._watch or Watch(frozenset(box.standing))
        measured = values(look(self._source), None if news is None else news.minute, at)
        self._watch, changed = watched(before, measured, preferences.thresholds, elapsed_s)
        words = read_words(settings.language)
        for passed in changed:
            text = threshold_text(words, passed, self._site.currency)
            box = with_passed(box, self._site.id, passed, text, settings, at)
        return replace(box, standing=tuple(sorted(self._watch.standing)))

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            log.warning("waits", why=sentence)
        self._told = sentence
