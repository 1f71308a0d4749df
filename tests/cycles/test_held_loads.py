"""A relay that something must hold away from its rest, and one whose state is not known."""

from tests.cycles.load_stage import Relay, Site
from tests.shown import show


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


async def test_what_a_process_before_has_held_is_given_back_where_nothing_is_switched_now() -> None:
    relay = Relay(on=False)
    relay.is_owed = True
    site = Site(relay)
    show(site.outlet, observing="the site file wants it only to observe")
    await site.until(0.1)
    assert (relay.written, site.cycle.is_held) == ([], True)
    await site.cycle.release()
    assert (relay.written, site.cycle.is_held) == ([True], False)


async def test_what_is_held_is_told_to_rest_when_its_time_is_over_whatever_it_reads() -> None:
    relay = Relay()
    site = Site(relay)
    site.planned(7, 8)
    await site.until(1.0)
    assert relay.written == [False]
    relay.on, relay.unknown = None, "the broker is away"
    site.planned(1, 2)
    await site.until(1.1)
    assert relay.written == [False, True]


async def test_what_cannot_be_told_to_rest_is_told_ever_more_seldom() -> None:
    relay = Relay()
    site = Site(relay)
    site.planned(7, 8)
    await site.until(1.0)
    relay.on, relay.unknown, relay.failure = None, "the broker is away", "the broker is away"
    site.planned(1, 2)
    await site.until(1.5)
    assert relay.refused == 9, "10, 30 and 60 seconds after one another, then every five minutes"
    assert site.cycle.is_held


async def test_what_rests_and_is_not_known_is_not_told_again() -> None:
    relay = Relay()
    site = Site(relay)
    site.planned(1, 2)
    await site.until(1.5)
    relay.on = None
    await site.until(3.0)
    assert relay.written == [False, True]


async def test_what_a_process_before_has_held_and_somebody_has_left_at_rest_since_is_owed_nothing() -> None:
    relay = Relay(on=True)
    relay.is_owed = True
    site = Site(relay)
    site.planned(0, 1)
    await site.until(0.1)
    assert (relay.written, site.cycle.is_held) == ([], False)
