"""What the platform asks of all sites is done after a random time, so that a thousand sites do not do it at once."""

from collections.abc import Callable, Mapping

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.notice import LONGEST_WAIT_S, Notice, NoticeAction
from agent.domain.sentences import platform_commands as say
from agent.ports import Clock

TELLS = {
    NoticeAction.RECONNECT: say.notice_reconnect,
    NoticeAction.RESYNC: say.notice_resync,
    NoticeAction.REPORT_INFO: say.notice_report_info,
}


class Notices:
    """Run ``step`` often. ``random`` gives numbers from 0 to below 1; ``acts`` are what does it.

    Each action waits once, and is done at most once in ``LONGEST_WAIT_S``: a flood of notices is no more than one.
    """

    def __init__(
        self,
        clock: Clock,
        alarms: Alarms,
        random: Callable[[], float],
        acts: Mapping[NoticeAction, Callable[[], None]],
    ) -> None:
        self._clock, self._alarms, self._random, self._acts = clock, alarms, random, acts
        self._due_s: dict[NoticeAction, float] = {}
        self._rests_s: dict[NoticeAction, float] = {}

    def take(self, notice: Notice) -> None:
        """One that waits already, or was done just now, is not done again."""
        now_s, action = self._clock.monotonic(), notice.action
        if action not in self._due_s and now_s >= self._rests_s.get(action, now_s):
            self._due_s[action] = now_s + self._random() * notice.within_s

    def step(self) -> None:
        """Do what is due."""
        now_s = self._clock.monotonic()
        for action in [action for action, due_s in self._due_s.items() if due_s <= now_s]:
            del self._due_s[action]
            self._rests_s[action] = now_s + LONGEST_WAIT_S
            self._acts[action]()
            self._alarms.note(EventKind.NOTICE, TELLS[action]())
