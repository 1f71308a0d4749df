"""The relays of a site over hours: switched by the plan, counted, left to others, shed, and given back."""

from dataclasses import replace
from datetime import timedelta

from agent.adapters.host.clock import VirtualClock
from agent.cycles.load_switching import SHED_FOR_S
from agent.cycles.steering_watch import SteeringWatch
from agent.cycles.switched_relay import HANDS_OFF_S
from agent.domain.documents import SWITCHED_LOADS
from agent.domain.site import Measured, SiteState
from agent.domain.wire import to_json
from tests.cycles.control_stage import ScriptedSite
from tests.cycles.hand_clock import START
from tests.cycles.load_stage import BOILER, Relay, Site
from tests.shown import show


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


async def switched_by_hand(site: Site) -> None:
    """Somebody else switches it on at two, long before it is planned."""
    site.planned(5, 6)
    await site.until(2.0)
    site.relay.on = True


async def test_who_switches_by_hand_is_left_alone_and_it_is_said() -> None:
    site = Site()
    await switched_by_hand(site)
    await site.until(2.4)
    assert site.relay.written == [False]
    assert "somebody else has switched boiler on" in site.reason
    assert "foreign_master/relay" in site.kinds
    await site.until(2.1 + HANDS_OFF_S / 3600.0)
    assert site.relay.written == [False, False]


async def test_that_somebody_else_has_switched_stands_beside_the_watch_of_the_batteries() -> None:
    """Which looks at every device of the site each second, and finds nobody else at a relay."""
    site = Site()
    watch = SteeringWatch(site.clock, site.hearing.pending, ScriptedSite(VirtualClock(START)), ["inverter", "relay"])
    await switched_by_hand(site)
    for minute in range(1, int(HANDS_OFF_S / 60.0) + 5):
        await site.until(2.0 + minute / 60.0)
        watch.step()
    told = [severity for kind, severity, _ in site.hearing.told if kind == "foreign_master/relay"]
    assert told == ["alarm", "info"], "once, and over once"


async def test_whoever_only_observes_has_nothing_against_another_who_switches() -> None:
    site = Site()
    await switched_by_hand(site)
    await site.until(2.1)
    assert site.kinds.count("foreign_master/relay") == 1
    show(site.outlet, observing="not commissioned")
    await site.until(2.2)
    assert site.kinds.count("foreign_master/relay") == 2  # over


async def test_that_somebody_else_has_switched_is_over_in_time_where_the_relay_has_fallen_silent_since() -> None:
    site = Site()
    await switched_by_hand(site)
    await site.until(2.1)
    site.relay.on = None
    await site.until(2.0 + HANDS_OFF_S / 3600.0)
    assert site.kinds.count("foreign_master/relay") == 1
    await site.until(2.1 + HANDS_OFF_S / 3600.0)
    assert site.kinds.count("foreign_master/relay") == 2  # over


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


async def test_what_could_not_be_given_back_before_the_site_was_locked_is_held_until_it_is() -> None:
    site = Site()
    site.planned(3, 4)
    await site.until(1.0)
    site.relay.failure = "the relay is silent"
    await site.cycle.release()
    show(site.outlet, observing="not commissioned")
    assert site.cycle.is_held
    site.relay.failure = ""
    await site.cycle.release()
    assert site.relay.written == [False, True]
    assert not site.cycle.is_held


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
