"""What an observed site is owed is asked for ever more seldom, a battery and a relay each by its own rests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import cast

from agent.cycles.control import Control
from agent.cycles.owed_release import RESTS_S, OwedRelease
from agent.cycles.steering_lock import SteeringLock
from agent.cycles.switched_relay import RESTS_S as RELAY_RESTS_S
from agent.domain.setpoint import Applied, Outcome, Unreachable
from tests.cycles.load_stage import Relay, Site
from tests.shown import show


class Open:
    @contextmanager
    def open_for_what_was_left_behind(self, is_owed: bool) -> Iterator[bool]:
        yield is_owed


class Owed:
    """An observed site whose battery and whose relay take nothing."""

    def __init__(self) -> None:
        relay = Relay(on=None)
        relay.is_owed, relay.failure = True, "it does not say that it is on"
        self.site = Site(relay)
        show(self.site.outlet, observing="the site file wants it only to observe")
        self.battery_s: list[float] = []
        self.relay_s: list[float] = []
        self.left_behind, self.takes_it = True, False
        self.cycle = OwedRelease(
            self.site.clock,
            self.site.outlet,
            cast(SteeringLock, Open()),
            lambda: self.left_behind,
            cast(Control, self),
            self.site.cycle,
        )

    async def release(self, why: str) -> Outcome:
        self.battery_s.append(self.site.clock.seconds)
        self.left_behind = not self.takes_it
        return Applied(None) if self.takes_it else Unreachable(why)

    async def run(self, hours: float) -> None:
        while self.site.clock.seconds < 3600.0 * hours:
            self.site.clock.seconds += 1.0
            refused = self.site.relay.refused
            await self.cycle.step()
            if self.site.relay.refused > refused:
                self.relay_s.append(self.site.clock.seconds)


def rests(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


async def test_a_silent_relay_is_asked_as_seldom_as_where_the_site_is_steered() -> None:
    owed = Owed()
    await owed.run(1.0)
    assert rests(owed.relay_s)[: len(RELAY_RESTS_S)] == list(RELAY_RESTS_S)
    assert set(rests(owed.relay_s)[len(RELAY_RESTS_S) :]) == {RELAY_RESTS_S[-1]}
    assert rests(owed.battery_s)[: len(RESTS_S)] == list(RESTS_S)
    assert owed.battery_s[-1] >= 3600.0 - RESTS_S[-1], "a battery is not left in an order for longer because of it"


async def test_at_the_end_both_are_asked_whatever_rests() -> None:
    owed = Owed()
    await owed.run(0.5)
    tries = len(owed.battery_s), owed.site.relay.refused
    await owed.cycle.now()
    assert (len(owed.battery_s), owed.site.relay.refused) == (tries[0] + 1, tries[1] + 1)


async def test_what_is_owed_no_more_is_not_asked_for() -> None:
    owed = Owed()
    owed.left_behind, owed.site.relay.failure = False, ""
    await owed.run(0.5)
    assert owed.battery_s == []
    assert owed.site.relay.written == [True]


async def test_while_the_agent_steers_nothing_is_given_back_beside_it() -> None:
    owed = Owed()
    show(owed.site.outlet, observing=None)
    await owed.run(0.1)
    await owed.cycle.now()
    assert (owed.battery_s, owed.site.relay.refused) == ([], 0)


async def test_what_is_owed_again_after_it_was_given_back_is_asked_for_at_once() -> None:
    owed = Owed()
    await owed.run(0.2)
    owed.takes_it = True
    await owed.cycle.now()
    tries, owed.left_behind = len(owed.battery_s), True
    await owed.cycle.step()
    assert len(owed.battery_s) == tries + 1


async def test_whoever_keeps_the_devices_as_they_are_is_not_waited_for() -> None:
    owed = Owed()
    async with owed.cycle.turn:
        step = asyncio.ensure_future(owed.cycle.step())
        await asyncio.sleep(0)
        assert step.done()
    assert owed.battery_s == []
