"""A relay on a real mosquitto that was left away from its rest is known to the next process, without any will."""

import pytest

from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.mqtt import topic_relays
from agent.switch_ports import SwitchFailure
from simulator.broker import Broker, find_mosquitto
from tests.adapters.mqtt.relay_stage import HEATPUMP, bridge, connected, played, settled
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]


async def test_a_power_cut_that_takes_the_broker_along_leaves_it_owed_its_rest(broker: Broker) -> None:
    kept: list[str] = []

    async def write(document: str) -> None:
        kept.append(document)

    with played(broker) as device:
        memory = SteeringMemory(write)
        relays = bridge(broker.port, memory=memory)
        await relays.start()
        await settled(relays)
        await relays.switch(HEATPUMP, False)
        assert "topic cmnd/heatpump/POWER" in kept[-1]
        broker.kill()
        await until(lambda: not relays.link.connected)
        await relays.stop()
        broker.restart()
        after = SteeringMemory(write)
        after.recall(kept[-1])
        relays = bridge(broker.port, memory=after)
        assert relays.is_owed_rest(HEATPUMP)
        await relays.start()
        await settled(relays)
        assert device.on is False, "nobody was left to tell it to rest"
        await relays.switch(HEATPUMP, True)
        assert device.on is True
        assert not relays.is_owed_rest(HEATPUMP)
        await after.settle(1.0)
        assert '"steering": false' in kept[-1]
        await relays.stop()


async def test_one_that_was_told_to_rest_and_not_seen_to_is_owed_it(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_relays, "ANSWER_WITHIN_S", 1.0)
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            device.played.deaf = True
            with pytest.raises(SwitchFailure):
                await relays.switch(HEATPUMP, True)
            assert relays.is_owed_rest(HEATPUMP)
        assert relays.is_owed_rest(HEATPUMP), "for who comes after us"


async def test_who_takes_it_over_has_it(broker: Broker) -> None:
    with played(broker):
        async with connected(broker) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            await relays.let_go(HEATPUMP)
            assert not relays.is_owed_rest(HEATPUMP)
