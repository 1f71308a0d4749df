"""The relays of a site over hours: switched by the plan, counted, left to others, shed, and given back."""

from dataclasses import replace
from datetime import time, timedelta

from agent.cycles.load_switching import EVERY_S, HANDS_OFF_S, SHED_FOR_S, LoadSwitching
from agent.domain.advisory import FlexibleLoad
from agent.domain.documents import SWITCHED_LOADS
from agent.domain.load_run import LoadRun
from agent.domain.plan import Plan
from agent.domain.request import Objective, Place
from agent.domain.site import Connection, Measured, SiteState
from agent.domain.switched_load import SwitchedLoad
from agent.domain.tariff import Flat
from agent.domain.wire import to_json
from agent.ports import SwitchFailure
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet
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
        self.obeys_unread = False
        self.written: list[bool] = []
        self.renewed: list[bool] = []

    def is_on(self, name: str, stale_s: float) -> bool | None:
        assert name == "relay"
        return self.on

    def trouble(self, name: str) -> str | None:
        return self.unknown if self.on is None else None

    def takes_orders(self, name: str) -> bool:
        return self.obeys_unread

    def holds(self, name: str, on: bool) -> bool:
        return self.is_held is None or self.is_held is (on is not True)

    async def renew(self, name: str, on: bool) -> None:
        self.renewed.append(on)

    async def let_go(self, name: str) -> None:
        self.is_held = None if self.is_held is None else False

    async def switch(self, name: str, on: bool) -> None:
        if self.failure:
            raise SwitchFailure(self.failure)
        self.written.append(on)
        self.on = on
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


# British Summer Time: the window 01:00 to 09:00 is 0 h to 8 h after START.
async def test_it_waits_runs_by_the_plan_and_is_left_to_itself() -> None:
    site = Site()
    site.planned(3, 4)
    await site.until(2.9)
    assert site.relay.written == [False]
    assert site.outlet.view.switched_w == 0.0
    await site.until(3.5)
    assert site.relay.written == [False, True]
    assert site.outlet.view.switched_w == 2000.0
    await site.until(4.1)
    assert "has run for as long as it must" in site.reason
    assert site.relay.on is True  # as it rests
    assert site.outlet.view.switched_w == 0.0
    assert site.kinds == ["load_switched/relay", "load_switched/relay"]


async def test_a_restart_goes_on_with_what_has_run() -> None:
    site = Site()
    site.planned(1, 2)
    await site.until(1.5)
    document = to_json(site.outlet.view.switched)
    assert SWITCHED_LOADS.read(document)[0].done_s > 1700
    after = Site(site.relay, document=document)
    after.clock.seconds = site.clock.seconds
    (task, *_) = after.cycle.tasks(after.clock.now(), START + timedelta(hours=20))
    assert task.running
    assert 1700 < task.left_s < 1900


async def test_a_start_does_not_move_it_before_the_first_plan() -> None:
    site = Site()
    site.clock.seconds = 3600.0
    site.cycle._begun_s = 3600.0
    await site.until(1.01)
    assert (site.relay.written, site.reason) == ([], "boiler waits for the first plan")


async def test_without_a_plan_it_runs_at_its_usual_time() -> None:
    site = Site()
    await site.until(5.1)
    assert site.relay.written == [False, True]
    assert "has begun" in site.reason


async def test_who_switches_by_hand_is_left_alone_and_it_is_said() -> None:
    site = Site()
    site.planned(5, 6)
    await site.until(2.0)
    site.relay.on = True
    await site.until(2.4)
    assert site.relay.written == [False]
    assert "somebody else has switched boiler on" in site.reason
    assert "foreign_master/relay" in site.kinds
    await site.until(2.1 + HANDS_OFF_S / 3600.0)
    assert site.relay.written == [False, False]


async def test_a_relay_that_does_not_obey_is_an_alarm_and_tried_ever_more_seldom() -> None:
    site = Site()
    site.relay.failure = "relay: no answer"
    site.planned(3, 4)
    await site.until(2.0)
    assert site.kinds.count("switch_failed/relay") == 1
    site.relay.failure = ""
    await site.until(2.2)
    assert site.relay.written == [False]
    assert site.kinds.count("switch_failed/relay") == 2  # over


async def test_a_relay_that_is_not_read_is_not_written() -> None:
    site = Site(Relay(on=None))
    site.planned(3, 4)
    await site.until(2.0)
    assert (site.relay.written, site.reason) == ([], "the relay of boiler is not read")


async def test_above_the_limit_of_the_connection_it_is_off_for_a_while() -> None:
    site = Site(load=replace(BOILER, interruptible=True))
    site.planned(1, 2)
    await site.until(1.1)
    high = Measured(12_000.0)
    show(site.outlet, state=SiteState(site.clock.now(), high, high, high, high, high))
    await site.until(1.2)
    assert site.relay.on is False
    assert "carries more than it may" in site.reason
    low = Measured(2000.0)
    show(site.outlet, state=SiteState(site.clock.now(), low, low, low, low, low))
    await site.until(1.25 + SHED_FOR_S / 3600.0)
    assert site.relay.on is True


