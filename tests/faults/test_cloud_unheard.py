"""A site whose rows arrive, and that hears nothing of it: the link is up, and something is wrong all the same."""

from pathlib import Path

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.domain.records import Batch
from simulator.broker import Broker, find_mosquitto, start_broker
from tests.adapters.store.store_rows import START, event
from tests.faults.catalogue import Outcome, fault
from tests.faults.cloud import SITE, Uplink, kinds, platform_at

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
HOURS = 12


async def pass_hours(site: Uplink, hours: int) -> None:
    """Step every minute, and write an event each time."""
    for minute in range(60 * hours):
        await site.store.write(Batch(events=(event(60 * minute),)))
        await site.sync.step()
        await site.clock.sleep(60.0)


@fault(46, injected="an ACL of mosquitto that lets the site hear nothing", rows_lost=0, alarm="not_acknowledged")
async def test_an_answer_that_never_comes_is_told_though_the_link_is_up(tmp_path: Path, outcome: Outcome) -> None:
    """Mosquitto grants the subscription all the same, and then delivers nothing."""
    (tmp_path / "broker").mkdir()
    acl = tmp_path / "acl"
    acl.write_text(f"topic write ee/1/{SITE}/up/#\ntopic read ee/1/+/up/#\ntopic write ee/1/{SITE}/down/#\n")
    broker = start_broker(tmp_path / "broker", more=(f"acl_file {acl}",))
    try:
        clock = VirtualClock(START)
        async with Uplink(tmp_path / "site.db", broker.port, clock) as site, platform_at(broker.port) as platform:
            await site.until(lambda: site.link.connected and site.acknowledged)
            await pass_hours(site, HOURS)
            assert site.link.trouble is None
            assert kinds(site.told) == ["not_acknowledged"]
            outcome.raised("not_acknowledged")
            acl.write_text("topic readwrite #\n")
            broker.stop()
            broker.restart()
            last = (await site.store.backlog())["event"][1]
            await site.until(lambda: site.acknowledged["event"] == last, step_s=2.0)
            await site.sync.step()
            assert kinds(site.told) == ["not_acknowledged"]
            assert site.told[-1] == ("not_acknowledged", None)
            outcome.lost(await site.missing(platform, "event"))
    finally:
        broker.stop()


async def test_a_platform_that_is_late_or_has_nothing_new_is_no_alarm(tmp_path: Path, broker: Broker) -> None:
    clock = VirtualClock(START)
    async with Uplink(tmp_path / "site.db", broker.port, clock) as site, platform_at(broker.port) as platform:
        platform.acknowledges = False
        await site.until(lambda: site.link.connected and site.acknowledged)
        await pass_hours(site, 2)
        platform.acknowledge(SITE)
        last = (await site.store.backlog())["event"][1]
        await site.until(lambda: site.acknowledged["event"] == last, step_s=1.0)
        for _ in range(60 * HOURS):
            await site.sync.step()
            await clock.sleep(60.0)
        assert site.told == []
