"""A site that is only observed is given back what did not take its release, or what was found left behind late."""

import asyncio
from collections.abc import Callable

from agent.cycles.control import Control
from agent.cycles.load_switching import LoadSwitching
from agent.cycles.retry import Retry
from agent.cycles.steering_lock import SteeringLock
from agent.domain.sentences import control as say
from agent.ports import Clock
from agent.site_view import Outlet

RESTS_S = (2.0, 5.0, 10.0, 30.0, 60.0)


class OwedRelease:
    """Run ``step`` beside every control step, and ``now`` at the end: nothing where nothing is owed.

    What does not answer is waited for here, and not by control. ``turn`` is held meanwhile: whoever holds it keeps the
    devices and the permission as they are. ``left_behind`` tells whether a battery has not been given back.
    """

    def __init__(
        self,
        clock: Clock,
        outlet: Outlet,
        lock: SteeringLock,
        left_behind: Callable[[], bool],
        control: Control,
        loads: LoadSwitching,
    ) -> None:
        self._clock, self._outlet, self._lock = clock, outlet, lock
        self._left_behind, self._control, self._loads = left_behind, control, loads
        self._retry = Retry(RESTS_S)
        self.turn = asyncio.Lock()

    async def step(self) -> None:
        if not self.turn.locked() and not self._retry.rests(self._clock.monotonic()):
            await self.now()

    async def now(self) -> None:
        async with self.turn:
            await self._now()

    async def _now(self) -> None:
        why, began_s = self._outlet.view.observing, self._clock.monotonic()
        if why is None or not self._is_owed:
            return
        with self._lock.open_for_what_was_left_behind(True):
            if self._left_behind():
                await self._control.release(say.released(why=why))
            await self._loads.release()
        if self._is_owed:
            self._retry.failed(began_s, self._clock.monotonic())
        else:
            self._retry.succeeded()

    @property
    def _is_owed(self) -> bool:
        return self._left_behind() or self._loads.is_held