async def test_while_the_time_is_not_known_it_is_as_it_rests() -> None:
    site = Site()
    site.planned(3, 4)
    await site.until(1.0)
    show(site.outlet, clock_doubt="the clock is years off")
    await site.until(1.1)
    assert site.relay.written == [False, True]


async def test_a_site_that_is_only_observed_is_shown_and_not_switched() -> None:
    site = Site()
    show(site.outlet, observing="not commissioned")
    site.planned(3, 4)
    await site.until(2.0)
    await site.cycle.release()
    assert site.relay.written == []
    assert "waits until 04:00" in site.reason


async def test_the_end_gives_it_back() -> None:
    site = Site()
    site.planned(3, 4)
    await site.until(1.0)
    await site.cycle.release()
    assert site.relay.written == [False, True]


async def test_what_an_earlier_process_left_behind_outside_the_window_is_given_back() -> None:
    site = Site(Relay(on=False))
    site.clock.seconds = 9 * 3600.0
    await site.until(9.1)
    assert site.relay.written == [True]
    site.relay.on = False  # a person, later: not ours to change
    await site.until(9.5)
    assert site.relay.written == [True]


def test_a_document_that_cannot_be_read_is_told_and_begun_anew() -> None:
    site = Site(document="{")
    assert site.kinds == ["document_refused"]


async def test_what_is_held_is_told_again_and_at_rest_it_is_left_alone() -> None:
    site = Site()
    site.planned(3, 4)
    await site.until(0.5)
    assert site.relay.renewed == [False] * 29
    await site.until(4.5)
    renewed = len(site.relay.renewed)
    await site.until(6.0)
    assert len(site.relay.renewed) == renewed, "it rests"


async def test_a_hold_that_lapsed_is_nobody_elses_switching_and_is_taken_again_ever_more_seldom() -> None:
    site = Site(Relay(is_held=False))
    site.planned(7, 8)
    await site.until(1.0)
    assert (site.relay.written, site.relay.is_held) == ([False], True)
    for lapse in range(1, 4):
        site.relay.on, site.relay.is_held = True, False  # the broker has said our last will
        await site.until(1.0 + lapse * 0.2)
        assert site.relay.written == [False] * (lapse + 1)
    assert "foreign_master/relay" not in site.kinds
    assert site.kinds.count("switch_failed/relay") == 6  # three times, and over each time
    site.relay.on, site.relay.is_held = True, False
    await site.until(1.6 + 290 / 3600)
    assert site.relay.written == [False] * 4, "after the fourth it rests for five minutes"
    await site.until(1.7)
    assert site.relay.written == [False] * 5


async def test_a_relay_that_is_off_already_is_held_before_it_counts() -> None:
    site = Site(Relay(on=False, is_held=False))
    site.planned(3, 4)
    site.cycle._begun_s = -3600.0
    await site.until(0.1)
    assert (site.relay.written, site.relay.is_held) == ([False], True)
    assert site.kinds == [], "it did not change"


async def test_who_takes_it_over_ends_our_hold() -> None:
    site = Site(Relay(is_held=False))
    site.planned(5, 6)
    await site.until(1.0)
    site.relay.on = True
    await site.until(1.1)
    assert site.relay.is_held is False
    assert "foreign_master/relay" in site.kinds


async def test_one_whose_state_is_not_known_is_told_where_that_is_possible() -> None:
    relay = Relay(on=None)
    relay.obeys_unread = True
    site = Site(relay)
    site.planned(3, 4)
    await site.until(0.1)
    assert relay.written == [False]
    assert "waits until 04:00" in site.reason


async def test_one_that_stays_unknown_while_it_is_to_be_switched_is_an_alarm_with_its_cause() -> None:
    relay = Relay(on=None)
    relay.unknown = "the broker is away"
    site = Site(relay)
    site.planned(3, 4)
    await site.until(0.01)
    assert site.reason == "the relay of boiler is not known: the broker is away"
    assert site.kinds == []
    await site.until(0.1)
    assert site.hearing.told == [("switch_failed/relay", "alarm", "relay: the broker is away")]
    relay.on = True
    await site.until(0.2)
    assert site.kinds.count("switch_failed/relay") == 2, "over"


async def test_an_order_that_perhaps_was_obeyed_is_taken_back_when_the_window_closes() -> None:
    relay = Relay(on=None)
    relay.obeys_unread, relay.failure = True, "it did not say so"
    site = Site(relay)
    site.planned(3, 4)
    await site.until(7.9)
    relay.failure = ""
    await site.until(8.3)
    assert relay.written[-1] is True
    assert site.outlet.view.switched[0].on is True


async def test_an_order_that_perhaps_was_obeyed_is_taken_back_at_the_end() -> None:
    relay = Relay(on=None)
    relay.obeys_unread, relay.failure = True, "it did not say so"
    site = Site(relay)
    site.planned(3, 4)
    await site.until(0.1)
    relay.failure = ""
    await site.cycle.release()
    assert relay.written == [True]
