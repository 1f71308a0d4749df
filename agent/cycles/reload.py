"""An edit of the site file is taken up while the agent runs. When, and what is told of it.

The file is looked at beside control, and what it says is gone by between two control steps.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog

from agent.cycles.alarms import Alarms
from agent.cycles.retry import Retry
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.desired import Overlay
from agent.domain.documents import SETTINGS, SITE_FILE
from agent.domain.sentence import Sentence, sentence_of
from agent.domain.sentences import site_file as say
from agent.domain.sentences.plans import by_defect
from agent.domain.site_file import SiteFileEdit
from agent.domain.wire import to_json
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.settings.last_run import differences
from agent.settings.overlay import OverlayRefused, overlaid
from agent.settings.problems import SettingsError
from agent.settings.run_time import at_run_time
from agent.settings.schema import Settings
from agent.settings.site_file import SiteFile
from agent.site_view import Outlet

LOOK_EVERY_S = 2.0
RESTS_S = (10.0, 30.0, 60.0, 300.0)
MOST_TOLD = 10

log = structlog.get_logger("reload")

GoBy = Callable[[], Awaitable[None]]  # called between two control steps


class CannotGoBy(Exception):
    """Settings that are good cannot be gone by now. ``str()`` says why in one sentence."""


class Parts(Protocol):
    """What is made of settings."""

    async def prepare(self, settings: Settings) -> GoBy:
        """Read and reserve what ``settings`` need. Raises CannotGoBy, and then nothing has changed."""
        ...


@dataclass(frozen=True, slots=True)
class _Offer:
    """Settings that are ready to be gone by, and what of the site file ``waits`` for a restart."""

    settings: Settings
    go_by: GoBy
    waits: str = ""


class Reload:
    """Run ``step`` every few seconds, and ``between_steps`` before every control step."""

    def __init__(
        self,
        clock: Clock,
        pending: PendingWrites,
        outlet: Outlet,
        site_file: SiteFile,
        parts: Parts,
        settings: Settings,
    ) -> None:
        self._clock, self._pending, self._outlet = clock, pending, outlet
        self._site_file, self._parts = site_file, parts
        self._alarms = Alarms(clock, pending)
        self._retry = Retry(RESTS_S)
        self._unfinished = Retry(RESTS_S)  # of an offer that could not be gone by whole
        self._edited: Settings | None = None  # read, and not gone by yet
        self._offer: _Offer | None = None  # until the whole of it is gone by: what comes meanwhile comes after it
        self._copy_is_due, self._waits = False, ""
        self._looking = asyncio.Lock()
        self.idle = asyncio.Event()  # nothing is to be gone by before the next control step
        self.idle.set()
        self._overlay: Overlay = ()
        self._cause = ""  # of the newest failure to go by an offer
        self.overlay_lost: str | None = None  # why it does not go with an edit; whoever laid it takes this away
        self.settings = settings  # in force, of the site file alone

    async def step(self, at_once: bool = False) -> None:
        """Look at the file; ``at_once`` without waiting until an edit has settled."""
        async with self._looking:
            await self._look(at_once)

    async def _look(self, at_once: bool) -> None:
        found = await asyncio.to_thread(self._site_file.look, at_once)
        if isinstance(found, SettingsError):
            self._alarms.alarm(AlarmKind.SITE_FILE_BAD, _said(found))
            return
        if found is not None:
            self._edited = found
            self._retry.succeeded()
        if self._edited is not None and not self._retry.rests(self._clock.monotonic()):
            await self._prepare(self._edited)
        if self._copy_is_due:
            self._copy_is_due = False
            await asyncio.to_thread(self._keep_copy)

    async def between_steps(self) -> None:
        """Go by what is ready. What a defect has ended in the middle is tried again, and control goes on."""
        offer, began_s = self._offer, self._clock.monotonic()
        if offer is None or self._unfinished.rests(began_s):
            return
        try:
            await offer.go_by()
        except Exception as error:
            log.exception("not_gone_by")
            self._unfinished.failed(began_s, self._clock.monotonic())
            self._cause = f"{type(error).__name__}: {error}"
            self._alarms.alarm(AlarmKind.SITE_FILE_BAD, say.site_file_in_part(cause=self._cause), by="defect")
            return
        finally:
            if self._offer is offer:
                self.idle.set()
        self._offer = None if self._offer is offer else self._offer
        self._unfinished.succeeded()
        self._alarms.alarm(AlarmKind.SITE_FILE_BAD, None, by="defect")
        if offer.settings is self.settings:
            return  # it was the overlay alone
        before, self.settings, self._copy_is_due = self.settings, offer.settings, True
        self._pending.keep(SETTINGS.name, offer.settings.model_dump_json(by_alias=True))
        self._tell(_keys(before, offer.settings), offer.waits)

    @property
    def is_gone_by(self) -> bool:
        """Whether what was offered last is gone by, the whole of it."""
        return self._offer is None

    @property
    def in_part(self) -> Sentence | None:
        """Why what was offered last is gone by in part only; None where it is whole, or has not been tried yet."""
        return say.gone_by_in_part(cause=self._cause) if self._unfinished.failures else None

    async def lay(self, overlay: Overlay) -> None:
        """Go by the site file with ``overlay`` on it, from the next control step on.

        Raises OverlayRefused and CannotGoBy, and then all stays as it is.
        """
        async with self._looking:
            settings = self.settings if self._offer is None else self._offer.settings
            go_by = await self._prepared(overlaid(settings, overlay))
            self._overlay = overlay
            offer = _Offer(settings, go_by) if self._offer is None else replace(self._offer, go_by=go_by)
            self._put_forward(offer)

    async def _prepare(self, edited: Settings) -> None:
        began_s = self._clock.monotonic()
        settings = at_run_time(self.settings, edited)
        taken, waits = _keys(self.settings, settings), _keys(settings, edited)
        is_needed = bool(taken) or self._offer is not None
        try:
            go_by = await self._prepared(self._with_overlay(settings)) if is_needed else None
        except CannotGoBy as why:
            self._retry.failed(began_s, self._clock.monotonic())
            self._alarms.alarm(AlarmKind.SITE_FILE_BAD, say.site_file_not_taken(cause=sentence_of(why)))
            return
        self._edited = None
        self._alarms.alarm(AlarmKind.SITE_FILE_BAD, None)
        if go_by is not None:
            self._put_forward(_Offer(settings, go_by, waits))
        else:
            self._copy_is_due = True
            if waits != self._waits:
                self._tell(taken, waits)

    async def _prepared(self, settings: Settings) -> GoBy:
        """Raises CannotGoBy, for a defect too: whoever asks does not ask again at once."""
        try:
            return await self._parts.prepare(settings)
        except CannotGoBy:
            raise
        except Exception as error:
            log.exception("not_prepared")
            raise CannotGoBy(by_defect(cause=f"{type(error).__name__}: {error}")) from error

    def _put_forward(self, offer: _Offer) -> None:
        """For the next control step, in the place of what was offered before and may have failed."""
        self._offer = offer
        self._unfinished.succeeded()
        self.idle.clear()

    def _with_overlay(self, settings: Settings) -> Settings:
        """What does not go with an edit of the site file gives way to it."""
        try:
            return overlaid(settings, self._overlay)
        except OverlayRefused as why:
            self._overlay, self.overlay_lost = (), sentence_of(why)
            return settings

    def _tell(self, taken: str, waits: str) -> None:
        self._waits = waits
        edit = SiteFileEdit(self._clock.now(), taken, waits)
        self._outlet.show(replace(self._outlet.view, site_file=edit))
        self._pending.keep(SITE_FILE.name, to_json(edit))
        if taken or waits:
            self._alarms.note(EventKind.SETTINGS_CHANGED, _event(taken, waits))

    def _keep_copy(self) -> None:
        try:
            self._site_file.keep_copy(Path(self.settings.store.path).parent)
        except OSError as error:
            log.warning("last_good_not_kept", error=error.strerror)


def _keys(before: Settings, after: Settings) -> str:
    found = differences(before, after)
    more = [f"... (+{len(found) - MOST_TOLD})"] if len(found) > MOST_TOLD else []
    return ", ".join([*found[:MOST_TOLD], *more])


def _event(taken: str, waits: str) -> Sentence:
    if not waits:
        return say.settings_taken(keys=taken)
    return say.settings_taken_and_wait(keys=taken, waits=waits) if taken else say.settings_wait(waits=waits)


def _said(error: SettingsError) -> Sentence:
    first, more = error.problems[0], len(error.problems) - 1
    cause = f"{first} (+{more})" if more else str(first)
    if first.line is None:
        return say.site_file_unusable(path=str(error.path), cause=cause)
    return say.site_file_bad(path=str(error.path), line=first.line, cause=cause)
