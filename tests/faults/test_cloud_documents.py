"""Documents on their way to the platform: one that the broker does not take holds up no row."""

from pathlib import Path

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.domain.records import Batch
from simulator.broker import find_mosquitto, start_broker
from tests.adapters.mqtt.test_payloads import whole_plan
from tests.adapters.store.store_rows import START, event
from tests.faults.catalogue import Outcome, fault
from tests.faults.cloud import SITE, Uplink, platform_at
from tests.shown import show

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]


@fault(47, injected="a plan larger than mosquitto takes (0x95)", rows_lost=0, alarm="upload_refused")
async def test_a_plan_that_ends_every_connection_holds_up_no_row(tmp_path: Path, outcome: Outcome) -> None:
    """A PUBACK of mosquitto 2.0 with 0x95 is no valid MQTT, and paho ends the connection."""
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker", more=("message_size_limit 4000",))
    clock = VirtualClock(START)
    try:
        async with Uplink(tmp_path / "site.db", broker.port, clock) as site, platform_at(broker.port) as platform:
            show(site.outlet, plan=whole_plan())
            await site.store.write(Batch(events=tuple(event(index) for index in range(20))))
            last = (await site.store.backlog())["event"][1]
            await site.until(lambda: platform.stream(SITE, "event").contiguous == last, step_s=2.0)
            outcome.lost(await site.missing(platform, "event"))
            assert [kind for kind, _ in site.told] == ["upload_refused/up/plan"]
            outcome.raised("upload_refused")
            before = site.link.connections
            for _ in range(20):
                show(site.outlet, plan=whole_plan())  # another one
                await site.sync.step()
                await site.listen()
            assert site.link.connections <= before + 1
    finally:
        broker.stop()
