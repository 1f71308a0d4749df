"""What the platform wants of the configuration is planned with, gone by on trial, and undone when that goes wrong."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from agent.cycles.alarms import Alarms
from agent.cycles.reload import CannotGoBy, Reload
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.desired import ConfigState, Desired, Overlay, RemoteConfig
from agent.domain.documents import REMOTE_CONFIG
from agent.domain.plan import Plan
from agent.domain.records import Batch
from agent.domain.request import PlanRequest
from agent.domain.sentence import sentence_of
from agent.domain.sentences import site_file as say
from agent.domain.sentences.alarms import no_plan, price_not_known
from agent.domain.wire import to_json
from agent.ports import Clock, PayloadRefused, Store, StoreFailure
from agent.recording.pending_writes import PendingWrites
from agent.settings.overlay import OverlayRefused, overlaid
from agent.settings.schema import Settings
from agent.site_view import Outlet

EVERY_S = 2.0
WINDOW_S = 50.0  # of a trial
MOST_AN_HOUR, HOUR_S = 6, 3600.0
OF_HEALTH = {
    kind.value
    for kind in (
        AlarmKind.NO_PLAN,
        AlarmKind.NO_CONTROL,
        AlarmKind.SETPOINT_FAILED,
        AlarmKind.SELF_TEST_FAILED,
    )
}

Costs = tuple[float | None, float | None]  # money
Requests = tuple[PlanRequest | None, PlanRequest | None]
Read = Callable[[bytes], Desired]
Planned = Callable[[PlanRequest], Awaitable[Plan | str]]  # a plan that passed the check, or why there is none


class TrialRequests(Protocol):
    async def trial(self, settings: Settings) -> Requests:
        """What a planner is asked now as it is, and with ``settings``; None while there is nothing to plan with.

        Raises CannotGoBy.
        """
        ...


class RemoteConfiguration:
    """``take`` every message, run ``step`` every few seconds. One change at a time, and the newest that waits."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        pending: PendingWrites,
        outlet: Outlet,
        reload: Reload,
        requests: TrialRequests,
        planned: Planned,
        read: Read,
    ) -> None:
        self._clock, self._store, self._pending, self._outlet = clock, store, pending, outlet
        self._reload, self._requests, self._planned, self._read = reload, requests, planned, read
        self._alarms = Alarms(clock, pending)
        self._config = RemoteConfig()
        self._waiting: Desired | None = None
        self._trial: tuple[Desired, float, frozenset[str]] | None = None  # begun when, with which alarms
        self._begun: deque[float] = deque(maxlen=MOST_AN_HOUR)
        self._lies = True  # what is to be in force is
        self._why_not: str | None = None  # it does not, though it is to

    def recall(self, document: str | None) -> None:
        """Go on with what was in force before the start. What was only on trial then is undone."""
        found = self._alarms.read_kept(REMOTE_CONFIG, document, "remote_config")
        if found is None:
            return
        self._config, self._lies = found, not found.overlay
        if found.state is ConfigState.TRYING:
            self._answer(found.version, found.asked, ConfigState.UNDONE, say.restarted_while_tried())
        else:
            self._show()

    def take(self, payload: bytes) -> str | None:
        """Why a message is refused; None when it is taken, or was answered before."""
        try:
            desired = self._read(payload)
        except PayloadRefused as error:
            return sentence_of(error)
        newest = self._newest()
        if desired.version == newest and desired.overlay == self._asked():
            return None
        if desired.version <= newest:
            return say.version_not_newer(version=desired.version, newest=newest)
        self._waiting = desired
        if self._trial is None:
            self._answer(desired.version, desired.overlay, ConfigState.WAITING, None)
        return None

    async def step(self) -> None:
        """Judge what is on trial, or begin with what waits."""
        if not self._lies:
            await self._lay_again()
        if (lost := self._reload.overlay_lost) is not None:
            self._reload.overlay_lost, self._trial = None, None
            self._config = replace(self._config, overlay=())
            self._answer(self._config.version, self._config.asked, ConfigState.UNDONE, lost)
        if self._trial is not None:
            await self._judge(*self._trial)
        elif self._waiting is not None and (self._waiting.refusal is not None or not self._is_too_soon()):
            await self._begin(self._waiting)
        self._show()

    async def _lay_again(self) -> None:
        self._lies, self._why_not = True, None
        try:
            await self._reload.lay(self._config.overlay)
        except CannotGoBy as error:
            self._lies, self._why_not = False, sentence_of(error)  # tried again
        except OverlayRefused as error:
            self._config = replace(self._config, overlay=())
            self._answer(self._config.version, self._config.asked, ConfigState.UNDONE, sentence_of(error))

    async def _begin(self, desired: Desired) -> None:
        """What is on trial is written down before it holds: an end of the agent in a trial undoes it."""
        try:
            costs = await self._planned_costs(desired)
            if costs is None:
                return
            trying = replace(self._config, version=desired.version, asked=desired.overlay, state=ConfigState.TRYING)
            await self._store.write(Batch(kept=((REMOTE_CONFIG.name, to_json(trying)),)))
            await self._reload.lay(desired.overlay)
        except (CannotGoBy, OverlayRefused, StoreFailure) as error:
            self._no_longer_waits(desired)
            self._answer(desired.version, desired.overlay, ConfigState.REJECTED, sentence_of(error))
            return
        self._no_longer_waits(desired)
        self._begun.append(self._clock.monotonic())
        self._trial = desired, self._clock.monotonic(), frozenset(self._unwell())
        self._answer(desired.version, desired.overlay, ConfigState.TRYING, None, costs)

    async def _planned_costs(self, desired: Desired) -> Costs | None:
        """Of a plan without and with what is desired; None while one has to wait. Raises CannotGoBy, OverlayRefused."""
        if desired.refusal is not None:
            raise OverlayRefused(desired.refusal)
        before, after = await self._requests.trial(overlaid(self._reload.settings, desired.overlay))
        if before is None:
            if self._config.error is None:
                self._answer(desired.version, desired.overlay, ConfigState.WAITING, say.nothing_to_plan_with())
            return None
        if after is None:
            raise CannotGoBy(no_plan(cause=price_not_known()))
        now, then = await self._planned(before), await self._planned(after)
        if not isinstance(then, Plan):
            raise CannotGoBy(then)
        return now.cost if isinstance(now, Plan) else None, then.cost

    async def _judge(self, desired: Desired, since_s: float, before: frozenset[str]) -> None:
        costs = self._config.cost_before, self._config.cost_after
        in_part = self._reload.in_part
        fallen = [text for key, text in self._unwell().items() if key not in before]
        fallen += [] if in_part is None else [in_part]
        if not fallen:
            if self._reload.is_gone_by and self._clock.monotonic() - since_s >= WINDOW_S:
                self._trial = None
                self._config = replace(self._config, overlay=desired.overlay)
                self._answer(desired.version, desired.overlay, ConfigState.IN_FORCE, None, costs)
            return
        self._trial = None
        self._answer(desired.version, desired.overlay, ConfigState.UNDONE, fallen[0], costs)
        await self._lay_again()

    def _newest(self) -> int:
        return max(self._config.version, 0 if self._waiting is None else self._waiting.version)

    def _asked(self) -> Overlay:
        return self._config.asked if self._waiting is None else self._waiting.overlay

    def _no_longer_waits(self, desired: Desired) -> None:
        if self._waiting is desired:
            self._waiting = None

    def _is_too_soon(self) -> bool:
        return len(self._begun) == MOST_AN_HOUR and self._clock.monotonic() - self._begun[0] < HOUR_S

    def _unwell(self) -> dict[str, str]:
        return {alarm.key: alarm.text for alarm in self._outlet.view.alarms if alarm.kind in OF_HEALTH}

    def _answer(
        self,
        version: int,
        asked: Overlay,
        state: ConfigState,
        error: str | None,
        costs: Costs = (None, None),
    ) -> None:
        self._config = RemoteConfig(version, asked, state, self._config.overlay, error, *costs)
        if state is not ConfigState.WAITING:  # it comes again after a start
            self._pending.keep(REMOTE_CONFIG.name, to_json(self._config))
        keys = ", ".join(f"{key} = {text}" for key, text in asked)
        match state:
            case ConfigState.IN_FORCE:
                self._alarms.note(EventKind.REMOTE_CONFIG, say.config_in_force(version=version, keys=keys))
            case ConfigState.REJECTED:
                self._alarms.note(EventKind.REMOTE_CONFIG, say.config_rejected(version=version, cause=error or ""))
            case ConfigState.UNDONE:
                self._alarms.note(EventKind.REMOTE_CONFIG, say.config_undone(version=version, cause=error or ""))
        self._show()

    def _show(self) -> None:
        """The answer; what was in force and is not, or not the whole of it, is told to be tried."""
        shown, why_not = self._config, self._reload.in_part or self._why_not
        if shown.state is ConfigState.IN_FORCE and why_not is not None:
            shown = replace(shown, state=ConfigState.TRYING, error=why_not)
        known = self._outlet.view.remote_config
        if shown != known and (known is not None or shown != RemoteConfig()):
            self._outlet.show(replace(self._outlet.view, remote_config=shown))
