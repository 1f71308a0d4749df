"""The site's certificate is renewed at two thirds of its life. When, and what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from agent.cycles.alarms import Alarms
from agent.cycles.retry import HOUR_S, Retry
from agent.domain.alarms import EventKind
from agent.domain.identity import IdentityRequest, renewal_due
from agent.domain.sentence import sentence_of
from agent.domain.sentences.events import certificate_not_renewed, certificate_renewed, new_certificate_not_accepted
from agent.identity_ports import Certifier, RenewalFailure
from agent.ports import Clock

RESTS_S = tuple(HOUR_S * hours for hours in (1, 4, 24))
ACCEPTED_WITHIN_S = 900.0  # of a connection; one that takes longer was made with the old certificate

Life = tuple[datetime, datetime]  # of a certificate: from, until (UTC)


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """What the cycle may do about the files: ``life`` of the certificate in force, None where it cannot be read.

    ``waits`` says whether a new one stands beside it, ``discard`` takes that away, ``try_it`` lets the link connect
    with it; ``connected`` is true while the link is up.
    """

    life: Callable[[], Awaitable[Life | None]]
    waits: Callable[[], bool]
    discard: Callable[[], None]
    try_it: Callable[[], None]
    connected: Callable[[], bool]


class Renewal:
    """Run ``step`` every few minutes. The old certificate is in force until the broker has accepted the new one."""

    def __init__(
        self, clock: Clock, alarms: Alarms, certifier: Certifier, request: IdentityRequest, certificate: NewCertificate
    ) -> None:
        self._clock, self._alarms, self._certifier = clock, alarms, certifier
        self._request, self._certificate = request, certificate
        self._retry = Retry(RESTS_S)
        self._tried_since: float | None = None

    async def step(self) -> None:
        """Ask for a new one when it is due; see what became of one that waits. Nothing is raised."""
        if self._certificate.waits():
            self._see_to_it()
        elif self._tried_since is not None:
            await self._renewed()
        elif await self._is_due():
            await self._ask()

    async def _is_due(self) -> bool:
        if not self._clock.trusted() or self._retry.rests(self._clock.monotonic()):
            return False
        life = await self._certificate.life()
        return life is not None and renewal_due(*life, self._clock.now())

    async def _ask(self) -> None:
        began_s = self._clock.monotonic()
        try:
            await self._certifier.renew(self._request)
        except RenewalFailure as failure:
            self._failed(certificate_not_renewed(cause=sentence_of(failure)), began_s)
            return
        self._tried_since = self._clock.monotonic()
        self._certificate.try_it()

    def _see_to_it(self) -> None:
        """One that waits from before the start is tried like one that has just come."""
        now = self._clock.monotonic()
        if self._tried_since is None:
            self._tried_since = now
            self._certificate.try_it()
        elif self._certificate.connected() and now - self._tried_since >= ACCEPTED_WITHIN_S:
            self._certificate.discard()
            self._failed(new_certificate_not_accepted(), self._tried_since)

    async def _renewed(self) -> None:
        self._tried_since = None
        self._retry.succeeded()
        life = await self._certificate.life()
        if life is not None:
            self._alarms.note(EventKind.CERTIFICATE_RENEWED, certificate_renewed(ends_at=life[1]))

    def _failed(self, sentence: str, began_s: float) -> None:
        self._tried_since = None
        self._retry.failed(began_s, self._clock.monotonic())
        self._alarms.note(EventKind.CERTIFICATE_NOT_RENEWED, sentence)
