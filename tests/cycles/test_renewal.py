"""When a new certificate is asked for, and how often after failures."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.cycles.renewal import NewCertificate, Renewal
from agent.domain.identity import Certified, IdentityRequest
from agent.identity_ports import RenewalFailure
from tests.cycles.hearing import Hearing

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ENDS = BEGIN + timedelta(days=90)


class Stage:
    """``asked_at`` are the hours after the beginning in which the platform was asked."""

    def __init__(self, platform_is_there: bool) -> None:
        self.clock, self.there = VirtualClock(BEGIN), platform_is_there
        self.hearing = Hearing(self.clock)
        self.life, self.waiting, self.tried = (BEGIN, ENDS), False, 0
        self.asked_at: list[float] = []
        files = NewCertificate(self._life, lambda: self.waiting, self._discard, self._try, lambda: True)
        request = IdentityRequest("https://platform.example/enrol", "home-1", "/x")
        self.renewal = Renewal(self.clock, self.hearing.alarms, self, request, files)

    async def renew(self, request: IdentityRequest) -> Certified:
        self.asked_at.append((self.clock.now() - BEGIN) / timedelta(hours=1))
        if not self.there:
            raise RenewalFailure("nobody answers")
        self.waiting = True
        return Certified(self.clock.now() + timedelta(days=90))

    async def _life(self) -> tuple[datetime, datetime]:
        return self.life

    def _discard(self) -> None:
        self.waiting = False

    def _try(self) -> None:
        self.tried += 1

    async def days_pass(self, days: float) -> None:
        end = self.clock.now() + timedelta(days=days)
        while self.clock.now() < end:
            await self.renewal.step()
            self.clock.advance_to(self.clock.now() + timedelta(minutes=5))


async def test_a_platform_that_is_away_is_asked_ever_more_seldom_until_the_end() -> None:
    stage = Stage(platform_is_there=False)
    await stage.days_pass(100)
    assert stage.asked_at[:4] == pytest.approx([1440.0, 1441.0, 1445.0, 1469.0], abs=0.2)
    assert stage.asked_at[-1] < 90 * 24, "one that has ended proves nothing"
    assert len(stage.asked_at) < 35
    assert {kind for kind, _, _ in stage.hearing.told} == {"certificate_not_renewed"}


async def test_the_time_must_be_known() -> None:
    stage = Stage(platform_is_there=True)
    stage.clock.believed = False
    await stage.days_pass(70)
    assert stage.asked_at == []
    stage.clock.believed = True
    await stage.days_pass(0.01)
    assert len(stage.asked_at) == stage.tried == 1


async def test_one_that_waited_over_a_restart_is_tried_before_another_is_asked_for() -> None:
    stage = Stage(platform_is_there=True)
    stage.waiting = True
    await stage.days_pass(0.005)
    assert (stage.tried, stage.asked_at) == (1, [])
    stage.waiting, stage.life = False, (BEGIN, ENDS + timedelta(days=90))  # the broker has accepted it
    await stage.days_pass(0.005)
    assert [(kind, text) for kind, _, text in stage.hearing.told] == [
        ("certificate_renewed", "the broker has accepted the new certificate, which ends on 2026-08-28")
    ]
