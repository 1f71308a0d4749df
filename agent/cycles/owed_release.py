"""A site that is only observed is given back what did not take its release, or what was found left behind late."""

import asyncio
from collections.abc import Callable

from agent.cycles.control import Control
from agent.cycles.load_switching import LoadSwitching
from agent.cycles.retry import Retry
from agent.cycles.steering_lock import SteeringLock
from agent.cycles.switched_relay import RESTS_S as RELAY_RESTS_S
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
        self._batteries, self._relays = Retry(RESTS_S), Retry(RELAY_RESTS_S)
        self.turn = asyncio.Lock()

    async def step(self) -> None:
        """Each by its own rests: a relay that is silent for ever is asked as seldom as where the site is steered."""
        if not self.turn.locked():
            now_s = self._clock.monotonic()
            async with self.turn:
                await self._give_back(not self._batteries.rests(now_s), not self._relays.rests(now_s))

    async def now(self) -> None:
        async with self.turn:
            await self._give_back(True, True)

    async def _give_back(self, batteries: bool, relays: bool) -> None:
        """Of these two kinds, what is owed."""
        why, began_s = self._outlet.view.observing, self._clock.monotonic()
        batteries, relays = batteries and self._left_behind(), relays and self._loads.is_held
        if why is None or not (batteries or relays):
            return
        with self._lock.open_for_what_was_left_behind(True):
            if batteries:
                await self._control.release(say.released(why=why))
            if relays:
                await self._loads.release()
        if batteries:
            self._judge(self._batteries, self._left_behind(), began_s)
        if relays:
            self._judge(self._relays, self._loads.is_held, began_s)

    def _judge(self, retry: Retry, is_owed: bool, began_s: float) -> None:
        if is_owed:
            retry.failed(began_s, self._clock.monotonic())
        else:
            retry.succeeded()
