"""The alarm about the keys by which the platform signs: while they cannot be read, nothing that it signs
is believed: no command, no configuration, no model."""

from collections.abc import Awaitable, Callable

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind
from agent.domain.sentences.platform_commands import signing_keys
from agent.ports import Clock

LOOK_EVERY_S = 30.0


class KeysWatch:
    """Run ``step`` often. ``look`` reads the file where it has changed, and gives the trouble with it or None."""

    def __init__(self, clock: Clock, alarms: Alarms, look: Callable[[], Awaitable[str | None]]) -> None:
        self._clock, self._alarms, self._look = clock, alarms, look
        self._look_at = clock.monotonic()

    async def step(self) -> None:
        if self._clock.monotonic() >= self._look_at:
            self._look_at = self._clock.monotonic() + LOOK_EVERY_S
            trouble = await self._look()
            self._alarms.alarm(AlarmKind.SIGNING_KEYS, None if trouble is None else signing_keys(cause=trouble))
