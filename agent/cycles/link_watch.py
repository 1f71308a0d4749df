"""The alarms about the way to the platform: it is down, another gateway has our id, a certificate ends soon."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from math import ceil

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.sentences.alarms import certificate_ends, certificate_expired
from agent.domain.sentences.messages import messages_dropped
from agent.ports import Clock
from agent.site_view import Outlet

DOWN_S = 15.0  # a broker that restarts is no alarm
STEADY_S = 60.0  # nor is a connection that was there for a moment its end
RIVAL_GONE_S = 3600.0  # two gateways with one id take turns for minutes each
RENEW_WITHIN = timedelta(days=30)
CERTIFICATES_EVERY_S = 6 * 3600.0
UNDATED_EVERY_S = 60.0  # while the time is not known, which is perhaps found soon
DROPS_EVERY_S = 600.0


class LinkWatch:
    """Run ``step`` after every step of sync. ``rival`` says why another gateway is believed to have our id, or None.

    ``certificates`` gives, by what the certificates are, the time at which they end (UTC), or a sentence about a file
    that cannot be read. ``dropped`` counts the messages that came faster than they can be taken in.
    """

    def __init__(
        self,
        clock: Clock,
        outlet: Outlet,
        alarms: Alarms,
        rival: Callable[[], str | None],
        certificates: Callable[[], Awaitable[Mapping[str, datetime | str]]],
        dropped: Callable[[], int] = lambda: 0,
    ) -> None:
        self._clock, self._outlet, self._alarms = clock, outlet, alarms
        self._rival, self._certificates = rival, certificates
        self._down_since: float | None = None
        self._up_since: float | None = None
        self._rival_seen: float | None = None
        self._look_at = clock.monotonic()
        self._dropped, self._drops_told, self._tell_drops_at = dropped, 0, clock.monotonic()

    async def step(self) -> None:
        """Raise and clear. Nothing is raised as an exception."""
        self._watch_connection()
        self._tell_drops()
        if self._clock.monotonic() >= self._look_at:
            rests_s = CERTIFICATES_EVERY_S if self._clock.trusted() else UNDATED_EVERY_S
            self._look_at = self._clock.monotonic() + rests_s
            for what, end in (await self._certificates()).items():
                self._alarms.alarm(AlarmKind.CERTIFICATE_ENDS, self._verdict(what, end), what)

    def _tell_drops(self) -> None:
        """A flood is told once in a while."""
        untold, now = self._dropped() - self._drops_told, self._clock.monotonic()
        if untold and now >= self._tell_drops_at:
            self._drops_told, self._tell_drops_at = self._dropped(), now + DROPS_EVERY_S
            told = messages_dropped(count=untold)
            self._alarms.note(EventKind.MESSAGE_REFUSED, told)

    def _watch_connection(self) -> None:
        now = self._clock.monotonic()
        self._watch_rival(now)
        if self._outlet.view.connected:
            self._down_since = None
            self._up_since = now if self._up_since is None else self._up_since
            if now - self._up_since >= STEADY_S:
                self._alarms.alarm(AlarmKind.LINK_DOWN, None)
            return
        self._up_since = None
        self._down_since = now if self._down_since is None else self._down_since
        if now - self._down_since >= DOWN_S and self._rival_seen is None:  # which is why
            self._alarms.alarm(AlarmKind.LINK_DOWN, self._outlet.view.link_trouble)

    def _watch_rival(self, now: float) -> None:
        rival = self._rival()
        if rival is not None:
            self._rival_seen = now
            self._alarms.alarm(AlarmKind.SAME_SITE_ID, rival)
        elif self._rival_seen is not None and now - self._rival_seen >= RIVAL_GONE_S:
            self._rival_seen = None
            self._alarms.alarm(AlarmKind.SAME_SITE_ID, None)

    def _verdict(self, what: str, end: datetime | str) -> str | None:
        """The sentence of the alarm, or None. A clock that is not trusted judges nothing."""
        if isinstance(end, str):
            return end
        now = self._clock.now()
        if not self._clock.trusted() or end - now > RENEW_WITHIN:
            return None
        if end <= now:
            return certificate_expired(certificate=what, ends_at=end)
        days = ceil((end - now) / timedelta(days=1))
        return certificate_ends(certificate=what, ends_at=end, left_days=days)
