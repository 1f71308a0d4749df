"""A machine with a relay beside the cycle that switches it, on a clock that is moved by hand."""

from dataclasses import replace
from datetime import time, timedelta

from agent.cycles.load_switching import EVERY_S, LoadSwitching
from agent.domain.advisory import FlexibleLoad
from agent.domain.load_run import LoadRun
from agent.domain.plan import Plan
from agent.domain.request import Objective, Place
from agent.domain.site import Connection
from agent.domain.switched_load import SwitchedLoad
from agent.domain.tariff import Flat
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet
from agent.switch_ports import SwitchFailure
from tests.cycles.control_stage import plan
from tests.cycles.hand_clock import START, HandClock
from tests.cycles.hearing import Hearing
from tests.shown import show

BOILER = SwitchedLoad(FlexibleLoad("boiler", 2000.0, 3600, time(1), time(9), time(6)), "relay", True, False)
SITE = SiteConditions(
    Flat(0.3), Flat(0.05), 0.2, Connection(9000.0, None), Objective(), Place(52.0, 0.0, "Europe/London")
)


class Relay:
    """Implements ``Switches``: what is written is read. ``failure`` is what a write ends with.

    ``is_held``: something holds it away from its rest, which is on; None where nothing is needed for that.
    """

    def __init__(self, on: bool | None = True, is_held: bool | None = None) -> None:
        self.on, self.failure, self.is_held = on, "", is_held
        self.unknown: str | None = None
        self.is_owed = False  # by a process before
        self.obeys_unread = False
        self.written: list[bool] = []
        self.renewed: list[bool] = []
        self.refused = 0

    def is_on(self, name: str, stale_s: float) -> bool | None:
        assert name == "relay"
        return self.on

    def trouble(self, name: str) -> str | None:
        return self.unknown if self.on is None else None

    def takes_orders(self, name: str) -> bool:
        return self.obeys_unread

    def holds(self, name: str, on: bool) -> bool:
        return self.is_held is None or self.is_held is (on is not True)

    def is_owed_rest(self, name: str) -> bool:
        return self.is_owed

    async def renew(self, name: str, on: bool) -> None:
        self.renewed.append(on)

    async def let_go(self, name: str) -> None:
        self.is_held, self.is_owed = None if self.is_held is None else False, False

    async def switch(self, name: str, on: bool) -> None:
        if self.failure:
            self.refused += 1
            raise SwitchFailure(self.failure)
        self.written.append(on)
        self.on, self.is_owed = on, self.is_owed and on is not True
        self.is_held = None if self.is_held is None else not on


class Site:
    def __init__(self, relay: Relay | None = None, load: SwitchedLoad = BOILER, document: str | None = None) -> None:
        self.clock = HandClock()
        self.relay, self.hearing, self.outlet = relay or Relay(), Hearing(self.clock), Outlet()
        self.cycle = LoadSwitching(self.clock, self.relay, [load], SITE, self.hearing.pending, self.outlet, 15.0)
        self.cycle.recall(document)

    async def until(self, hours: float) -> None:
        while self.clock.seconds < 3600.0 * hours:
            self.clock.seconds += EVERY_S
            await self.cycle.step()

    def planned(self, from_h: float, to_h: float) -> Plan:
        at = self.clock.now()
        run = LoadRun("boiler", START + timedelta(hours=from_h), START + timedelta(hours=to_h), 2000.0)
        made = replace(plan(0.2, at), expires_at=at + timedelta(hours=12), runs=(run,))
        show(self.outlet, plan=made)
        return made

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.hearing.told]

    @property
    def reason(self) -> str:
        return self.outlet.view.switched[0].reason
